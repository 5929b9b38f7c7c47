"""Perceptual hashes: two recordings of the same sound or picture hash alike, whatever their files are.

Sound: the 32-bit sub-fingerprints of J. Haitsma and T. Kalker, "A Highly Robust Audio Fingerprinting
System", ISMIR 2002, section 4: bit k of step n is the sign of the change, from one step to the next, of the
difference of energy between neighbouring bands. Energies of 0.375 s (the paper's 0.37 s) come from the mel
of the corpus; a step has 50 ms in place of 11.6 ms, so that ten seconds take 0.8 kB.

Picture: the DCT hash of C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions",
2010, section 3.2.1: which of the 8 x 8 lowest frequencies, without the constant row and column, are above
their median.

Shapes: M mel steps at 80 Hz, N hash steps at 20 Hz, K bands.
"""

import cv2
import numpy as np
from scipy.fft import dctn

from style2talker.media.mel import MAX_ABS, MEL_RATE_HZ, MIN_LEVEL_DB

HASH_RATE_HZ = 20
SILENT = 0
"""Sub-fingerprint of a step that holds no sound; it says nothing and is compared with nothing."""
LARGEST_DROP_DB = 30.0
"""A step this much below the loudest is silent: there, room and microphone would be compared."""

_STRIDE = MEL_RATE_HZ // HASH_RATE_HZ
_WINDOW_M = np.hanning(32)[1:-1] / np.hanning(32).sum()
_FIRST_BAND, _NUM_BANDS = 8, 33  # about 300 to 2200 Hz: telephones and low bit rates keep these
_PICTURE_SIDE, _KEPT = 32, 8


def audio_hash(mel: np.ndarray) -> np.ndarray:
    """Sub-fingerprints of a log-mel [M, 80] of `media.mel`: int32 [N], N = max(0, (M - 30) // 4).

    Gain, codecs and shifts by a part of a step change a few of the 32 bits; another recording half of them.
    """
    level_db_mk = (mel[:, _FIRST_BAND : _FIRST_BAND + _NUM_BANDS].astype(np.float64) + MAX_ABS) / (
        2 * MAX_ABS
    )
    power_mk = 10 ** (level_db_mk * -MIN_LEVEL_DB / 10)
    num_windows = len(power_mk) - len(_WINDOW_M) + 1
    if num_windows <= _STRIDE:
        return np.empty(0, np.int32)
    energy_nk = sum(w * power_mk[m : m + num_windows : _STRIDE] for m, w in enumerate(_WINDOW_M))
    assert isinstance(energy_nk, np.ndarray)
    slope_nk = -np.diff(np.log(energy_nk), axis=1)
    bits_nk = np.diff(slope_nk, axis=0) > 0
    hash_n = np.packbits(bits_nk, axis=1).view(">u4").ravel().astype(np.uint32)
    total_n = energy_nk.sum(axis=1)[1:]
    hash_n[total_n < total_n.max() * 10 ** (-LARGEST_DROP_DB / 10)] = SILENT
    return hash_n.view(np.int32)


def picture_hash(picture_hw3: np.ndarray) -> int:
    """DCT hash of an RGB picture, uint8 [H, W, 3]: 64 bits as a signed integer, half of them set.

    Size, compression and brightness change a few bits, so two hashes differ in an even number of them.
    """
    small_hw = _small(picture_hw3)
    low_kk = np.asarray(dctn(small_hw, norm="ortho"))[1 : _KEPT + 1, 1 : _KEPT + 1]
    bits = np.packbits(low_kk.ravel() > np.median(low_kk))
    return int(bits.view(">i8")[0])


def likeness(a_hw3: np.ndarray, b_hw3: np.ndarray) -> float:
    """Correlation of two RGB pictures at 32 x 32 px in grey: the second look at what hashes alike."""
    with np.errstate(invalid="ignore"):
        return float(np.nan_to_num(np.corrcoef(_small(a_hw3).ravel(), _small(b_hw3).ravel())[0, 1]))


def _small(picture_hw3: np.ndarray) -> np.ndarray:
    grey_hw = cv2.cvtColor(picture_hw3, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return cv2.resize(grey_hw, (_PICTURE_SIDE, _PICTURE_SIDE), interpolation=cv2.INTER_AREA)
