"""How far the labels' distribution moved between two corpora."""

from collections import Counter
from dataclasses import dataclass

from style2talker.corpus.reader import Corpus

COLUMNS = ("emotion", "speaker", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One column's distribution over clips, before and after.

    Attributes:
        distance: total variation, half the sum of |new share - old share|: 0 is the same distribution, 1 has
            no value in common. It is the share of clips that would have to change their value.
        shares: value -> (share in old, share in new), the largest changes first.
    """

    column: str
    distance: float
    shares: dict[str, tuple[float, float]]


def drifts(old: Corpus, new: Corpus) -> tuple[Drift, ...]:
    """Drift of each of `COLUMNS`; reads these alone."""
    counts = [_count(corpus) for corpus in (old, new)]
    return tuple(_drift(column, *(count[column] for count in counts)) for column in COLUMNS)


def _count(corpus: Corpus) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {column: Counter() for column in COLUMNS}
    for table in corpus.tables(columns=COLUMNS):
        for column in COLUMNS:
            counts[column].update(table.column(column).to_pylist())
    return counts


def _drift(column: str, old: Counter[str], new: Counter[str]) -> Drift:
    totals = [max(count.total(), 1) for count in (old, new)]
    shares = {value: (old[value] / totals[0], new[value] / totals[1]) for value in old.keys() | new.keys()}
    ordered = sorted(shares.items(), key=lambda item: (-abs(item[1][1] - item[1][0]), item[0]))
    distance = sum(abs(after - before) for before, after in shares.values()) / 2
    return Drift(column=column, distance=distance, shares=dict(ordered))
