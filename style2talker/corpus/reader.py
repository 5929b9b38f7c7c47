"""Read a corpus: rows as NumPy, one row group in memory at a time, only the columns that are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from style2talker.corpus.manifest import Manifest, ShardEntry, read_manifest
from style2talker.corpus.schema import CLIPS
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
    """A finished corpus. Trusts its manifest, never a directory listing; `verify` checks the bytes."""

    store: Store
    manifest: Manifest

    @classmethod
    def open(cls, uri: str) -> "Corpus":
        """Open `uri` (plain path, file://, s3://, gs://).

        Raises:
            UserError: no corpus there, a damaged manifest or a newer schema.
        """
        store = open_store(str(uri))
        return cls(store=store, manifest=read_manifest(store))

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that have clips, in the order train, val, test."""
        present = {shard.split for shard in self.manifest.of_kind("clips")}
        return tuple(name for name in ("train", "val", "test") if name in present)

    def num_clips(self, split: str | None = None) -> int:
        return sum(shard.rows for shard in self.manifest.of_kind("clips", split=split))

    def tables(
        self,
        split: str | None = None,
        columns: Sequence[str] | None = None,
        clip_ids: Sequence[str] | None = None,
    ) -> Iterator[pa.Table]:
        """Row groups of `clips` in manifest order, with the given columns, of all clips or of the named ones.

        Raises:
            UserError: an unknown column or split, or a shard that is missing.
        """
        unknown = sorted(set(columns or ()) - set(CLIPS.names))
        if unknown:
            raise UserError(f"clips have no column {unknown[0]!r}; they have {', '.join(CLIPS.names)}.")
        if split is not None and split not in ("train", "val", "test"):
            raise UserError(f"there is no split {split!r}; give train, val or test.")
        for shard in self.manifest.of_kind("clips", split=split):
            yield from self._groups(shard, columns, clip_ids)

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
        for shard in self.manifest.of_kind("frames", split=split):
            for table in self._groups(shard, None, clip_ids):
                yield from rows_of(table)

    def rejects(self) -> list[Row]:
        """Everything that was not kept, and why."""
        return [
            row
            for shard in self.manifest.of_kind("rejects")
            for table in self._groups(shard, None, None)
            for row in rows_of(table)
        ]

    def _groups(
        self, shard: ShardEntry, columns: Sequence[str] | None, clip_ids: Sequence[str] | None
    ) -> Iterator[pa.Table]:
        with self._open(shard) as file:
            for group in range(file.num_row_groups):
                chosen = None
                if clip_ids is not None:  # look at the ids first: what they name is far larger
                    ids = file.read_row_group(group, columns=["clip_id"]).column(0)
                    chosen = pc.is_in(ids, value_set=pa.array(clip_ids, pa.string()))
                    if not pc.any(chosen).as_py():
                        continue
                table = file.read_row_group(group, columns=None if columns is None else list(columns))
                yield table if chosen is None else table.filter(chosen)

    def _open(self, shard: ShardEntry) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.store.open(shard.path))
        except FileNotFoundError as error:
            raise UserError(
                f"{self.store.uri} has lost {shard.path}, which its manifest names; run the build again."
            ) from error
        except pa.ArrowInvalid as error:
            raise UserError(
                f"{self.store.uri}/{shard.path} is damaged ({error}); run the build again."
            ) from error


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
