"""Selection: a few sentences out of many, good ones that say the same in different words.

Style2Talker keeps the five candidates whose CLIP similarity with the picture is highest. By that alone five
near-copies of one sentence win. Here the candidates are ranked by similarity, where there is a CLIP; of the
better half those are chosen that lie furthest apart, and no two of them may share more than half of their
content words.

Axes: N candidates, D channels.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from types import MappingProxyType

import numpy as np

from style2talker.emotion.taxonomy import ADJECTIVES, ADVERBS
from style2talker.errors import UserError

Embed = Callable[[list[str]], np.ndarray]
"""Sentences to float [N, D] of unit length."""

MOST_SHARED = 0.5
KEPT_SHARE = 0.5  # of the candidates, the better ones, have a chance
_MOST_SETS = 20_000  # all, of 20 candidates; of more, the first
MORE_EMBEDDED = 2  # than are chosen: each costs more than writing all candidates

_FUNCTION_WORDS = """
a an the this that these those it its here there who whom whose which what and or with while as at of in on by
to from for into over through during throughout then when where how so such is are was be being been has have
having had do does would can could will may might up down out their they them
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
_SAME = MappingProxyType(
    {
        adjective: adverb
        for level, adjectives in ADJECTIVES.items()
        for adjective, adverb in zip(adjectives, ADVERBS[level], strict=True)
    }
)


class TooAlikeError(UserError):
    """There are not enough candidates that differ."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which candidate, and how good: its quality where one was given, else how far the nearest other is."""

    index: int
    score: float


@lru_cache(maxsize=4096)
def content_words(text: str) -> frozenset[str]:
    """The words of a sentence that carry meaning, as written in lower case, the quotation left out.

    All but articles, pronouns, prepositions, conjunctions and auxiliaries.
    """
    outside = re.sub(r'"[^"]*"', " ", text.lower())
    return frozenset(re.findall(r"[a-z]+(?:['’-][a-z]+)*", outside)) - FUNCTION_WORDS


@lru_cache(maxsize=4096)
def content_stems(text: str) -> frozenset[str]:
    """The same without endings: "raised" is "raising", and "slight" is "slightly"."""
    return frozenset(_stem(_SAME.get(word, word)) for word in content_words(text))


def shared(one: str, other: str) -> float:
    """Which share of the shorter one's content words two sentences have in common, by words or by stems.

    The larger of the two: nobody who counts in either way shall find more.
    """
    return max(_share(words(one), words(other)) for words in (content_words, content_stems))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(min(len(one), len(other)), 1)


def select(
    texts: Sequence[str],
    *,
    count: int,
    unlike: Sequence[str] | None = None,
    quality: Sequence[float] | None = None,
    embed: Embed | None = None,
) -> list[Choice]:
    """`count` of the texts, in their order.

    Args:
        texts: N candidates.
        unlike: [N], for each text what it must not have in common with another, such as its emotion word.
        quality: [N], the higher the better; without it all are equally good.
        embed: for distances by meaning, one minus the cosine, among those few that share the fewest words;
            without it the distance is one minus the overlap of words.

    Raises:
        TooAlikeError: there are no `count` texts of which no two share more than half of their content words.
    """
    overlap_nn = np.array([[shared(one, other) for other in texts] for one in texts])
    overlap_nn = overlap_nn.reshape(len(texts), len(texts))
    may_meet_nn = overlap_nn <= MOST_SHARED
    if unlike is not None:
        may_meet_nn &= np.array([[one != other for other in unlike] for one in unlike])
    rounded = [0.0] * len(texts) if quality is None else [round(float(value), 4) for value in quality]
    ranked = sorted(range(len(texts)), key=lambda index: -rounded[index])
    enough = len(texts if unlike is None else set(unlike)) >= count
    for size in range(max(count, round(KEPT_SHARE * len(texts))), len(texts) + 1) if enough else ():
        kept = sorted(ranked[:size])
        sets = list(islice(_sets(may_meet_nn[np.ix_(kept, kept)], count), _MOST_SETS))
        if sets:
            break
    else:
        raise TooAlikeError(
            f"sentences: got {len(texts)} candidates, expected {count} among them that share at most half of "
            "their content words; ask for fewer sentences or more candidates"
        )
    distance_nn = 1 - overlap_nn[np.ix_(kept, kept)]
    order = _by_distance(sets, distance_nn)
    if embed is not None:
        embedded: set[int] = set()
        for row in order:
            embedded |= set(sets[row])
            if len(embedded) >= count + MORE_EMBEDDED:
                break
        places = sorted(embedded)
        vector_nd = np.asarray(embed([texts[kept[place]] for place in places]), np.float64)
        distance_nn = np.zeros_like(distance_nn)
        distance_nn[np.ix_(places, places)] = 1 - vector_nd @ vector_nd.T
        sets = [members for members in sets if embedded.issuperset(members)]
        order = _by_distance(sets, distance_nn)
    distance_nn = distance_nn.round(3)
    best = sets[order[0]]
    return [
        Choice(
            kept[place],
            float(rounded[kept[place]])
            if quality is not None
            else min((float(distance_nn[place, other]) for other in best if other != place), default=1.0),
        )
        for place in best
    ]


def _by_distance(sets: Sequence[tuple[int, ...]], distance_nn: np.ndarray) -> list[int]:
    """The sets' indices: those first whose two nearest members are furthest apart, then by mean distance."""
    members = np.array(sets)
    if members.shape[1] < 2:
        return list(range(len(sets)))
    rows, columns = np.triu_indices(members.shape[1], 1)
    # machines differ in the last bits; the choice must not
    pairs = distance_nn[members[:, rows], members[:, columns]].round(3)
    return np.lexsort((-pairs.mean(axis=1).round(3), -pairs.min(axis=1))).tolist()


def _sets(may_meet_nn: np.ndarray, count: int) -> Iterator[tuple[int, ...]]:
    """All sets of `count` candidates any two of which may meet, in ascending order."""

    def extend(chosen: tuple[int, ...], others: list[int]) -> Iterator[tuple[int, ...]]:
        if len(chosen) == count:
            yield chosen
            return
        for position, candidate in enumerate(others):
            if len(others) - position < count - len(chosen):
                return
            left = [other for other in others[position + 1 :] if may_meet_nn[candidate, other]]
            yield from extend((*chosen, candidate), left)

    yield from extend((), list(range(len(may_meet_nn))))


def _stem(word: str) -> str:
    """Without the endings of plural, tense and gerund, which are enough for this vocabulary."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word
