"""How it is said: pitch and loudness, one value per video frame.

Axes: T video frames at 25 Hz.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.speech.pitch import RATE_HZ, WINDOW, pitch_of

QUIETEST_DB = -100.0
_HOP = RATE_HZ // FRAME_RATE_HZ
_QUIETEST_VOICE_DB = -60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prosody:
    """T video frames at 25 Hz.

    Attributes:
        pitch_hz_t: float32 [T], 0 where the voice has no pitch.
        energy_db_t: float32 [T], dB relative to full scale, not below -100.
    """

    pitch_hz_t: np.ndarray
    energy_db_t: np.ndarray


def prosody(audio: np.ndarray, num_frames: int) -> Prosody:
    """Pitch and root-mean-square energy of each video frame's 40 ms.

    Pitch is that of a window centred on the frame (`pitch_of`). Audio that ends early counts as silence, what
    is longer than the frames is cut.

    Args:
        audio: [n] 16 kHz mono in [-1, 1].
        num_frames: T at 25 fps.
    """
    fitted = np.zeros(num_frames * _HOP)
    fitted[: len(audio)] = audio[: len(fitted)]
    power_t = np.square(fitted.reshape(num_frames, _HOP)).mean(axis=1)
    energy_db_t = np.maximum(10 * np.log10(np.maximum(power_t, 1e-20)), QUIETEST_DB).astype(np.float32)
    pitch_hz_t = np.zeros(num_frames, np.float32)
    before = (WINDOW - _HOP) // 2
    padded = np.pad(fitted, (before, WINDOW - _HOP - before))
    loud_t = np.flatnonzero(energy_db_t > _QUIETEST_VOICE_DB)
    if len(loud_t):
        window_tn = sliding_window_view(padded, WINDOW)[loud_t * _HOP]
        pitch_hz_t[loud_t], _ = pitch_of(window_tn)
    return Prosody(pitch_hz_t=pitch_hz_t, energy_db_t=energy_db_t)
