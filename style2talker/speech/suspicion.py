"""Two doubts about a voice, in [0, 1]: that it sings, and that a machine made it. From 0.5 on they are flags.

What the numbers rest on, and how often real speech raises a flag: docs/voice.md, `benchmarks/voice.py`.

Axes: T steps of 10 ms.
"""

import numpy as np

from style2talker.speech.acoustics import STEP_S, Acoustics, Contours
from style2talker.speech.cycles import HOP, voiced_runs

FLAGGED_FROM = 0.5
# A vibrato turns 4 to 7 times a second (Sundberg, The Science of the Singing Voice, 1987): a mean over 0.2 s
# flattens it, and leaves the note.
_VIBRATO_STEPS = 20
_NOTE_SEMITONES = 0.6  # a note stays within this; the pitch of speech glides on
_SHORTEST_NOTE_S = 0.3
_NOTES = 3  # one held vowel is a hesitation
_NOTE_SHARE = (0.25, 0.65)  # of the voiced time: from none of the suspicion to all
# A person's periods differ by about 1 % beyond their glide, those of formant synthesis by a quarter of it.
_ROUGH_JITTER = (0.0065, 0.0025)
_DIGITAL_SILENCE = (0.0, 0.05)  # share of the speech's span without a single bit
_SHORTEST_SILENCE_S = 0.01


def singing(heard: Contours) -> float:
    """Share of the voiced time in held notes: 0 up to a quarter, 1 from two thirds; under three count less.

    A note is a stretch of at least 0.3 s whose pitch, its vibrato averaged away, stays within 0.6 semitones.
    """
    lengths = [
        length for first, last in voiced_runs(heard.pitch_hz_t > 0) for length in _notes(heard, first, last)
    ]
    voiced = max(int((heard.pitch_hz_t > 0).sum()), 1)
    return _ramp(sum(lengths) / voiced, *_NOTE_SHARE) * min(1.0, len(lengths) / _NOTES)


def synthetic(audio: np.ndarray, heard: Contours, features: Acoustics) -> float:
    """Doubt that a person spoke: cycles too much alike, or gaps within the speech that are digitally silent.

    Finds formant synthesis and cuts; a neural voice that copies a person's unrest passes.

    Args:
        audio: [n] 16 kHz mono in [-1, 1].
        heard: `contours(audio)`.
        features: `acoustics(audio)`.
    """
    too_even = 0.0 if np.isnan(features.rough_jitter) else _ramp(features.rough_jitter, *_ROUGH_JITTER)
    return 1 - (1 - too_even) * (1 - _ramp(_silent_share(audio, heard), *_DIGITAL_SILENCE))


def _ramp(value: float, nothing: float, all_of_it: float) -> float:
    return float(np.clip((value - nothing) / (all_of_it - nothing), 0, 1))


def _notes(heard: Contours, first: int, last: int) -> list[int]:
    """Steps of each note in a voiced stretch, the earliest taken as long as it goes."""
    if (last - first) * STEP_S < _SHORTEST_NOTE_S:
        return []
    semitones = 12 * np.log2(heard.pitch_hz_t[first:last])
    padded = np.pad(semitones, _VIBRATO_STEPS // 2, mode="edge")
    smooth = np.convolve(padded, np.full(_VIBRATO_STEPS, 1 / _VIBRATO_STEPS), "valid")[: last - first]
    found, begin, low, high = [], 0, smooth[0], smooth[0]
    for at, pitch in enumerate(smooth):
        low, high = min(low, pitch), max(high, pitch)
        if high - low > _NOTE_SEMITONES:
            if (at - begin) * STEP_S >= _SHORTEST_NOTE_S:
                found.append(at - begin)
                begin, low, high = at, pitch, pitch
            else:  # the note may begin a little later
                begin += 1
                low, high = smooth[begin : at + 1].min(), smooth[begin : at + 1].max()
    if (len(smooth) - begin) * STEP_S >= _SHORTEST_NOTE_S:
        found.append(len(smooth) - begin)
    return found


def _silent_share(audio: np.ndarray, heard: Contours) -> float:
    """Digital silence between the first and the last voiced step, as a share of that span."""
    voiced_t = np.flatnonzero(heard.pitch_hz_t > 0)
    if not len(voiced_t):
        return 0.0
    span = audio[voiced_t[0] * HOP : (voiced_t[-1] + 1) * HOP]
    sounding = np.flatnonzero(np.abs(span) > 1.5 / 32768)  # the last bit of 16 may be dither
    gaps = np.diff(sounding)
    return float(gaps[gaps * STEP_S / HOP >= _SHORTEST_SILENCE_S].sum() / len(span))
