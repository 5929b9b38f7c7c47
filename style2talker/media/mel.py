"""Log-mel spectrogram of the talking-face literature: 16 kHz, 80 bands, 80 steps per second.

Constants: Style2Talker's hparams, which are Wav2Lip's (n_fft 800, hop 200, window 800, 55-7600 Hz,
pre-emphasis 0.97, floor -100 dB, reference 20 dB, symmetric range +-4). Mel scale and area normalisation:
Slaney, Auditory Toolbox (1998), as in librosa's default.

Shapes: n samples, M mel steps, T video frames, F frequency bins.
"""

from functools import cache

import numpy as np
from scipy.fft import rfft

from style2talker.corpus.schema import AUDIO_RATE_HZ, FRAME_RATE_HZ
from style2talker.errors import UserError

FFT_SIZE = 800
HOP = 200
NUM_MELS = 80
MEL_RATE_HZ = AUDIO_RATE_HZ // HOP
LOWEST_HZ, HIGHEST_HZ = 55.0, 7600.0
PRE_EMPHASIS = 0.97
MIN_LEVEL_DB, REFERENCE_DB, MAX_ABS = -100.0, 20.0, 4.0
WINDOW_STEPS = 16
WINDOW_LEAD_FRAMES = 2

LINEAR_HZ_PER_MEL = 200 / 3  # Slaney's scale is linear up to 1 kHz, then logarithmic
LOG_START_HZ = 1000.0
LOG_STEP = np.log(6.4) / 27
BLOCK_STEPS = 4096


def log_mel(audio: np.ndarray) -> np.ndarray:
    """Normalised log-mel spectrogram of 16 kHz mono float [n]: float32 [1 + n // 200, 80] in [-4, 4].

    Step m is centred on sample 200 m; the ends are mirrored. Silence is -4.

    Raises:
        UserError: the audio is not one-dimensional or is shorter than half a window (401 samples).
    """
    audio_n = np.asarray(audio, np.float32)
    if audio_n.ndim != 1 or len(audio_n) <= FFT_SIZE // 2:
        raise UserError(
            f"log_mel got shape {audio_n.shape}, expected [n] with n > {FFT_SIZE // 2}; pad or mix down"
        )
    emphasised_n = np.append(audio_n[:1], audio_n[1:] - PRE_EMPHASIS * audio_n[:-1])
    padded_n = np.pad(emphasised_n, FFT_SIZE // 2, mode="reflect")
    windows_mn = np.lib.stride_tricks.sliding_window_view(padded_n, FFT_SIZE)[::HOP]
    mel_mk = np.empty((len(windows_mn), NUM_MELS), np.float32)
    for first in range(0, len(windows_mn), BLOCK_STEPS):  # an hour of speech would need 1 GB at once
        block = slice(first, first + BLOCK_STEPS)
        magnitude_mf = np.abs(np.asarray(rfft(windows_mn[block] * hann_window(), axis=1)))
        mel_mk[block] = magnitude_mf @ mel_filters().T
    level_db_mk = 20 * np.log10(np.maximum(mel_mk, 10 ** (MIN_LEVEL_DB / 20))) - REFERENCE_DB
    scaled_mk = 2 * MAX_ABS * (level_db_mk - MIN_LEVEL_DB) / -MIN_LEVEL_DB - MAX_ABS
    return np.clip(scaled_mk, -MAX_ABS, MAX_ABS).astype(np.float32)


def mel_windows(mel: np.ndarray, num_frames: int) -> np.ndarray:
    """The 0.2 s of mel around each video frame: [M, 80] to float32 [T, 16, 80].

    Frame i takes steps int(80 (i - 2) / 25) + 0...15, clamped to the recording (Style2Talker's audio loader).
    """
    if mel.ndim != 2 or not len(mel):
        raise UserError(f"mel_windows got mel of shape {mel.shape}, expected [M, {NUM_MELS}] with M > 0")
    start_t = np.trunc(MEL_RATE_HZ * (np.arange(num_frames) - WINDOW_LEAD_FRAMES) / FRAME_RATE_HZ).astype(int)
    step_tw = np.clip(start_t[:, None] + np.arange(WINDOW_STEPS), 0, len(mel) - 1)
    return mel[step_tw].astype(np.float32)


@cache
def hann_window() -> np.ndarray:
    """Periodic Hann window, float32 [800]."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SIZE) / FFT_SIZE)).astype(np.float32)


@cache
def mel_filters() -> np.ndarray:
    """Triangular filters of equal area, float32 [80, 401]."""
    edge_hz = _hz(np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), NUM_MELS + 2))
    bin_hz = np.arange(FFT_SIZE // 2 + 1) * AUDIO_RATE_HZ / FFT_SIZE
    low, centre, high = edge_hz[:-2, None], edge_hz[1:-1, None], edge_hz[2:, None]
    rising = (bin_hz - low) / (centre - low)
    falling = (high - bin_hz) / (high - centre)
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)).astype(np.float32)


def _mel(hz: float) -> float:
    if hz < LOG_START_HZ:
        return hz / LINEAR_HZ_PER_MEL
    return LOG_START_HZ / LINEAR_HZ_PER_MEL + float(np.log(hz / LOG_START_HZ)) / LOG_STEP


def _hz(mel: np.ndarray) -> np.ndarray:
    log_start = LOG_START_HZ / LINEAR_HZ_PER_MEL
    return np.where(
        mel < log_start, mel * LINEAR_HZ_PER_MEL, LOG_START_HZ * np.exp(LOG_STEP * (mel - log_start))
    )
