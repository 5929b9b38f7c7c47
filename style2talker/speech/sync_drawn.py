"""Drawn talkers to learn sync from: eSpeak NG speaks shuffled words, the twin's rules move a mouth to them.

No picture is needed. Rooms, noise, microphones and throats of other lengths are drawn too, so that this one
synthesiser is not what is learned. None of the twins' own voices is used.

Shapes: n samples, T frames at 25 Hz, M mel steps at 80 Hz, F features, S mouth signals, l landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from style2talker.corpus.schema import AUDIO_RATE_HZ
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS, embedded
from style2talker.media.mel import NUM_MELS, log_mel
from style2talker.speech.sync_features import bands_of, mouth_signals, with_context
from style2talker.twin.acting import perform
from style2talker.twin.identity import BONES, with_closed_lips
from style2talker.twin.sentences import SENTENCES
from style2talker.twin.speech import Voice

VOICES = (
    *(f"en-us+{variant}" for variant in ("m1", "m2", "m4", "m5", "m6", "m8", "f1", "f4", "Andrea", "Alex")),
    *(f"en-gb-x-rp+{variant}" for variant in ("m2", "m4", "m8", "f1", "f2", "Annie")),
    *(f"en-gb-scotland+{variant}" for variant in ("m1", "m5", "f3", "f4", "Alex")),
    *(f"en-029+{variant}" for variant in ("m2", "m6", "f2", "f5", "Andrea")),
)
VOICES_TO_CALIBRATE = ("en-us+m7", "en-gb-scotland+m7", "en-gb-x-rp+f3", "en-029+Annie", "en-us+Linda")
WORKING_SET = (13, 14, 81, 178, 311, 402, 61, 291, 0, 17, 1, 152, 33, 263)  # landmarks that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A drawn talker: audio_n 16 kHz, signal_ts the mouth's signals of its T frames."""

    audio_n: np.ndarray
    signal_ts: np.ndarray


def drawn_talks(count: int, voices: Sequence[str], rng: np.random.Generator) -> list[Talk]:
    """Talkers of all emotions with random bones; 3 to 5 s each, 20 ms of work."""
    model = embedded()
    jaw_v3 = model.expression_kv3[EXPRESSION_NAMES.index("jawOpen")]
    words = sorted({word.strip(".,").lower() for sentence in SENTENCES for word in sentence.split()})
    talks = []
    for _ in range(count):
        voice = Voice(
            name=str(rng.choice(voices)),
            words_per_minute=int(rng.integers(110, 230)),
            pitch=int(rng.integers(20, 80)),
            pitch_range=int(rng.integers(20, 80)),
        )
        act = perform(
            " ".join(rng.choice(words, int(rng.integers(5, 12)))),
            emotion=str(rng.choice(EMOTIONS)),
            level=int(rng.choice(LEVELS)),
            voice=voice,
            jaw_reach_cm=float(jaw_v3[13, 1] - jaw_v3[14, 1]),
            rng=rng,
            passing=bool(rng.random() < 0.3),
        )
        bones_k = with_closed_lips(rng.normal(0, BONES, len(model.identity_kv3)), model)
        landmarks_tl3 = np.zeros((len(act.expression_tk), NUM_LANDMARKS, 3))
        landmarks_tl3[:, WORKING_SET] = model.shape(bones_k, act.expression_tk)[:, WORKING_SET]
        talks.append(Talk(audio_n=act.audio_n, signal_ts=mouth_signals(landmarks_tl3)))
    return talks


def recorded(audio_n: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same speech through some microphone, in some room, with some noise."""
    if rng.random() < 0.7:
        gain_db = np.interp(np.linspace(0, 8000, 65), [0, 200, 1000, 3000, 8000], rng.normal(0, 4, 5))
        audio_n = fftconvolve(
            audio_n, np.roll(np.fft.irfft(10 ** (gain_db / 20)), 64) * np.hanning(128), "same"
        )
    if rng.random() < 0.5:
        echo_n = rng.normal(size=round(rng.uniform(0.05, 0.35) * AUDIO_RATE_HZ)) * rng.uniform(0.01, 0.06)
        echo_n *= np.exp(np.linspace(0, -6.9, len(echo_n)))  # 60 dB
        echo_n[0] = 1
        audio_n = fftconvolve(audio_n, echo_n)[: len(audio_n)]
    if rng.random() < 0.8:
        noise_n = rng.normal(size=len(audio_n))
        if rng.random() < 0.6:  # mostly low, as fans and streets are
            spectrum = np.fft.rfft(noise_n)
            noise_n = np.fft.irfft(spectrum / np.sqrt(1 + np.linspace(0, 60, len(spectrum))), len(audio_n))
        snr = 10 ** (rng.uniform(8, 45) / 20)
        audio_n = audio_n + noise_n * audio_n.std() / (noise_n.std() * snr)
    return (0.7 * audio_n / np.abs(audio_n).max()).astype(np.float32)


def heard(audio_n: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Features [M, F] of some recording of speech from some throat: its resonances lie higher or lower."""
    mel_mk = log_mel(recorded(audio_n, rng))
    if rng.random() < 0.8:
        band_k = np.arange(NUM_MELS)
        from_k = band_k + rng.normal(0, 3) * np.linspace(0.5, 1, NUM_MELS)
        mel_mk = np.stack([np.interp(from_k, band_k, step_k) for step_k in mel_mk])
    return with_context(bands_of(mel_mk))
