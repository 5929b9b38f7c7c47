"""What sound and picture each say of the mouth: spectra at 80 Hz, openings of the tracked lips at 25 Hz.

Shapes: n samples, M mel steps at 80 Hz, B bands, C context steps, T video frames at 25 Hz, l landmarks (478),
S mouth signals.
"""

import numpy as np

from style2talker.errors import UserError
from style2talker.face.model import NUM_LANDMARKS
from style2talker.media.mel import NUM_MELS, log_mel

NUM_BANDS = 20
CONTEXT = np.arange(-14, 15, 2)  # mel steps around the one in question: +-175 ms
LOUD = 0.95  # quantile of the loudness that stands for how loud the speech is
LOWEST, HIGHEST = -3.6, 2.4  # around it, in steps of 12.5 dB: 45 dB below is as good as silence
SIGNALS = ("gap", "width", "height", "jaw")
_EYES = (33, 263)
_GAPS = ((13, 14), (81, 178), (311, 402))  # between the lips' inner rims
_WIDTH, _HEIGHT, _JAW = (61, 291), (0, 17), (1, 152)  # corners; outer rims; nose to chin


def sound_features(audio: np.ndarray) -> np.ndarray:
    """Spectra with their neighbours in time, float32 [M, C * B], of 16 kHz mono [n].

    Loudness counts against the recording's own speech, so that its level makes no difference.

    Raises:
        UserError: see `media.mel.log_mel`.
    """
    return with_context(bands_of(log_mel(audio)))


def bands_of(mel_mk: np.ndarray) -> np.ndarray:
    """Log-mel spectra [M, 80] in 20 bands [M, B], against the loud parts of the same recording."""
    band_mb = mel_mk.reshape(len(mel_mk), NUM_BANDS, NUM_MELS // NUM_BANDS).mean(axis=2)
    loud = np.quantile(band_mb.mean(axis=1), LOUD)
    return np.clip(band_mb - loud, LOWEST, HIGHEST).astype(np.float32)


def with_context(band_mb: np.ndarray) -> np.ndarray:
    """Each step beside those around it: [M, B] to [M, C * B]; the ends repeat."""
    steps_mc = np.clip(np.arange(len(band_mb))[:, None] + CONTEXT, 0, len(band_mb) - 1)
    return band_mb[steps_mc].reshape(len(band_mb), -1)


def mouth_signals(landmarks_tl3: np.ndarray) -> np.ndarray:
    """`SIGNALS` of each frame, float64 [T, S], in distances between the eyes' outer corners.

    Frames without a face (NaN) are filled from their neighbours; NaN is left where no frame has one.

    Args:
        landmarks_tl3: [T, 478, 3], x, y and z in one unit.

    Raises:
        UserError: another shape.
    """
    if landmarks_tl3.ndim != 3 or landmarks_tl3.shape[1:] != (NUM_LANDMARKS, 3):
        raise UserError(
            f"mouth_signals got landmarks of shape {landmarks_tl3.shape}, expected [T, {NUM_LANDMARKS}, 3]; "
            "give them as the tracker does."
        )

    def distance(a: int, b: int) -> np.ndarray:
        return np.linalg.norm(landmarks_tl3[:, a].astype(np.float64) - landmarks_tl3[:, b], axis=1)

    eyes_t = distance(*_EYES)
    seen_t = np.isfinite(eyes_t)
    if not seen_t.any():
        return np.full((len(landmarks_tl3), len(SIGNALS)), np.nan)
    gap_t = np.mean([distance(*pair) for pair in _GAPS], axis=0)
    signal_ts = np.stack([gap_t, distance(*_WIDTH), distance(*_HEIGHT), distance(*_JAW)], axis=1)
    signal_ts /= np.median(eyes_t[seen_t])
    time_t = np.arange(len(signal_ts))
    return np.stack([np.interp(time_t, time_t[seen_t], column[seen_t]) for column in signal_ts.T], axis=1)
