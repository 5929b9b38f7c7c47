"""Commit: sources, rejects, data card and manifest of a finished build; then what is left over is removed."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pipelines.index import CACHE, Index
from pipelines.leaks import refuse_leaks
from pipelines.partition import SHARD, WORK, Partition
from pipelines.report import write_report
from pipelines.request import HASHES, OWNER, Request, source_row
from pipelines.stage import Row
from pipelines.tombstones import FORGOTTEN
from style2talker import __version__
from style2talker.corpus.manifest import (
    NAME,
    Manifest,
    ShardEntry,
    json_sha256,
    read_manifest,
    write_manifest,
)
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import REJECTS, SCHEMA_VERSION, SOURCES
from style2talker.corpus.shard import bytes_sha256, file_sha256, write_shard
from style2talker.corpus.uri import TEMPORARY_SUFFIX, Store
from style2talker.errors import UserError

ROWS_PER_GROUP = 4096
"""Of sources and rejects, whose rows are small."""


def commit(
    store: Store,
    request: Request,
    partitions: Sequence[Partition],
    index: Index,
    *,
    check: Callable[[], None] = lambda: None,
) -> Manifest:
    """Write everything that speaks of the whole corpus, `corpus.json` last, and sweep.

    Args:
        check: called before anything is written that the committed corpus has, and again before the manifest
            is; raises if this build may not go on.

    Raises:
        UserError: a leak between the splits that the card does not allow.
    """
    records = [index.record(partition.file(SHARD)) for partition in partitions]
    done = [record for record in records if record is not None]
    if len(done) < len(records):
        raise RuntimeError(f"{len(records) - len(done)} partitions have no record after the run")
    described = request.card.describe()
    config = {"profile": request.profile, "stages": request.settings, "recipes": request.recipes}
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=request.card.name,
        made_with=f"style2talker {__version__}",
        profile=request.profile,
        card=described,
        card_sha256=json_sha256(described),
        config=config,
        config_sha256=json_sha256(config),
        num_sources=len({s.uri for s in request.sources} | {r["source_uri"] for r in request.rejects}),
        num_clips=sum(record.num_clips for record in done),
        duration_s=round(sum(record.duration_s for record in done), 3),
        stages=request.entries,
        shards=_in_order([entry for record in done for entry in record.shards]),
        coverage=dict(request.coverage),
    )
    refuse_leaks(Corpus(store=store, manifest=manifest), allowed=request.card.allow_leaks)
    check()
    extras = [_write_rejects(store, request, partitions, index), _write_sources(store, request)]
    if request.tombstones:
        content, rows = request.tombstones.to_bytes(), len(request.tombstones)
        extras.append(_write_text(store, FORGOTTEN, "forgotten", content, rows=rows))
    manifest = replace(manifest, shards=(*manifest.shards, *extras))
    texts = write_report(store, manifest)
    cards = [_write_text(store, path, "card", text.encode()) for path, text in texts.items()]
    manifest = replace(manifest, shards=(*manifest.shards, *cards))
    check()
    if not _is_committed(store, manifest):
        write_manifest(store, manifest)
    kept = {p.file(name) for p in partitions for name in [*request.recipes, SHARD]}
    _sweep(store, manifest, kept)
    index.save(kept)
    return manifest


def _in_order(entries: Sequence[ShardEntry]) -> tuple[ShardEntry, ...]:
    return tuple(sorted(entries, key=lambda entry: (entry.kind, entry.split, entry.partition)))


def all_rejects(request: Request, partitions: Sequence[Partition], index: Index) -> list[Row]:
    """Everything that was not kept, by source and time."""
    rejects = [*request.rejects]
    for partition in partitions:
        for stage in request.recipes:
            footer = index.footer(partition.file(stage))
            rejects += footer.rejects if footer is not None else ()
    return sorted(
        rejects, key=lambda row: (row["source_uri"], row["start_s"] or -1.0, row["stage"], row["kind"])
    )


def _write_rejects(
    store: Store, request: Request, partitions: Sequence[Partition], index: Index
) -> ShardEntry:
    path = "rejects.parquet"
    with store.writing(path) as scratch:
        rejects = all_rejects(request, partitions, index)
        rows = write_shard(scratch, rejects, schema=REJECTS, rows_per_group=ROWS_PER_GROUP)
        size, digest = scratch.stat().st_size, file_sha256(scratch)
    return ShardEntry(path=path, kind="rejects", split="", partition=0, rows=rows, bytes=size, sha256=digest)


def _write_sources(store: Store, request: Request) -> ShardEntry:
    path = "sources.parquet"
    with store.writing(path) as scratch:
        rows = write_shard(
            scratch, map(source_row, request.sources), schema=SOURCES, rows_per_group=ROWS_PER_GROUP
        )
        size, digest = scratch.stat().st_size, file_sha256(scratch)
    return ShardEntry(path=path, kind="sources", split="", partition=0, rows=rows, bytes=size, sha256=digest)


def _write_text(store: Store, path: str, kind: str, content: bytes, *, rows: int = 0) -> ShardEntry:
    store.write(path, content)
    return ShardEntry(
        path=path,
        kind=kind,
        split="",
        partition=0,
        rows=rows,
        bytes=len(content),
        sha256=bytes_sha256(content),
    )


def _is_committed(store: Store, manifest: Manifest) -> bool:
    try:
        return store.exists(NAME) and read_manifest(store) == manifest
    except UserError:
        return False  # a damaged one is written anew


def _sweep(store: Store, manifest: Manifest, kept: set[str]) -> None:
    """Remove shards and work files of earlier recipes and sources, and what killed writers left."""
    kept = kept | {entry.path for entry in manifest.shards} | {CACHE, HASHES, OWNER}
    for folder in ("clips", "frames", WORK):
        for name, _, _ in store.infos(folder):
            ours = name.endswith((".parquet", TEMPORARY_SUFFIX)) or name.startswith(f"{WORK}/{SHARD}/")
            if ours and name not in kept:
                store.delete(name)
