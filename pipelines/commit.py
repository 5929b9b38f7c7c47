"""Commit: sources, rejects, data card and manifest of a finished build; then what is left over is removed."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from pipelines.index import CACHE, Index
from pipelines.leaks import refuse_leaks
from pipelines.neutrals import file_of
from pipelines.outside import neutral_keys
from pipelines.partition import SHARD, WORK, Partition
from pipelines.report import write_report
from pipelines.request import HASHES, OWNER, Request, source_row
from pipelines.stage import Row
from pipelines.tombstones import FORGOTTEN, read_tombstones
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
_OURS = re.compile(
    r"(clips|frames)/.*\.parquet$|(rejects|sources)[^/]*\.parquet$"
    rf"|{WORK}/(?!lock/).*\.(parquet|json)$|(?!{WORK}/lock/).*{re.escape(TEMPORARY_SUFFIX)}$"
)
"""Names that builds write; another's lock is not ours to touch."""


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
        num_sources=len(request.sources),
        num_clips=sum(record.num_clips for record in done),
        duration_s=round(sum(record.duration_s for record in done), 3),
        stages=request.entries,
        shards=_in_order([entry for record in done for entry in record.shards]),
        coverage=dict(request.coverage),
    )
    refuse_leaks(Corpus(store=store, manifest=manifest), allowed=request.card.allow_leaks)
    check()
    if read_tombstones(store) != request.tombstones:
        raise UserError(f"{store.uri}: somebody was forgotten while this build ran; run it again.")
    rejects = all_rejects(request, partitions, index)
    extras = [
        _write_rows(store, "rejects", REJECTS, rejects),
        _write_rows(store, "sources", SOURCES, [source_row(source) for source in request.sources]),
    ]
    if request.tombstones:
        extras.append(_tombstones_entry(request))
    manifest = replace(manifest, shards=(*manifest.shards, *extras))
    check()
    if not _is_committed(store, manifest):
        write_manifest(store, manifest)
    for path, text in write_report(store, manifest).items():
        store.write(path, text.encode())  # views of the data: the manifest does not speak of them
    kept = {p.file(name) for p in partitions for name in [*request.recipes, SHARD]}
    _sweep(store, manifest, kept | {file_of(key) for p in partitions for key in neutral_keys(p)})
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


def _write_rows(store: Store, kind: str, schema: pa.Schema, rows: Sequence[Row]) -> ShardEntry:
    """A small table, named by its content: the committed corpus keeps its own until the manifest changes."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder, kind)
        write_shard(scratch, rows, schema=schema, rows_per_group=ROWS_PER_GROUP)
        digest, content = file_sha256(scratch), scratch.read_bytes()
    path = f"{kind}-{digest[:8]}.parquet"
    store.write(path, content)
    return ShardEntry(
        path=path, kind=kind, split="", partition=0, rows=len(rows), bytes=len(content), sha256=digest
    )


def _tombstones_entry(request: Request) -> ShardEntry:
    content = request.tombstones.to_bytes()
    return ShardEntry(
        path=FORGOTTEN,
        kind="forgotten",
        split="",
        partition=0,
        rows=len(request.tombstones),
        bytes=len(content),
        sha256=bytes_sha256(content),
    )


def _is_committed(store: Store, manifest: Manifest) -> bool:
    try:
        return store.exists(NAME) and read_manifest(store) == manifest
    except UserError:
        return False  # a damaged one is written anew


def _sweep(store: Store, manifest: Manifest, kept: set[str]) -> None:
    """Remove tables and work files of earlier recipes and sources, and what killed writers left."""
    kept = kept | {entry.path for entry in manifest.shards} | {CACHE, HASHES, OWNER}
    for name, _, _ in store.infos(""):
        if _OURS.match(name) and name not in kept:
            store.delete(name)
