"""What a voice sounds like, in numbers: the acoustic features that studies of vocal emotion measure.

They follow the minimalistic set of Eyben et al. (GeMAPS, IEEE Transactions on Affective Computing 7, 2016),
each said below; code and constants are our own. Nothing but `loudness_db` depends on the recording's level,
nothing on silence around the speech or on its sign.

Axes: T steps of 10 ms, F frequency bins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import rfft
from scipy.signal import find_peaks

from style2talker.speech.cycles import HOP, unrest, voiced_runs
from style2talker.speech.pitch import RATE_HZ, WINDOW, pitch_of

STEP_S = HOP / RATE_HZ
_FFT = 512  # 32 ms
_BELOW_SPEECH_DB = 35.0  # what is quieter than the speech by this much is none of it
_LEAST_VOICED_STEPS = 20
_SMOOTHED_STEPS = 5  # 50 ms: syllables stay, cycles of the voice go
_DIP_DB = 2.0  # between two syllables (de Jong and Wempe, Behavior Research Methods 41, 2009)
_LONGEST_PAUSE_STEPS = 30  # more than 0.3 s between voiced stretches is a pause, no slow syllable
_QUIETEST = 1e-20
_BLOCK = 128  # windows looked at together: so many stay in the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Acoustics:
    """A clip's voice. NaN where too little of it is voiced to say (less than 0.2 s).

    Attributes:
        loudness_db: level of the speech, dB of full scale, each moment weighted by its power.
        loudness_range_db: between the 20th and the 80th percentile of the level during speech.
        pitch_hz: median fundamental frequency.
        pitch_range_semitones: between its 20th and 80th percentile (GeMAPS: pctlrange0-2).
        pitch_slope_semitones_per_s: within voiced stretches, mean; positive rises.
        syllables_per_s: voiced peaks of the level over the time spoken, pauses not counted (after de Jong and
            Wempe 2009; GeMAPS: rate of loudness peaks).
        voiced_share: time with a pitch over the time spoken.
        alpha_ratio_db: energy in 1 to 5 kHz over that in 50 Hz to 1 kHz, voiced parts; vocal effort lifts it.
        hammarberg_db: strongest bin below 2 kHz over the strongest in 2 to 5 kHz, voiced parts.
        tilt_db_per_khz: slope of the spectrum in 500 to 1500 Hz, voiced parts (GeMAPS: slope 500-1500).
        harmonicity_db: harmonics over noise, from the autocorrelation at the period (Boersma 1993).
        jitter, rough_jitter, shimmer_db: of `cycles.Unrest`.
    """

    loudness_db: float
    loudness_range_db: float
    pitch_hz: float
    pitch_range_semitones: float
    pitch_slope_semitones_per_s: float
    syllables_per_s: float
    voiced_share: float
    alpha_ratio_db: float
    hammarberg_db: float
    tilt_db_per_khz: float
    harmonicity_db: float
    jitter: float
    rough_jitter: float
    shimmer_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contours:
    """Level and pitch every 10 ms, T steps.

    Attributes:
        level_db_t: of full scale.
        is_speech_t: loud enough to be part of the speech.
        pitch_hz_t: 0 where there is none.
        likeness_t: normalised autocorrelation at the period.
    """

    level_db_t: np.ndarray
    is_speech_t: np.ndarray
    pitch_hz_t: np.ndarray
    likeness_t: np.ndarray


def contours(audio: np.ndarray) -> Contours:
    """Level and pitch of 16 kHz mono [n] every 10 ms."""
    audio_n = np.asarray(audio, np.float64)
    num_steps = len(audio_n) // HOP
    before = (WINDOW - HOP) // 2
    padded = np.pad(audio_n[: num_steps * HOP], (before, WINDOW - HOP - before))
    power_t = np.square(audio_n[: num_steps * HOP].reshape(num_steps, HOP)).mean(axis=1)
    kernel = np.hanning(_SMOOTHED_STEPS + 2)[1:-1] / 3
    smooth = np.convolve(np.pad(power_t, _SMOOTHED_STEPS // 2), kernel, "valid") if num_steps else power_t
    # Weighted by itself, so that neither silence nor the recording's level moves the threshold.
    speech = float(power_t @ power_t / max(power_t.sum(), _QUIETEST))
    level_db_t = 10 * np.log10(np.maximum(smooth, _QUIETEST))
    is_speech_t = (level_db_t > 10 * np.log10(max(speech, _QUIETEST)) - _BELOW_SPEECH_DB) & (smooth > 0)
    pitch_hz_t, likeness_t = np.zeros(num_steps), np.zeros(num_steps)
    loud_t = np.flatnonzero(is_speech_t)
    if len(loud_t):
        scaled = padded / np.sqrt(max(speech, _QUIETEST))  # else YIN's own floor makes quiet sound pitchless
        window_tn = sliding_window_view(scaled, WINDOW)
        for block_t in np.array_split(loud_t, -(-len(loud_t) // _BLOCK)):
            pitch_hz_t[block_t], likeness_t[block_t] = pitch_of(window_tn[block_t * HOP])
    return Contours(
        level_db_t=level_db_t, is_speech_t=is_speech_t, pitch_hz_t=pitch_hz_t, likeness_t=likeness_t
    )


def acoustics(audio: np.ndarray, *, known: Contours | None = None) -> Acoustics:
    """Measure a clip.

    Args:
        audio: [n] 16 kHz mono in [-1, 1].
        known: `contours(audio)` if it is already there.
    """
    audio_n = np.asarray(audio, np.float64)
    heard = contours(audio_n) if known is None else known
    voiced_t = np.flatnonzero(heard.pitch_hz_t > 0)
    power_t = 10 ** (heard.level_db_t / 10)
    loudness = float(power_t @ power_t / max(power_t.sum(), _QUIETEST))
    spoken_t = _spoken(heard.pitch_hz_t > 0)
    if len(voiced_t) < _LEAST_VOICED_STEPS:
        return Acoustics(**dict.fromkeys(Acoustics.__slots__, float("nan")))
    levels_db = heard.level_db_t[spoken_t & heard.is_speech_t]
    semitones = 12 * np.log2(heard.pitch_hz_t[voiced_t])
    alpha_db, hammarberg_db, tilt_db = _spectral(audio_n, voiced_t)
    cycles = unrest(audio_n, heard.pitch_hz_t)
    like = np.clip(heard.likeness_t[voiced_t], 0.01, 0.9999)
    return Acoustics(
        loudness_db=10 * np.log10(max(loudness, _QUIETEST)),
        loudness_range_db=_spread(levels_db),
        pitch_hz=float(np.median(heard.pitch_hz_t[voiced_t])),
        pitch_range_semitones=_spread(semitones),
        pitch_slope_semitones_per_s=_slope(heard.pitch_hz_t),
        syllables_per_s=_num_syllables(heard) / (spoken_t.sum() * STEP_S),
        voiced_share=float(len(voiced_t) / spoken_t.sum()),
        alpha_ratio_db=alpha_db,
        hammarberg_db=hammarberg_db,
        tilt_db_per_khz=tilt_db,
        harmonicity_db=float(np.mean(10 * np.log10(like / (1 - like)))),
        jitter=cycles.jitter,
        rough_jitter=cycles.rough_jitter,
        shimmer_db=cycles.shimmer_db,
    )


def _spread(values: np.ndarray) -> float:
    low, high = np.percentile(values, [20, 80])
    return float(high - low)


def _spoken(is_voiced_t: np.ndarray) -> np.ndarray:
    """[T] voiced, or between two voiced stretches without a pause."""
    spoken_t = is_voiced_t.copy()
    for first, last in voiced_runs(~is_voiced_t):
        inside = first > 0 and last < len(is_voiced_t)
        spoken_t[first:last] = inside and last - first <= _LONGEST_PAUSE_STEPS
    return spoken_t


def _slope(pitch_hz_t: np.ndarray) -> float:
    """Mean over voiced stretches of at least 80 ms, each as long as it is."""
    rises, seconds = 0.0, 0.0
    for first, last in voiced_runs(pitch_hz_t > 0):
        if last - first >= 8:
            semitones = 12 * np.log2(pitch_hz_t[first:last])
            length_s = (last - first) * STEP_S
            rises += length_s * float(np.polyfit(np.arange(last - first) * STEP_S, semitones, 1)[0])
            seconds += length_s
    return rises / seconds if seconds else 0.0


def _num_syllables(heard: Contours) -> int:
    floor = heard.level_db_t[heard.is_speech_t].min()
    levels_db = np.maximum(heard.level_db_t, floor)  # digital silence is not infinitely deep a dip
    peaks_p, _ = find_peaks(np.pad(levels_db, 1, constant_values=floor), prominence=_DIP_DB)
    middle_db = np.median(heard.level_db_t[heard.pitch_hz_t > 0]) - 2 * _DIP_DB
    peaks_p = peaks_p - 1
    return int(np.sum((heard.pitch_hz_t[peaks_p] > 0) & (levels_db[peaks_p] > middle_db)))


def _spectral(audio: np.ndarray, voiced_t: np.ndarray) -> tuple[float, float, float]:
    """Alpha ratio, Hammarberg index and slope of 500 to 1500 Hz: means over voiced steps."""
    padded = np.pad(audio, (_FFT - HOP) // 2)
    window_tn = sliding_window_view(padded, _FFT)[voiced_t * HOP] * np.hanning(_FFT)
    power_tf = np.abs(np.asarray(rfft(window_tn, axis=1))) ** 2
    # A step at the edge of digital silence may have its pitch from what lies around it, and no sound itself.
    power_tf = power_tf[power_tf.sum(axis=1) > 1e-6 * power_tf.sum(axis=1).max()]
    power_tf += power_tf.mean(axis=1, keepdims=True) * 1e-9
    bin_hz = np.arange(_FFT // 2 + 1) * RATE_HZ / _FFT

    def band(low_hz: float, high_hz: float) -> np.ndarray:
        return power_tf[:, (bin_hz >= low_hz) & (bin_hz < high_hz)]

    alpha_t = band(1000, 5000).sum(axis=1) / band(50, 1000).sum(axis=1)
    hammarberg_t = band(0, 2000).max(axis=1) / band(2000, 5000).max(axis=1)
    hz = bin_hz[(bin_hz >= 500) & (bin_hz < 1500)]
    level_tf = 10 * np.log10(band(500, 1500))
    tilt_t = level_tf @ (hz - hz.mean()) / np.square(hz - hz.mean()).sum() * 1000
    return (
        float(np.mean(10 * np.log10(alpha_t))),
        float(np.mean(10 * np.log10(hammarberg_t))),
        float(np.mean(tilt_t)),
    )
