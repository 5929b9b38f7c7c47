"""One performance: voice, mouth, emotion, lids, gaze and head brought together into coefficients.

Shape suffixes: t frames, k expression coefficients, n audio samples, 3 rotation or translation.
"""

from dataclasses import dataclass, replace

import numpy as np

from style2talker.emotion.action_units import profile_blendshapes
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.twin.motion import blink_times, gaze, head_rotation, lids, wander
from style2talker.twin.speech import RATE_HZ, Speech, Voice, speak
from style2talker.twin.visemes import FRAME_RATE_HZ, JAW_OPEN, close_lips, mouth_shapes

SHORTEST_S = 2.5
SAMPLES_PER_FRAME = RATE_HZ // FRAME_RATE_HZ
SWAY_PX = (4.0, 3.0)
TURN_S = 0.5  # a passing emotion takes this long to come and as long to go
SWAY_SCALE = 0.02

# How a voice changes at full strength: pitch and range in steps of eSpeak NG, speed and volume as factors.
VOICE_CHANGES: dict[str, tuple[float, float, float, float]] = {
    "angry": (4, 18, 1.1, 1.35),
    "contempt": (-5, -12, 0.9, 0.95),
    "disgusted": (-7, 4, 0.93, 1.0),
    "fear": (18, 12, 1.12, 0.95),
    "happy": (13, 26, 1.06, 1.15),
    "neutral": (0, 0, 1.0, 1.0),
    "sad": (-9, -24, 0.87, 0.8),
    "surprised": (15, 32, 1.02, 1.15),
}
HEAD_BIAS_DEG = {"sad": (3.0, 0.0, 1.0), "contempt": (-2.0, 2.5, 2.0), "fear": (-1.5, 0.0, 0.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What one person does in one clip; T frames at 25 fps and exactly 640 T samples at 16 kHz.

    Attributes:
        expression_tk: [T, 52] in [0, 1], `EXPRESSION_NAMES` order, all movements together.
        rotation_t3: turn of the head away from rest, rad (pitch, yaw, roll).
        sway_t3: (x px, y px, relative scale) away from rest.
    """

    speech: Speech
    audio_n: np.ndarray
    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    sway_t3: np.ndarray


def perform(
    sentence: str,
    *,
    emotion: str,
    level: int,
    voice: Voice,
    jaw_reach_cm: float,
    rng: np.random.Generator,
    passing: bool = False,
) -> Performance:
    """Speak `sentence` with `emotion` at `level` (1 to 3); `jaw_reach_cm` as in `visemes.mouth_shapes`.

    The face holds the emotion from the first frame to the last, or comes from rest to it and goes back.
    """
    strength = level / 3 if emotion != "neutral" else 0.0
    speech = speak(
        sentence,
        voice=_emotional(voice, emotion, strength),
        lead_s=float(rng.uniform(0.2, 0.4)),
        tail_s=float(rng.uniform(0.3, 0.5)),
    )
    num_frames = max(
        -(-len(speech.audio) // SAMPLES_PER_FRAME),
        round(SHORTEST_S * FRAME_RATE_HZ),
    )
    audio_n = np.zeros(num_frames * SAMPLES_PER_FRAME, np.float32)
    audio_n[: len(speech.audio)] = speech.audio

    talk_tk, closure_t = mouth_shapes(speech.phonemes, num_frames, reach_cm=jaw_reach_cm)
    mood_t1 = 0.93 + 0.07 * wander(rng, num_frames, 1)
    if passing:
        mood_t1 = mood_t1 * _course(rng, num_frames)[:, None]
    emotion_tk = profile_blendshapes(emotion, level)[None] * mood_t1
    shut_t = lids(blink_times(rng, num_frames / FRAME_RATE_HZ), num_frames)
    expression_tk = _together(talk_tk * (1 + 0.15 * strength), emotion_tk)
    expression_tk = _blink(expression_tk + gaze(rng, num_frames), shut_t)
    bias_3 = np.radians(HEAD_BIAS_DEG.get(emotion, (0.0, 0.0, 0.0))) * strength
    return Performance(
        speech=speech,
        audio_n=audio_n,
        expression_tk=np.clip(close_lips(expression_tk, closure_t), 0, 1).astype(np.float32),
        rotation_t3=(head_rotation(rng, num_frames) + bias_3).astype(np.float32),
        sway_t3=(wander(rng, num_frames, 3) * [*SWAY_PX, SWAY_SCALE]).astype(np.float32),
    )


def _course(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """Onset, apex and offset of an emotion [T], at rest at both ends."""
    time_t, end_s = np.arange(num_frames) / FRAME_RATE_HZ, num_frames / FRAME_RATE_HZ
    onset_s, offset_s = rng.uniform(0.2, 0.6), end_s - rng.uniform(0.2, 0.6) - TURN_S
    rising_t = np.clip((time_t - onset_s) / TURN_S, 0, 1)
    falling_t = np.clip((time_t - offset_s) / TURN_S, 0, 1)
    return np.sin(np.pi / 2 * rising_t) ** 2 * np.cos(np.pi / 2 * falling_t) ** 2


def _emotional(voice: Voice, emotion: str, strength: float) -> Voice:
    pitch, pitch_range, speed, volume = VOICE_CHANGES[emotion]
    return replace(
        voice,
        pitch=round(np.clip(voice.pitch + strength * pitch, 0, 99)),
        pitch_range=round(np.clip(voice.pitch_range + strength * pitch_range, 0, 99)),
        words_per_minute=round(voice.words_per_minute * speed**strength),
        volume=round(voice.volume * volume**strength),
    )


def _together(talk_tk: np.ndarray, emotion_tk: np.ndarray) -> np.ndarray:
    """Two faces on one head: neither undoes the other (1 - (1 - a)(1 - b)), except where they fight.

    A mouth that talks cannot press its lips or push up its chin, a pucker takes the smile's width away, and
    an emotional jaw drop gives half of itself to speech, which has its own.
    """
    column = {name: k for k, name in enumerate(EXPRESSION_NAMES)}
    emotion_tk = emotion_tk.copy()
    emotion_tk[:, JAW_OPEN] *= 0.5
    open_t = np.clip(talk_tk[:, JAW_OPEN] / 0.5, 0, 1)
    round_t = np.maximum(talk_tk[:, column["mouthPucker"]], talk_tk[:, column["mouthFunnel"]])
    for name in ("mouthPressLeft", "mouthPressRight", "mouthShrugLower"):
        emotion_tk[:, column[name]] *= 1 - 0.8 * open_t
    for name in ("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight"):
        emotion_tk[:, column[name]] *= 1 - 0.5 * round_t
    return 1 - (1 - np.clip(talk_tk, 0, 1)) * (1 - emotion_tk)


def _blink(expression_tk: np.ndarray, shut_t: np.ndarray) -> np.ndarray:
    """Lids shut over whatever the eyes were doing."""
    blinking_tk = expression_tk.copy()
    for side in ("Left", "Right"):
        for name, left in (("eyeWide", 1.0), ("eyeSquint", 0.8), ("eyeLookUp", 1.0), ("eyeLookDown", 0.6)):
            blinking_tk[:, EXPRESSION_NAMES.index(name + side)] *= 1 - left * shut_t
        lid = EXPRESSION_NAMES.index("eyeBlink" + side)
        blinking_tk[:, lid] = np.maximum(blinking_tk[:, lid], shut_t)
    return blinking_tk
