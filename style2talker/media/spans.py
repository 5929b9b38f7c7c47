"""Where to cut a source into clips: at changes of shot and in silences.

`clip_spans` works in whole frames of the 25 fps grid: a span of T frames has exactly 640 T samples of sound.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.errors import UserError
from style2talker.media.shots import shot_boundaries

__all__ = ["clip_spans", "shot_boundaries"]

MARGIN_FRAMES = FRAME_RATE_HZ  # silence kept around speech: the mouth closes and opens in it
LONGEST_SILENCE_FRAMES = 2 * MARGIN_FRAMES
SLACK = 1e-6  # k / 25 * 25 is not always k

Piece = tuple[int, int]  # first frame, one past the last


def clip_spans(
    voiced: Sequence[tuple[float, float]],
    shots: Sequence[float],
    duration_s: float,
    *,
    shortest_s: float = 2.0,
    longest_s: float = 10.0,
) -> list[tuple[float, float]]:
    """Choose the spans of a source that become clips.

    Speech with the silences inside it stays together while it fits into `longest_s` and no silence is longer
    than 2 s. The rest is cut at the silence with the best product of length and centrality that leaves
    both sides `shortest_s`; where there is none, hard at `longest_s`. Up to 1 s of silence is kept on each
    side, more where a span would be shorter than `shortest_s`.

    Args:
        voiced: [(start_s, end_s)] of speech, in any order.
        shots: times at which a new shot begins.
        duration_s: length of the source.
        shortest_s: no span is shorter; a shot shorter than this gives none.
        longest_s: no span is longer; at least twice `shortest_s`.

    Returns:
        Ordered, disjoint [(start_s, end_s)], multiples of 1/25 s, inside [0, duration_s], none across a shot.
        They cover all speech, to the frame, of every shot that is long enough. No speech gives [].

    Raises:
        UserError: `shortest_s` and `longest_s` do not fit together.
    """
    shortest, longest = ceil(shortest_s * FRAME_RATE_HZ - SLACK), floor(longest_s * FRAME_RATE_HZ + SLACK)
    if shortest < 1 or longest < 2 * shortest:
        raise UserError(
            f"spans of {shortest_s} to {longest_s} s: longest_s must be at least twice shortest_s > 0"
        )
    pieces = _merged(voiced)
    edges = [0.0, *sorted(time_s for time_s in set(shots) if 0 < time_s < duration_s), duration_s]
    spans: list[Piece] = []
    for start_s, end_s in pairwise(edges):
        low, high = ceil(start_s * FRAME_RATE_HZ - SLACK), floor(end_s * FRAME_RATE_HZ + SLACK)
        inside = [(max(a, low), min(b, high)) for a, b in pieces if min(b, high) > max(a, low)]
        if inside and high - low >= shortest:
            spans += _divide(inside, low, high, shortest=shortest, longest=longest)
    return [(low / FRAME_RATE_HZ, high / FRAME_RATE_HZ) for low, high in spans]


def _merged(voiced: Sequence[tuple[float, float]]) -> list[Piece]:
    pieces: list[Piece] = []
    for start_s, end_s in sorted(voiced):
        first, last = floor(start_s * FRAME_RATE_HZ + SLACK), ceil(end_s * FRAME_RATE_HZ - SLACK)
        if last <= first:
            continue
        if pieces and first <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(pieces[-1][1], last))
        else:
            pieces.append((first, last))
    return pieces


def _divide(pieces: list[Piece], low: int, high: int, *, shortest: int, longest: int) -> list[Piece]:
    """Spans that cover `pieces` inside [low, high), which is at least `shortest` long."""
    cut = _silence_cut(pieces, low, high, shortest=shortest, longest=longest)
    core = pieces[-1][1] - pieces[0][0]
    if cut is None and core <= longest:
        return [_fit(pieces, low, high, shortest=shortest, longest=longest)]
    if cut is None:
        cut = min(pieces[0][0] + longest, high - shortest)
    before = [(a, min(b, cut)) for a, b in pieces if a < cut]
    after = [(max(a, cut), b) for a, b in pieces if b > cut]
    return [
        *_divide(before, low, cut, shortest=shortest, longest=longest),
        *_divide(after, cut, high, shortest=shortest, longest=longest),
    ]


def _silence_cut(pieces: list[Piece], low: int, high: int, *, shortest: int, longest: int) -> int | None:
    """The frame to cut at, inside a silence; None where nothing must or can be cut so."""
    too_long = pieces[-1][1] - pieces[0][0] > longest
    middle, best, best_cut = (pieces[0][0] + pieces[-1][1]) / 2, 0.0, None
    for (_, begin), (end, _) in pairwise(pieces):
        first, last = max(begin, low + shortest), min(end, high - shortest)
        if first > last or not (too_long or end - begin > LONGEST_SILENCE_FRAMES):
            continue
        cut = min(max((begin + end) // 2, first), last)
        centrality = 1 - abs(cut - middle) / (high - low)
        if (end - begin) * centrality > best:
            best, best_cut = (end - begin) * centrality, cut
    return best_cut


def _fit(pieces: list[Piece], low: int, high: int, *, shortest: int, longest: int) -> Piece:
    """The span around `pieces`: the margins shrink to stay in `longest` and grow to reach `shortest`."""
    begin, end = pieces[0][0], pieces[-1][1]
    room = longest - (end - begin)
    before = min(MARGIN_FRAMES, begin - low, max(room // 2, room - min(MARGIN_FRAMES, high - end)))
    after = min(MARGIN_FRAMES, high - end, room - before)
    begin, end = begin - before, end + after
    lack = max(shortest - (end - begin), 0)
    earlier = min(max(lack // 2, lack - (high - end)), begin - low)
    return begin - earlier, end + lack - earlier
