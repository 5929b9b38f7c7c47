"""Spans: the parts of a file to use, start and end in seconds."""

from collections.abc import Iterable

Spans = tuple[tuple[float, float], ...]


def merged(spans: Iterable[tuple[float, float]]) -> Spans:
    """In order, those that overlap or touch as one: no second is used twice."""
    joined: list[tuple[float, float]] = []
    for start_s, end_s in sorted(spans):
        if joined and start_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_s))
        else:
            joined.append((start_s, end_s))
    return tuple(joined)
