"""The speech of several clips, one behind the other, in windows of a recogniser, and the way back.

A model that hears 30 s at once works as long on 3 s: five clips of 5 s in one window cost a fifth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from style2talker.speech.recogniser import WINDOW_S
from style2talker.speech.vad import RATE_HZ

Spans = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a window: what lies there comes from that clip's `start_s` to `end_s`."""

    clip: int
    start_s: float
    end_s: float


Window = tuple[Place, ...]


def windows_of(clips: Sequence[Spans], *, limit_s: float = WINDOW_S) -> list[Window]:
    """Windows of at most `limit_s` with the clips' speech, in order.

    A clip that fits into one window lies in one window.

    Args:
        clips: the spans of speech of each clip in seconds.
    """
    windows: list[list[Place]] = [[]]
    left_s = limit_s
    for clip, spans in enumerate(clips):
        places = [place for span in spans for place in _cut(clip, span, limit_s)]
        whole_s = sum(place.end_s - place.start_s for place in places)
        for index, place in enumerate(places):
            needed_s = whole_s if index == 0 and whole_s <= limit_s else place.end_s - place.start_s
            if needed_s > left_s + 1e-9:
                windows.append([])
                left_s = limit_s
            windows[-1].append(place)
            left_s -= place.end_s - place.start_s
    return [tuple(window) for window in windows if window]


def _cut(clip: int, span: tuple[float, float], limit_s: float) -> list[Place]:
    """A span in pieces that fit a window."""
    start_s, end_s = span
    count = max(1, int(np.ceil((end_s - start_s) / limit_s - 1e-9)))
    edges_s = [start_s + (end_s - start_s) * index / count for index in range(count + 1)]
    edges_s[-1] = end_s
    return [Place(clip, *edge_s) for edge_s in pairwise(edges_s)]


def sound_of(window: Window, clips: Sequence[np.ndarray]) -> np.ndarray:
    """[n] the window's sound, from the clips' at 16 kHz."""
    pieces = [
        clips[place.clip][round(place.start_s * RATE_HZ) : round(place.end_s * RATE_HZ)] for place in window
    ]
    return np.concatenate(pieces).astype(np.float32)


def unpacked(window: Window, start_s: float, end_s: float) -> tuple[int, float, float]:
    """The clip in which a span of the window lies, by its middle, and the span there, inside its speech.

    Of a span that reaches into another clip, only what lies in this one.
    """
    middle, _ = _located(window, (start_s + end_s) / 2)
    own = [place for place in window if place.clip == window[middle].clip]
    ends_s = []
    for time_s in (start_s, end_s):
        index, clip_s = _located(window, time_s)
        if window[index].clip != window[middle].clip:
            clip_s = own[0].start_s if index < middle else own[-1].end_s
        ends_s.append(clip_s)
    return window[middle].clip, ends_s[0], ends_s[1]


def _located(window: Window, time_s: float) -> tuple[int, float]:
    """The place that a time in the window falls into, and the time in its clip."""
    left_s = time_s
    for index, place in enumerate(window):
        if left_s <= place.end_s - place.start_s:
            return index, place.start_s + left_s
        left_s -= place.end_s - place.start_s
    return len(window) - 1, window[-1].end_s
