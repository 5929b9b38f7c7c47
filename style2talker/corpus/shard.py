"""Deterministic Parquet: the same rows give the same bytes, on any machine with the same pyarrow.

Every option that could change a byte is fixed here; nothing in a file depends on time, host or row arrival.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CLIPS_PER_GROUP = 32
"""Rows in a row group of `clips`, about half a megabyte each."""
FRAMES_PER_GROUP = 4
"""Rows in a row group of `frames`: one is a clip of up to 250 JPEG pictures, so a reader holds a few MB."""


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """The one way in which Parquet is written here."""
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        compression="zstd",
        compression_level=3,
        use_dictionary=False,
        write_statistics=True,
        data_page_version="1.0",
        data_page_size=1 << 20,
        write_page_index=False,
        write_page_checksum=True,  # a reader sees one flipped bit before it is believed
        store_schema=True,
        store_decimal_as_integer=False,
    )


class ShardWriter:
    """Write rows to one Parquet file with bounded memory. Use as a context manager.

    Args:
        path: local file to create.
        schema: of the rows; a row with a missing, extra or wrong-typed column raises `ValueError`.
        rows_per_group: rows buffered, then written as one row group.
    """

    def __init__(self, path: Path, *, schema: pa.Schema, rows_per_group: int) -> None:
        self._schema = schema
        self._rows_per_group = rows_per_group
        self._buffer: list[Mapping[str, Any]] = []
        self.num_rows = 0
        self._names = set(schema.names)
        self._writer = parquet_writer(path, schema)

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._flush()
        self._writer.close()

    def write(self, row: Mapping[str, Any]) -> None:
        if row.keys() != self._names:
            wrong = sorted(row.keys() ^ self._names)
            raise ValueError(f"row has missing or extra columns {wrong}; the schema has {self._schema.names}")
        self._buffer.append(row)
        self.num_rows += 1
        if len(self._buffer) == self._rows_per_group:
            self._flush()

    def metadata(self, values: Mapping[str, str]) -> None:
        """Store small texts in the file's footer."""
        self._writer.add_key_value_metadata(dict(values))

    def _flush(self) -> None:
        if not self._buffer:
            return
        arrays = [
            column_array([row[field.name] for row in self._buffer], field.type) for field in self._schema
        ]
        # validates nulls too: Parquet would write a null into a required column without a word
        for field, array in zip(self._schema, arrays, strict=True):
            if not field.nullable and array.null_count:
                raise ValueError(f"column {field.name} has {array.null_count} nulls, the schema allows none")
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema), self._rows_per_group)
        self._buffer.clear()


def column_array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Arrow array of one column; matrices [T, K] become nested lists without a Python loop per number."""
    if pa.types.is_list(kind) and pa.types.is_list(kind.value_type):
        return _ragged(values, kind)
    return pa.array(values, type=kind)


def _ragged(values: list[Any], kind: pa.ListType) -> pa.Array:
    matrices = [np.asarray(value, dtype=kind.value_type.value_type.to_pandas_dtype()) for value in values]
    for matrix in matrices:
        if matrix.ndim != 2:
            raise ValueError(f"a matrix column got an array of shape {matrix.shape}; it takes [T, K]")
    widths = np.concatenate([np.full(len(matrix), matrix.shape[1]) for matrix in matrices]).astype(np.int32)
    flat = np.concatenate([matrix.ravel() for matrix in matrices])
    rows = pa.ListArray.from_arrays(pa.array(_offsets(widths)), pa.array(flat), type=kind.value_type)
    lengths = np.array([len(matrix) for matrix in matrices], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(_offsets(lengths)), rows, type=kind)


def _offsets(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)


def write_shard(
    path: Path, rows: Iterable[Mapping[str, Any]], *, schema: pa.Schema, rows_per_group: int
) -> int:
    """Write all rows; returns how many."""
    with ShardWriter(path, schema=schema, rows_per_group=rows_per_group) as writer:
        for row in rows:
            writer.write(row)
    return writer.num_rows


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def bytes_sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
