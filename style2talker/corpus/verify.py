"""Check a corpus against its manifest: every file's bytes, every schema, every promise between columns."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from style2talker.corpus.manifest import NAME, Manifest, ShardEntry, json_sha256, read_manifest
from style2talker.corpus.migrate import SCHEMAS, schema_at
from style2talker.corpus.schema import NUM_SENTENCES
from style2talker.corpus.uri import Store, open_store
from style2talker.errors import UserError
from style2talker.progress import track

PER_FRAME = (
    "face_found", "blendshapes", "crop", "expression", "rotation", "translation", "fit_error",
    "pitch_hz", "energy_db",
)  # fmt: skip
_AGAIN = "delete it and run the build again."


def verify(uri: str) -> list[str]:
    """Every problem of the corpus at `uri`, one sentence each; empty when it is sound."""
    store = open_store(str(uri))
    try:
        manifest = read_manifest(store)
    except UserError as error:
        return [str(error)]
    return [*_files(store, manifest), *_totals(manifest), *_strays(store, manifest)]


def _files(store: Store, manifest: Manifest) -> Iterator[str]:
    seen: dict[str, str] = {}
    num_frames: dict[str, int] = {}
    ids: dict[tuple[str, int, str], list[str]] = {}
    for shard in track(manifest.shards, "verify", total=len(manifest.shards), unit="files"):
        problem = _bytes(store, shard)
        if problem:
            yield problem
            continue
        if shard.kind not in SCHEMAS:
            continue
        try:
            with pq.ParquetFile(store.open(shard.path)) as file:
                yield from _schema(file, shard, manifest.schema_version)
                if shard.kind not in ("clips", "frames"):
                    continue
                clip_ids = file.read(columns=["clip_id"]).column(0).to_pylist()
                ids[shard.split, shard.partition, shard.kind] = clip_ids
                if shard.kind == "clips":
                    yield from _clips(file, shard, seen, num_frames)
                else:
                    yield from _frames(file, shard, num_frames)
        except (pa.ArrowException, OSError, KeyError) as error:
            yield f"{shard.path} cannot be read as Parquet ({error}); {_AGAIN}"
    for (split, partition, kind), clip_ids in ids.items():
        if kind == "clips" and ids.get((split, partition, "frames"), clip_ids) != clip_ids:
            yield f"clips and frames of {split} partition {partition} differ in their clips or the order."


def _bytes(store: Store, shard: ShardEntry) -> str | None:
    if shard.kind == "forgotten" and store.exists(shard.path):
        return None  # it only grows, and ahead of the manifest: whoever is in it is on the way out
    try:
        size = store.size(shard.path)
    except UserError as error:
        return str(error)
    if size is None:
        return f"{shard.path} is missing, the manifest names it with {shard.rows} rows; run the build again."
    if size != shard.bytes:
        return f"{shard.path} has {size} bytes, the manifest says {shard.bytes}; {_AGAIN}"
    actual = store.sha256(shard.path)
    if actual != shard.sha256:
        said = f"{actual[:16]}..., the manifest says {shard.sha256[:16]}..."
        return f"{shard.path} has sha256 {said}, so its bytes changed; {_AGAIN}"
    return None


def _schema(file: pq.ParquetFile, shard: ShardEntry, version: int) -> Iterator[str]:
    wanted = schema_at(shard.kind, version)
    if not file.schema_arrow.equals(wanted):
        got = {f.name: f for f in file.schema_arrow}
        wrong = sorted(
            {f.name for f in wanted if f.name not in got or not got[f.name].equals(f)}
            | (got.keys() - set(wanted.names))
        )
        what = ", ".join(wrong) or "order"
        yield f"{shard.path} does not have the {shard.kind} schema; it differs in {what}."
    if file.metadata.num_rows != shard.rows:
        yield f"{shard.path} has {file.metadata.num_rows} rows, the manifest says {shard.rows}."


def _clips(
    file: pq.ParquetFile, shard: ShardEntry, seen: dict[str, str], known: dict[str, int]
) -> Iterator[str]:
    for group in range(file.num_row_groups):
        table = file.read_row_group(
            group, columns=["clip_id", "split", "num_frames", "sentences", *PER_FRAME]
        )
        num_frames = table.column("num_frames").to_pylist()
        lengths = {name: _lengths(table.column(name)) for name in (*PER_FRAME, "sentences")}
        for row, clip_id in enumerate(table.column("clip_id").to_pylist()):
            if clip_id in seen:
                yield f"clip {clip_id} is in {seen[clip_id]} and again in {shard.path}."
            seen[clip_id], known[clip_id] = shard.path, num_frames[row]
            for name in PER_FRAME:
                entries = lengths[name][row]
                if entries != num_frames[row]:
                    yield f"clip {clip_id} has {num_frames[row]} frames but {entries} entries in {name}."
            if lengths["sentences"][row] != NUM_SENTENCES:
                yield f"clip {clip_id} has {lengths['sentences'][row]} sentences, expected {NUM_SENTENCES}."
        if set(table.column("split").to_pylist()) - {shard.split}:
            yield f"{shard.path} holds clips of another split than {shard.split}."


def _frames(file: pq.ParquetFile, shard: ShardEntry, known: dict[str, int]) -> Iterator[str]:
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        for clip_id, pictures in zip(table.column("clip_id").to_pylist(), table.column("jpeg"), strict=True):
            if len(pictures.values) != known.get(clip_id, len(pictures.values)):
                yield f"clip {clip_id} has {known[clip_id]} frames but {len(pictures.values)} pictures."
            if any(not picture.as_py().startswith(b"\xff\xd8") for picture in pictures.values):
                yield f"clip {clip_id} in {shard.path} holds a frame that is not a JPEG."


def _lengths(column: pa.ChunkedArray) -> list[int]:
    return [0 if not value.is_valid else len(value.values) for value in column]


def _totals(manifest: Manifest) -> Iterator[str]:
    rows = sum(shard.rows for shard in manifest.of_kind("clips"))
    if rows != manifest.num_clips:
        yield f"{NAME} says {manifest.num_clips} clips, its shards sum to {rows}."
    for what in ("card", "config"):
        actual, said = json_sha256(getattr(manifest, what)), getattr(manifest, f"{what}_sha256")
        if actual != said:
            yield f"{NAME} holds a {what} with sha256 {actual[:16]}..., not {said[:16]}...; it was changed."


def _strays(store: Store, manifest: Manifest) -> Iterator[str]:
    known = {shard.path for shard in manifest.shards}
    for folder in ("clips", "frames"):
        for name in store.names(folder):
            if name.endswith(".parquet") and name not in known:
                yield f"{name} is not in the manifest; an unfinished build left it, run the build again."
