"""Where somebody speaks (Silero VAD, https://github.com/snakers4/silero-vad, MIT, inside faster-whisper).

The detector is looked at through its own state, block after block, so that the sound of a film need not be
held, and the rule that makes spans of its probabilities is applied to the whole.
"""

from array import array
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from style2talker.corpus.schema import AUDIO_RATE_HZ

RATE_HZ = AUDIO_RATE_HZ
WINDOW = 512  # samples of one probability
BLOCK = 1000 * WINDOW  # samples looked at together, always: other sums would round differently
_CONTEXT = 64  # samples before a window that the detector wants to see as well
_STATE = 128
_SPEECH_FROM, _SILENCE_BELOW = 0.5, 0.35
_SHORTEST_SPEECH = RATE_HZ * 250 // 1000
_SHORTEST_SILENCE = RATE_HZ * 300 // 1000
_MARGIN = RATE_HZ * 100 // 1000  # the detector's 32 ms steps clip soft onsets and word ends


def voiced_spans(audio: np.ndarray) -> list[tuple[float, float]]:
    """Spans of speech, in order, disjoint, inside the clip.

    Music, noise and silence are not speech. Pauses under 0.3 s do not split a span; bursts under 0.25 s are
    dropped; each span keeps 0.1 s around it.

    Args:
        audio: [n] 16 kHz mono in [-1, 1].

    Returns:
        (start_s, end_s) pairs; empty where nobody speaks.
    """
    finder = VoiceFinder()
    finder.add(audio)
    return finder.spans()


class VoiceFinder:
    """`voiced_spans` of sound that comes in pieces; their sizes make no difference. Holds 32 s of it."""

    def __init__(self) -> None:
        self._probabilities = array("f")
        self._waiting_n = np.zeros(0, np.float32)
        self._before_n = np.zeros(_CONTEXT, np.float32)
        self._state = [np.zeros((1, 1, _STATE), np.float32)] * 2
        self._num_samples = 0
        self._is_silent = True

    def add(self, piece: np.ndarray) -> None:
        """Append [n] samples at 16 kHz mono in [-1, 1]."""
        self._num_samples += len(piece)
        self._is_silent = self._is_silent and not np.any(piece)
        waiting_n = np.concatenate([self._waiting_n, piece], dtype=np.float32)
        whole = len(waiting_n) // BLOCK * BLOCK
        for first in range(0, whole, BLOCK):
            self._look(waiting_n[first : first + BLOCK])
        self._waiting_n = waiting_n[whole:].copy()  # a view would hold on to the piece

    def spans(self) -> list[tuple[float, float]]:
        """(start_s, end_s) of all that was added; the end of it."""
        if self._is_silent:
            return []
        self._look(np.pad(self._waiting_n, (0, -len(self._waiting_n) % WINDOW)))
        found = with_margins(speech_in(self._probabilities, self._num_samples), self._num_samples)
        return [(start / RATE_HZ, end / RATE_HZ) for start, end in found]

    def _look(self, samples_n: np.ndarray) -> None:
        if not len(samples_n):
            return
        from faster_whisper.vad import get_vad_model

        windows_bn = samples_n.reshape(-1, WINDOW)
        before_bn = np.concatenate([self._before_n[None], windows_bn[:-1, -_CONTEXT:]])
        given = {"input": np.concatenate([before_bn, windows_bn], axis=1)}
        given |= dict(zip("hc", self._state, strict=True))
        found, *self._state = get_vad_model().session.run(None, given)
        self._probabilities.extend(np.ravel(found).tolist())
        self._before_n = windows_bn[-1, -_CONTEXT:].copy()


def speech_in(probabilities: Sequence[float], num_samples: int) -> list[tuple[int, int]]:
    """(first, one past the last) samples of speech, without margins.

    Speech begins with a probability of 0.5 and ends where it falls below 0.35 and does not come back for
    0.3 s.
    """
    found: list[tuple[int, int]] = []
    start = quiet = None
    for index, probability in enumerate(probabilities):
        if probability >= _SPEECH_FROM:
            start, quiet = index if start is None else start, None
        elif probability < _SILENCE_BELOW and start is not None:
            quiet = index if quiet is None else quiet
            if (index - quiet) * WINDOW >= _SHORTEST_SILENCE:
                found.append((start * WINDOW, quiet * WINDOW))
                start = quiet = None
    if start is not None:
        found.append((start * WINDOW, num_samples))
    return [(first, end) for first, end in found if end - first > _SHORTEST_SPEECH]


def with_margins(spans: Sequence[tuple[int, int]], num_samples: int) -> list[tuple[int, int]]:
    """0.1 s more on each side; a shorter silence is shared by its neighbours."""
    shares = [min(_MARGIN, (after[0] - before[1]) // 2) for before, after in pairwise(spans)]
    return [
        (max(first - before, 0), min(end + after, num_samples))
        for (first, end), before, after in zip(spans, [_MARGIN, *shares], [*shares, _MARGIN], strict=False)
    ]
