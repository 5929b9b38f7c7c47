"""Commit: rejects, data card and manifest of a finished build; then what no longer belongs is removed."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace

from pipelines.ledger import WORK, PartitionPlan, rejects_in
from pipelines.report import write_report
from pipelines.shard import read_record
from pipelines.stage import Row, Stage
from style2talker import __version__
from style2talker.corpus.card import Card
from style2talker.corpus.manifest import (
    NAME,
    Manifest,
    ShardEntry,
    json_sha256,
    read_manifest,
    write_manifest,
)
from style2talker.corpus.schema import REJECTS, SCHEMA_VERSION
from style2talker.corpus.shard import CLIPS_PER_GROUP, file_sha256, write_shard
from style2talker.corpus.uri import TEMPORARY_SUFFIX, Store
from style2talker.errors import UserError


def commit(
    store: Store,
    *,
    card: Card,
    profile: str,
    stages: Sequence[Stage],
    partitions: Sequence[PartitionPlan],
    source_rejects: Sequence[Row],
) -> Manifest:
    """Write everything that speaks of the whole corpus, `corpus.json` last, and sweep."""
    records = []
    for plan in partitions:
        record = read_record(store, plan)
        if record is None:
            raise RuntimeError(f"partition {plan.partition} has no record after the run")
        records.append(record)
    rejects = [*source_rejects]
    for plan in partitions:
        for stage in stages:
            rejects += rejects_in(store, plan.file(stage.name))
    rejects.sort(key=lambda row: (row["source_uri"], row["start_s"] or -1.0, row["stage"], row["kind"]))
    described = card.describe()
    config = {"profile": profile, "stages": {stage.name: asdict(stage.config) for stage in stages}}
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=card.name,
        made_with=f"style2talker {__version__}",
        profile=profile,
        card=described,
        card_sha256=json_sha256(described),
        config=config,
        config_sha256=json_sha256(config),
        num_sources=len({row["source_uri"] for row in source_rejects})
        + sum(len(p.sources) for p in partitions),
        num_clips=sum(record.num_clips for record in records),
        duration_s=round(sum(record.duration_s for record in records), 3),
        stages=tuple(stage.entry() for stage in stages),
        shards=_in_order([entry for record in records for entry in record.shards]),
    )
    manifest = replace(manifest, shards=(*manifest.shards, _write_rejects(store, rejects)))
    manifest = replace(manifest, shards=(*manifest.shards, *_write_cards(store, manifest)))
    if not _is_committed(store, manifest):
        write_manifest(store, manifest)
    _sweep(store, manifest, stages, partitions)
    return manifest


def _in_order(entries: Sequence[ShardEntry]) -> tuple[ShardEntry, ...]:
    return tuple(sorted(entries, key=lambda entry: (entry.kind, entry.split, entry.partition)))


def _write_rejects(store: Store, rejects: Sequence[Row]) -> ShardEntry:
    path = "rejects.parquet"
    with store.writing(path) as scratch:
        rows = write_shard(scratch, rejects, schema=REJECTS, rows_per_group=CLIPS_PER_GROUP)
        size, digest = scratch.stat().st_size, file_sha256(scratch)
    return ShardEntry(path=path, kind="rejects", split="", partition=0, rows=rows, bytes=size, sha256=digest)


def _write_cards(store: Store, manifest: Manifest) -> list[ShardEntry]:
    entries = []
    for path, text in write_report(store, manifest).items():
        content = text.encode()
        store.write(path, content)
        entries.append(
            ShardEntry(
                path=path,
                kind="card",
                split="",
                partition=0,
                rows=0,
                bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
            )
        )
    return entries


def _is_committed(store: Store, manifest: Manifest) -> bool:
    try:
        return store.exists(NAME) and read_manifest(store) == manifest
    except UserError:
        return False  # a damaged one is written anew


def _sweep(
    store: Store, manifest: Manifest, stages: Sequence[Stage], partitions: Sequence[PartitionPlan]
) -> None:
    """Remove shards and work files of earlier fingerprints, and what killed writers left."""
    kept = {entry.path for entry in manifest.shards}
    kept |= {plan.file(name) for plan in partitions for name in [*(s.name for s in stages), "shard"]}
    for folder in ("clips", "frames", WORK):
        for name in store.names(folder):
            ours = name.endswith((".parquet", TEMPORARY_SUFFIX)) or name.startswith(f"{WORK}/shard/")
            if ours and name not in kept:
                store.delete(name)
