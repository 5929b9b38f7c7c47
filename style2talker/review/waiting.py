"""Which clips a person is asked about, and in which order: where the witnesses contradict each other most."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from style2talker.corpus.manifest import ShardEntry
from style2talker.corpus.reader import Corpus, Row, rows_of
from style2talker.errors import UserError

_COLUMNS = ("clip_id", "source_id", "emotion_probability", "agreement", "confidence", "flags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A clip that waits for an opinion, and the shard that holds it: nothing is searched for later."""

    clip_id: str
    source_id: str
    shard: ShardEntry


def waiting(
    corpus: Corpus, *, most: int, corrected: Collection[str] = (), clips: Sequence[str] = ()
) -> list[Waiting]:
    """The `most` clips that need an opinion most and have none, or the named ones in the order of the names.

    Least agreement first, then the more flags, then the less confidence. A corpus from before there were
    witnesses has only its emotion's probability to go by.

    Args:
        corrected: clips that people spoke about already; they are left out.
        clips: beginnings of ids.

    Raises:
        UserError: a name that is no clip's or several clips', or nothing to ask about.
    """
    if clips:
        return _named(corpus, clips)
    found = nsmallest(most, _ranked(corpus, corrected), key=lambda ranked: ranked[0])
    if not found:
        raise UserError(
            f"{corpus.store.uri} has no clip that nobody spoke about yet; name some to see them again, "
            "--clip ID (`style2talker inspect URI --clips` lists the ids)."
        )
    return [clip for _, clip in found]


def _ranked(corpus: Corpus, corrected: Collection[str]) -> Iterator[tuple[Any, Waiting]]:
    for row, clip in _every(corpus, _COLUMNS):
        if clip.clip_id not in corrected:
            yield rank(row), clip


def rank(row: Mapping[str, Any]) -> tuple[float, int, float, str]:
    """The lower, the sooner a person is asked."""
    confidence = row["confidence"]
    if confidence is None:
        confidence = float(max(row["emotion_probability"]))
    agreement = 1.0 if row["agreement"] is None else row["agreement"]
    return agreement, -len(row["flags"] or ()), confidence, row["clip_id"]


def _named(corpus: Corpus, names: Sequence[str]) -> list[Waiting]:
    found: dict[str, list[Waiting]] = {name: [] for name in names}
    for _, clip in _every(corpus, ("clip_id", "source_id")):
        for name in names:
            if clip.clip_id.startswith(name):
                found[name].append(clip)
    for name, clips in found.items():
        if len(clips) != 1:
            raise UserError(
                f"{len(clips) or 'no'} clips of {corpus.store.uri} have an id that begins with {name!r}; "
                "`style2talker inspect URI --clips` lists the ids."
            )
    return [clips[0] for clips in found.values()]


def _every(corpus: Corpus, columns: Sequence[str]) -> Iterator[tuple[Row, Waiting]]:
    for shard in corpus.manifest.of_kind("clips"):
        for table in corpus.shard_tables(shard, columns):
            for row in rows_of(table):
                yield row, Waiting(clip_id=row["clip_id"], source_id=row["source_id"], shard=shard)
