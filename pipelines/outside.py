"""Outside: what the labels of a partition's clips rest on besides the clips, by partition.

A stage that is `told` gets it as `row["context"]`: the speaker's neutral face, the data set's own label, and
what a person said in review. All of it is known only when `see` is finished everywhere, so a build runs the
stages that are not told first. A row is made again when what it is told changes, and only then.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.partition import Partition
from pipelines.sources import Source
from pipelines.stage import Row
from pipelines.workfile import opened
from style2talker.corpus.corrections import Correction, read_corrections
from style2talker.corpus.manifest import json_sha256
from style2talker.corpus.uri import Store
from style2talker.emotion.context import Context, Neutral
from style2talker.emotion.neutral import neutral_of

WITNESS = "see"
"""The stage whose evidence makes a speaker's neutral."""


def outside_of(
    partitions: Sequence[Partition], store: Store, *, neutrals: Mapping[str, Neutral] | None = None
) -> list[Mapping[str, Any]]:
    """What to tell the clips of each partition, as JSON takes it.

    Args:
        neutrals: of the speakers, if they are not to be looked for in these partitions.

    Raises:
        DamagedError, FileNotFoundError: a work file of `discover` or `see` cannot be read.
        UserError: the corrections are damaged.
    """
    by_source: dict[str, list[Correction]] = defaultdict(list)
    for correction in read_corrections(store).values():
        by_source[correction.source_id].append(correction)
    neutrals = neutrals_of(partitions, store) if neutrals is None else neutrals
    return [_told(partition, neutrals, by_source) for partition in partitions]


def _told(
    partition: Partition, neutrals: Mapping[str, Neutral], corrections: Mapping[str, Sequence[Correction]]
) -> Mapping[str, Any]:
    speakers = sorted({source.item.speaker for source in partition.sources} & neutrals.keys())
    said = [c for source in partition.sources for c in corrections.get(source.source_id, ())]
    return {
        "neutrals": {speaker: neutrals[speaker].to_dict() for speaker in speakers},
        "corrections": {c.clip_id: c.row() for c in sorted(said, key=lambda c: c.clip_id)},
    }


def neutrals_of(partitions: Sequence[Partition], store: Store) -> dict[str, Neutral]:
    """The neutral of every speaker who shows one."""
    evidence: dict[str, list[tuple[str, bool, np.ndarray, np.ndarray]]] = defaultdict(list)
    for partition in partitions:
        sources = {source.source_id: source.item for source in partition.sources}
        with opened(store, partition.file("discover")) as file:
            found = file.read(columns=["clip_id", "source_id"]).to_pydict()
        source_of = dict(zip(found["clip_id"], found["source_id"], strict=True))
        with opened(store, partition.file(WITNESS)) as file:
            seen = file.read(columns=["clip_id", "net_probability", "unit_readings"])
        matrices = zip(_matrices(seen, "net_probability"), _matrices(seen, "unit_readings"), strict=True)
        for clip_id, (net_ne, reading_r2) in zip(seen.column(0).to_pylist(), matrices, strict=True):
            item = sources[source_of[clip_id]]
            evidence[item.speaker].append((clip_id, item.emotion == "neutral", net_ne, reading_r2))
    found_neutrals = {speaker: neutral_of(clips) for speaker, clips in evidence.items()}
    return {speaker: neutral for speaker, neutral in found_neutrals.items() if neutral is not None}


def _matrices(table: pa.Table, name: str) -> Iterable[np.ndarray]:
    """Each row's matrix as a view on the column's buffer."""
    for chunk in table.column(name).chunks:
        flat = chunk.flatten().flatten().to_numpy(zero_copy_only=False)
        rows = np.diff(chunk.offsets.to_numpy())
        width = len(flat) // max(int(rows.sum()), 1)
        yield from np.split(flat.reshape(-1, width), np.cumsum(rows)[:-1]) if len(rows) else ()


def digests(partition: Partition, clips: Sequence[Row]) -> dict[str, str]:
    """Hash of what each clip is told, by clip_id; of the clip's own id too, so that it names the clip."""
    outside = partition.outside or {}
    neutrals = {speaker: json_sha256(told) for speaker, told in outside.get("neutrals", {}).items()}
    items = {source.source_id: source.item for source in partition.sources}
    found = {}
    for clip in clips:
        item, correction = items[clip["source_id"]], outside.get("corrections", {}).get(clip["clip_id"])
        told = [neutrals.get(item.speaker), item.emotion, item.level, correction]
        found[clip["clip_id"]] = json_sha256([clip["clip_id"], told])
    return found


def contexts(partition: Partition) -> "ContextOf":
    """The function that finds a clip's context."""
    outside = partition.outside or {}
    neutrals = {name: Neutral.from_dict(told) for name, told in outside.get("neutrals", {}).items()}
    corrections = {
        clip_id: Correction.from_row(row) for clip_id, row in outside.get("corrections", {}).items()
    }
    return ContextOf(
        {source.source_id: source for source in partition.sources}, neutrals=neutrals, corrections=corrections
    )


class ContextOf:
    """From a clip's row to its `Context`."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        *,
        neutrals: Mapping[str, Neutral],
        corrections: Mapping[str, Correction],
    ) -> None:
        self._sources, self._neutrals, self._corrections = sources, neutrals, corrections

    def __call__(self, clip: Row) -> Context:
        item = self._sources[clip["source_id"]].item
        return Context(
            neutral=self._neutrals.get(item.speaker),
            given_emotion=item.emotion,
            given_level=item.level,
            correction=self._corrections.get(clip["clip_id"]),
        )
