"""Read a corpus: rows as NumPy, one row group in memory at a time, only the columns that are asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from style2talker.corpus.intact import open_intact, read_group
from style2talker.corpus.manifest import Manifest, ShardEntry, read_manifest
from style2talker.corpus.migrate import migrate, schema_at
from style2talker.corpus.schema import CLIPS
from style2talker.corpus.splits import SPLITS
from style2talker.corpus.uri import Store, open_store
from style2talker.errors import UserError

Row = dict[str, Any]


def matrix(value: Any) -> np.ndarray:
    """A list column's value as np.float32, [T, K] for a matrix column and [T] for a plain list.

    Takes an Arrow scalar (a view on the flat buffer, no Python loop), an array or nested lists.
    """
    if isinstance(value, np.ndarray):
        return value.astype(np.float32, copy=False)
    if not isinstance(value, pa.ListScalar):
        return np.asarray(value, dtype=np.float32)
    outer = value.values
    if not pa.types.is_list(outer.type):
        return outer.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return outer.flatten().to_numpy().reshape(len(outer), -1).astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """A finished corpus. Trusts its manifest, never a directory listing; `verify` checks the bytes.

    A corpus of an older schema reads as one of today, see `migrate`. With `commercial_only` it looks as if
    it had no other clips than those that may be used commercially.
    """

    store: Store
    manifest: Manifest
    commercial_only: bool = False

    @classmethod
    def open(cls, uri: str, *, commercial_only: bool = False) -> "Corpus":
        """Open `uri` (plain path, file://, s3://, gs://).

        Raises:
            UserError: no corpus there, a damaged manifest or a newer schema.
        """
        store = open_store(str(uri))
        return cls(store=store, manifest=read_manifest(store), commercial_only=commercial_only)

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that have clips, in the order train, val, test."""
        present = {shard.split for shard in self.manifest.of_kind("clips")}
        return tuple(name for name in SPLITS if name in present and self.num_clips(name))

    def num_clips(self, split: str | None = None) -> int:
        if self.commercial_only:
            return sum(table.num_rows for table in self.tables(split, ["clip_id"]))
        return sum(shard.rows for shard in self.manifest.of_kind("clips", split=split))

    def tables(
        self,
        split: str | None = None,
        columns: Sequence[str] | None = None,
        clip_ids: Sequence[str] | None = None,
    ) -> Iterator[pa.Table]:
        """Row groups of `clips` in manifest order, with the given columns, of all clips or of the named ones.

        Raises:
            UserError: an unknown column or split, or a shard that is missing or damaged.
        """
        unknown = sorted(set(columns or ()) - set(CLIPS.names))
        if unknown:
            raise UserError(f"clips have no column {unknown[0]!r}; they have {', '.join(CLIPS.names)}.")
        if split is not None and split not in SPLITS:
            raise UserError(f"there is no split {split!r}; give train, val or test.")
        for shard in self.manifest.of_kind("clips", split=split):
            yield from self.shard_tables(shard, columns, clip_ids)

    def clips(
        self,
        split: str | None = None,
        columns: Sequence[str] | None = None,
        clip_ids: Sequence[str] | None = None,
    ) -> Iterator[Row]:
        """One dict per clip, or per named clip, in manifest order: float lists and matrices as np.float32
        arrays, all else as Python values.
        """
        for table in self.tables(split, columns, clip_ids):
            yield from rows_of(table)

    def frames(self, clip_ids: Sequence[str] | None = None, *, split: str | None = None) -> Iterator[Row]:
        """`clip_id` and `jpeg` (a list of bytes) of every clip, or of the named ones, in manifest order."""
        if self.commercial_only:  # the frames do not say it, their clips do
            tables = self.tables(split, ["clip_id"], clip_ids)
            clip_ids = [clip_id for table in tables for clip_id in table.column(0).to_pylist()]
        for shard in self.manifest.of_kind("frames", split=split):
            for table in self.shard_tables(shard, None, clip_ids):
                yield from rows_of(table)

    def rejects(self) -> list[Row]:
        """Everything that was not kept, and why."""
        return [
            row
            for shard in self.manifest.of_kind("rejects")
            for table in self.shard_tables(shard, None, None)
            for row in rows_of(table)
        ]

    def shard_tables(
        self,
        shard: ShardEntry,
        columns: Sequence[str] | None = None,
        clip_ids: Sequence[str] | None = None,
    ) -> Iterator[pa.Table]:
        """Row groups of one shard, as `tables` gives them.

        Raises:
            UserError: the shard is missing, damaged or not the one that the manifest means.
        """
        version = self.manifest.schema_version
        stored = schema_at(shard.kind, version).names
        read = None if columns is None else [name for name in columns if name in stored] or ["clip_id"]
        with self.open_shard(shard) as file:
            for group in range(file.num_row_groups):
                chosen = self._chosen(file, group, shard, clip_ids)
                if chosen is not None and not pc.any(chosen, min_count=0).as_py():
                    continue
                table = read_group(file, group, read)
                table = migrate(table, shard.kind, version=version)
                table = table if columns is None else table.select(list(columns))
                yield table if chosen is None else table.filter(chosen)

    def _chosen(
        self, file: pq.ParquetFile, group: int, shard: ShardEntry, clip_ids: Sequence[str] | None
    ) -> pa.ChunkedArray | None:
        """Which rows of the group are wanted, None for all. Looks at small columns; the others are large."""
        chosen = None
        if clip_ids is not None:
            ids = read_group(file, group, ["clip_id"]).column(0)
            chosen = pc.is_in(ids, value_set=pa.array(clip_ids, pa.string()))
        if self.commercial_only and shard.kind == "clips":
            allowed = read_group(file, group, ["commercial_use"]).column(0)
            chosen = allowed if chosen is None else pc.and_(chosen, allowed)
        return chosen

    @contextmanager
    def open_shard(self, shard: ShardEntry) -> Iterator[pq.ParquetFile]:
        """A shard as it is stored, not migrated; read it with `read_group`.

        Raises:
            UserError: as `shard_tables`, also for what the block reads.
        """
        with open_intact(self.store, shard.path) as file:
            agrees = file.schema_arrow.equals(schema_at(shard.kind, self.manifest.schema_version))
            if not agrees or file.metadata.num_rows != shard.rows:
                raise pa.ArrowInvalid("it is not what the manifest says")
            yield file


def rows_of(table: pa.Table) -> Iterator[Row]:
    """Rows of a table as `Corpus.clips` gives them."""
    columns = {field.name: _values(table.column(field.name), field.type) for field in table.schema}
    for index in range(table.num_rows):
        yield {name: values[index] for name, values in columns.items()}


def _values(column: pa.ChunkedArray, kind: pa.DataType) -> list[Any]:
    leaf = kind
    while pa.types.is_list(leaf):
        leaf = leaf.value_type
    if pa.types.is_list(kind) and pa.types.is_floating(leaf):
        return [None if not value.is_valid else matrix(value) for value in column]
    return column.to_pylist()
