"""Shard: the work files of a partition become its `clips` and `frames` files, one pair per split.

Reads    every stage's work file of the partition, and the card's labels of its sources
Writes   clips/SPLIT-PPPPP-FFFFFFFF.parquet, frames/..., then the record that says the partition is whole
Rejects  nothing: a clip is in the corpus if every stage kept it

The names carry the fingerprint, so a new build never touches a file that the current manifest trusts.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.ledger import PartitionPlan, clip_rows
from pipelines.sources import Source
from pipelines.stage import Row, Stage
from style2talker.corpus.card import Card
from style2talker.corpus.manifest import ShardEntry, StageEntry, json_sha256
from style2talker.corpus.schema import CLIPS, FRAME_RATE_HZ, FRAMES
from style2talker.corpus.shard import CLIPS_PER_GROUP, FRAMES_PER_GROUP, ShardWriter, file_sha256
from style2talker.corpus.uri import Store

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a finished partition consists of."""

    num_clips: int
    duration_s: float
    shards: tuple[ShardEntry, ...]


def labels_of(card: Card, source_uri: str) -> Row:
    """The columns that come from the card; they join last, so that a new split or licence costs no model."""
    speaker = card.speaker_of(source_uri)
    emotion, level = card.emotion_of(source_uri)
    return {
        "speaker": speaker,
        "split": card.split_of(speaker),
        "licence": card.licence,
        "commercial_use": card.commercial_use,
        "consent": card.consent,
        "given_emotion": emotion,
        "given_level": level,
    }


def shard_fingerprint(
    card: Card, stages: Sequence[Stage], sources: Sequence[Source], prints: Mapping[str, str]
) -> str:
    """Hash of the partition's labels and of all that goes into its files."""
    labels = {source.uri: labels_of(card, source.uri) for source in sources}
    return json_sha256([VERSION, CLIPS.to_string(), labels, [prints[stage.name] for stage in stages]])


def columns_of(stages: Sequence[Stage]) -> dict[str, tuple[str, ...]]:
    """Which columns of each work file go into the corpus."""
    wanted = {*CLIPS.names, *FRAMES.names} - {"clip_id"}
    return {stage.name: tuple(n for n in stage.schema.names if n in wanted) for stage in stages}


def provenance(entries: Sequence[StageEntry]) -> list[dict[str, Any]]:
    """The provenance column: which stage version, config and weights made this row's labels."""
    return [
        {
            "stage": entry.name,
            "version": entry.version,
            "config_sha256": entry.config_sha256,
            "weights": " ".join(f"{name}@{sha256}" for name, sha256 in sorted(entry.weights.items())),
        }
        for entry in entries
    ]


def write_shards(store: Store, plan: PartitionPlan, stages: Sequence[Stage], card: Card) -> Record:
    """Write the partition's shards and commit its record."""
    made_by = provenance([stage.entry() for stage in stages])
    duration_s = 0.0
    with _Files(store, plan) as files:
        for row in clip_rows(store, plan, columns_of(stages)):
            labelled = {**row, **labels_of(card, row["source_uri"]), "provenance": made_by}
            split = labelled["split"]
            files.writer("clips", split).write({name: labelled[name] for name in CLIPS.names})
            files.writer("frames", split).write({name: labelled[name] for name in FRAMES.names})
            duration_s += row["num_frames"] / FRAME_RATE_HZ
    shards = tuple(files.entries)
    num_clips = sum(entry.rows for entry in shards if entry.kind == "clips")
    record = Record(num_clips=num_clips, duration_s=round(duration_s, 3), shards=shards)
    store.write(plan.file("shard"), json.dumps(asdict(record), sort_keys=True).encode())
    return record


def read_record(store: Store, plan: PartitionPlan) -> Record | None:
    """The partition's record, if it is finished and its files are all there."""
    name = plan.file("shard")
    if not store.exists(name):
        return None
    data = json.loads(store.read(name))
    shards = tuple(ShardEntry(**entry) for entry in data["shards"])
    if any(store.size(entry.path) != entry.bytes for entry in shards):
        return None
    return Record(num_clips=data["num_clips"], duration_s=data["duration_s"], shards=shards)


class _Files:
    """The open shards of a partition; closing commits them."""

    def __init__(self, store: Store, plan: PartitionPlan) -> None:
        self._store, self._plan = store, plan
        self._open: dict[tuple[str, str], tuple[Path, ShardWriter]] = {}
        self._commits = ExitStack()
        self.entries: list[ShardEntry] = []

    def writer(self, kind: str, split: str) -> ShardWriter:
        if (kind, split) not in self._open:
            scratch = self._commits.enter_context(self._store.writing(self._path(kind, split)))
            schema, rows = (CLIPS, CLIPS_PER_GROUP) if kind == "clips" else (FRAMES, FRAMES_PER_GROUP)
            self._open[kind, split] = (scratch, ShardWriter(scratch, schema=schema, rows_per_group=rows))
        return self._open[kind, split][1]

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        for (name, split), (scratch, writer) in sorted(self._open.items()):
            writer.__exit__(kind, error, trace)
            if kind is None:
                self.entries.append(self._entry(name, split, scratch, writer.num_rows))
        self._commits.__exit__(kind, error, trace)

    def _path(self, kind: str, split: str) -> str:
        partition, fingerprint = self._plan.partition, self._plan.fingerprints["shard"]
        return f"{kind}/{split}-{partition:05d}-{fingerprint[:8]}.parquet"

    def _entry(self, kind: str, split: str, scratch: Path, rows: int) -> ShardEntry:
        return ShardEntry(
            path=self._path(kind, split),
            kind=kind,
            split=split,
            partition=self._plan.partition,
            rows=rows,
            bytes=scratch.stat().st_size,
            sha256=file_sha256(scratch),
        )
