"""Shard: the work files of a partition become its `clips` and `frames` files, one pair per split.

Reads    every stage's work file of the partition, and what the card says of its sources
Writes   clips/SPLIT-PPPPP-KKKKKKKK.parquet, frames/..., then the record that says the partition is whole
Rejects  nothing: a clip is in the corpus if every stage kept it

A file's name carries the hash of all that decides its content. So a build never touches a file that the
current manifest trusts, and pictures whose clips did not change are not written again for a new label.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.joined import joined_rows, kept_clips
from pipelines.outside import corrections_of, digests
from pipelines.partition import SHARD, Partition
from pipelines.record import Record, read_record
from pipelines.sources import Source
from pipelines.stage import Stage
from pipelines.workfile import DamagedError, ids_sha256, read_footer
from style2talker.corpus.manifest import ShardEntry, StageEntry, json_sha256
from style2talker.corpus.schema import CLIPS, FRAME_RATE_HZ, FRAMES
from style2talker.corpus.shard import CLIPS_PER_GROUP, FRAMES_PER_GROUP, ShardWriter, file_sha256
from style2talker.corpus.uri import Store

VERSION = 2


def shard_recipe(sources: Sequence[Source], recipes: Mapping[str, str]) -> str:
    """Hash of a partition's labels and of how all else in its files is made."""
    said = [[source.identity(), source.item.labels()] for source in sources]
    return json_sha256([VERSION, version("pyarrow"), str(CLIPS), said, dict(recipes)])


def columns_of(stages: Sequence[Stage], wanted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of the wanted columns come from which work file."""
    names = {*wanted} - {"clip_id"}
    chosen = {stage.name: tuple(n for n in stage.schema.names if n in names) for stage in stages}
    return {stage: columns for stage, columns in chosen.items() if columns}


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


def write_shards(
    store: Store, partition: Partition, stages: Sequence[Stage], entries: Sequence[StageEntry]
) -> Record:
    """Write the partition's shards and commit its record. Labels of the card join here: they cost no model.

    Args:
        entries: of the stages, for the provenance column.

    Raises:
        DamagedError, FileNotFoundError: a work file is broken or not there.
    """
    labels = {source.uri: source.item.labels() for source in partition.sources}
    clips = kept_clips(store, partition, [stage.name for stage in stages])
    by_split: dict[str, list[str]] = defaultdict(list)
    told = digests(partition, clips)
    told_by_split: dict[str, list[str]] = defaultdict(list)
    for clip in clips:
        by_split[labels[clip["source_uri"]]["split"]].append(clip["clip_id"])
        told_by_split[labels[clip["source_uri"]]["split"]].append(told[clip["clip_id"]])
    corrected = corrected_words(partition)
    made_by = provenance(entries)
    made = {name for stage in stages for name in stage.schema.names}
    unmade = {field.name: None for field in CLIPS if field.nullable and field.name not in made}
    joined = joined_rows(
        store, partition, columns_of(stages, CLIPS.names), {clip["clip_id"] for clip in clips}
    )
    shards, duration_s = [], 0.0
    with _Files(store, partition) as files:
        for row in joined:
            labelled = {**unmade, **row, **labels[row["source_uri"]], "provenance": made_by}
            labelled |= corrected.get(row["clip_id"], {})
            path = _path("clips", partition, labelled["split"], told_by_split[labelled["split"]])
            files.writer(path, "clips", labelled["split"]).write({n: labelled[n] for n in CLIPS.names})
            duration_s += row["num_frames"] / FRAME_RATE_HZ
    shards += files.entries
    there = {entry.path: entry for entry in _older_frames(store, partition)}
    for split, clip_ids in sorted(by_split.items()):
        path = _path("frames", partition, split, clip_ids)
        if path in there and store.size(path) == there[path].bytes:
            shards.append(there[path])
            continue
        with _Files(store, partition) as files:
            for row in joined_rows(store, partition, columns_of(stages, FRAMES.names), {*clip_ids}):
                files.writer(path, "frames", split).write({name: row[name] for name in FRAMES.names})
        shards += files.entries
    record = Record(
        num_clips=len(clips),
        duration_s=round(duration_s, 3),
        inputs={s.name: read_footer(store, partition.file(s.name)).clips_sha256 for s in stages},
        shards=tuple(shards),
    )
    store.write(partition.file(SHARD), record.to_json())
    return record


def corrected_words(partition: Partition) -> dict[str, dict[str, str]]:
    """The transcripts that people wrote, by clip. No stage makes them: `words` stays what was heard."""
    said = {clip_id: correction.transcript for clip_id, correction in corrections_of(partition).items()}
    return {clip_id: {"transcript": text} for clip_id, text in said.items() if text is not None}


def _older_frames(store: Store, partition: Partition) -> Iterator[ShardEntry]:
    """The pictures that older records of the partition know."""
    for name in partition.older.get(SHARD, ()):
        try:
            record = read_record(store, name)
        except (DamagedError, FileNotFoundError):
            continue
        yield from (entry for entry in record.shards if entry.kind == "frames")


def _path(kind: str, partition: Partition, split: str, ids: Sequence[str]) -> str:
    """`ids` are the clips', for the labels those of what each was told, which name the clip as well."""
    recipe = (
        partition.recipes[SHARD]
        if kind == "clips"
        else f"{version('pyarrow')} {FRAMES} {partition.recipes['track']}"
    )
    key = json_sha256([recipe, ids_sha256(ids)])
    return f"{kind}/{split}-{partition.number:05d}-{key[:8]}.parquet"


class _Files:
    """Open shards by path; closing commits them."""

    def __init__(self, store: Store, partition: Partition) -> None:
        self._store, self._number = store, partition.number
        self._open: dict[str, tuple[str, str, Path, ShardWriter]] = {}
        self._commits = ExitStack()
        self.entries: list[ShardEntry] = []

    def writer(self, path: str, kind: str, split: str) -> ShardWriter:
        if path not in self._open:
            scratch = self._commits.enter_context(self._store.writing(path))
            schema, rows = (CLIPS, CLIPS_PER_GROUP) if kind == "clips" else (FRAMES, FRAMES_PER_GROUP)
            self._open[path] = (
                kind,
                split,
                scratch,
                ShardWriter(scratch, schema=schema, rows_per_group=rows),
            )
        return self._open[path][3]

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        for path, (name, split, scratch, writer) in sorted(self._open.items()):
            writer.__exit__(kind, error, trace)
            if kind is None:
                self.entries.append(
                    ShardEntry(
                        path=path,
                        kind=name,
                        split=split,
                        partition=self._number,
                        rows=writer.num_rows,
                        bytes=scratch.stat().st_size,
                        sha256=file_sha256(scratch),
                    )
                )
        self._commits.__exit__(kind, error, trace)
