"""Why a clip is in one corpus and not in the other: recording gone or new, rejected, or cut differently."""

import json
import math
from dataclasses import dataclass
from typing import Self

from style2talker.corpus.reader import Corpus, Row, rows_of

CUT_ANEW = "its recording is cut differently"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a clip comes from."""

    clip_id: str
    source_id: str
    source_uri: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Sources:
    """The recordings of a corpus, and what became of those that gave no clip."""

    used: frozenset[str]  # source_id
    forgotten: frozenset[str]  # source_id
    rejects: dict[str, list[Row]]  # by clip_id, and by source_id or source_uri of sources and spans

    @classmethod
    def of(cls, corpus: Corpus) -> Self:
        used = {
            source_id
            for kind in ("clips", "sources")
            for shard in corpus.manifest.of_kind(kind)
            for table in corpus.shard_tables(shard, ["source_id"])
            for source_id in table.column(0).to_pylist()
        }
        rejects: dict[str, list[Row]] = {}
        for shard in corpus.manifest.of_kind("rejects"):
            for table in corpus.shard_tables(shard):
                for row in rows_of(table):
                    used |= {row["source_id"]} - {None}
                    rejects.setdefault(row["clip_id"] or row["source_id"] or row["source_uri"], []).append(
                        row
                    )
        forgotten = {
            source_id
            for shard in corpus.manifest.of_kind("forgotten")
            for source_id in json.loads(corpus.store.read(shard.path))["sources"]
        }
        return cls(frozenset(used), frozenset(forgotten), rejects)

    def reject(self, place: Place) -> Row | None:
        """The reject that speaks of a clip, or of its recording where the clip lies."""
        for key in (place.clip_id, place.source_id, place.source_uri):
            for row in self.rejects.get(key, ()):
                start_s, end_s = row["start_s"] or 0.0, row["end_s"] or math.inf  # null: the whole of it
                if key == place.clip_id or (start_s < place.end_s and place.start_s < end_s):
                    return row
        return None


def why_added(place: Place, old: Sources) -> str:
    """Why a clip is in the new corpus that the old one did not have, in a few words."""
    reject = old.reject(place)
    if reject is not None:
        return f"no longer rejected by {reject['stage']} ({reject['kind']})"
    return CUT_ANEW if place.source_id in old.used else "a new recording"


def why_removed(place: Place, new: Sources) -> str:
    """Why a clip of the old corpus is not in the new one, in a few words and the reject's own."""
    if place.source_id in new.forgotten:
        return "its recording was forgotten"
    reject = new.reject(place)
    if reject is not None:
        return f"rejected by {reject['stage']} ({reject['kind']}): {reject['message']}"
    return CUT_ANEW if place.source_id in new.used else "its recording is gone"
