"""The vocal folds' cycles one by one: how unequal neighbours are in length (jitter) and strength (shimmer).

Marks lie one period apart, each where the sound is most like the period before it (waveform matching, the
method that Praat's authors recommend for jitter: Boersma, Folia Phoniatrica 61, 2009).

Axes: T steps of `HOP` samples.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from style2talker.speech.pitch import RATE_HZ

HOP = RATE_HZ // 100
_SEARCH = 0.2  # neighbouring periods differ less than this, or one of them is no period
_LEAST_CYCLES = 5  # of a voiced stretch
# Neighbours further apart are no cycles of one voice but an onset or a gap: Praat's limits for the same.
_MOST_PERIOD_RATIO, _MOST_LEVEL_DB = 1.3, 20 * np.log10(1.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrest:
    """From cycle to cycle, over the voiced stretches; NaN where none is long enough.

    Attributes:
        jitter: mean difference of neighbouring periods over the mean period (Praat: local).
        rough_jitter: upper quartile of a period's distance from the mean of its neighbours, over that mean
            (the terms of RAP): glides of the pitch do not count, as they do for `jitter`.
        shimmer_db: mean difference of neighbouring periods' levels (Praat: local, dB).
    """

    jitter: float
    rough_jitter: float
    shimmer_db: float


def unrest(audio: np.ndarray, pitch_hz_t: np.ndarray) -> Unrest:
    """Measure float64 [n] at 16 kHz with its pitch [T] at sample `HOP` t, 0 where there is none."""
    period_changes, level_changes, periods, rough = [], [], [], []
    for first, last in voiced_runs(pitch_hz_t > 0):
        lengths, levels_db = _march(audio, pitch_hz_t, first, last)
        if len(lengths) < _LEAST_CYCLES:
            continue
        is_pair = np.maximum(lengths[1:] / lengths[:-1], lengths[:-1] / lengths[1:]) < _MOST_PERIOD_RATIO
        is_pair &= np.abs(np.diff(levels_db)) < _MOST_LEVEL_DB
        periods.append(lengths[1:][is_pair])
        period_changes.append(np.abs(np.diff(lengths))[is_pair])
        level_changes.append(np.abs(np.diff(levels_db))[is_pair])
        around = (lengths[:-2] + lengths[2:]) / 2
        rough.append((np.abs(lengths[1:-1] - around) / around)[is_pair[1:] & is_pair[:-1]])
    if not sum(map(len, rough)):
        return Unrest(jitter=float("nan"), rough_jitter=float("nan"), shimmer_db=float("nan"))
    return Unrest(
        jitter=float(np.concatenate(period_changes).mean() / np.concatenate(periods).mean()),
        rough_jitter=float(np.percentile(np.concatenate(rough), 75)),
        shimmer_db=float(np.concatenate(level_changes).mean()),
    )


def voiced_runs(is_voiced_t: np.ndarray) -> list[tuple[int, int]]:
    """Unbroken stretches, as (first, one past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_voiced_t, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in pairwise(edges)][::2]


def _march(audio: np.ndarray, pitch_hz_t: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    lengths, levels_db = [], []
    at = first * HOP
    while at < (last - 1) * HOP:
        period = RATE_HZ / pitch_hz_t[min(round(at / HOP), last - 1)]
        length = _next_period(audio, at, period)
        if length is None:
            break
        here = audio[at : at + round(length)]
        lengths.append(length)
        levels_db.append(10 * np.log10(max(float(here @ here) / len(here), 1e-20)))
        at += round(length)
    return np.array(lengths), np.array(levels_db)


def _next_period(audio: np.ndarray, at: int, period: float) -> float | None:
    """Samples from `at` to where the next period looks most like this one; None at the sound's end."""
    low, high, width = int(period * (1 - _SEARCH)), int(period * (1 + _SEARCH)) + 2, round(period)
    if at + high + width >= len(audio):
        return None
    here = audio[at : at + width]
    ahead = audio[at + low - 1 : at + high + width]
    dots = np.correlate(ahead, here, "valid")
    energy = np.concatenate([[0.0], np.cumsum(ahead * ahead)])
    likeness = dots / np.sqrt(np.maximum(energy[width:] - energy[:-width], 1e-20))
    best = 1 + int(np.argmax(likeness[1:-1]))
    left, middle, right = likeness[best - 1 : best + 2]
    bend = left - 2 * middle + right
    shift = float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0
    return low - 1 + best + shift
