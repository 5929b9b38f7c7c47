"""Parquet that is believed only when it is intact: one flipped bit is an error, never another number.

Page checksums cover what is in the pages, not the pages' own headers. There a flipped bit can cut values off
the end of a list column and leave all else as it was, so the values read are counted against the footer.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from style2talker.corpus.uri import Store
from style2talker.errors import UserError


class LostError(UserError):
    """A file that the manifest names is not there: lost, or replaced by a later build."""


@contextmanager
def open_intact(store: Store, path: str) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file of a corpus; read it with `read_group`.

    Raises:
        LostError: it is missing.
        UserError: it is damaged or out of reach, also for what the block finds out.
    """
    try:
        with pq.ParquetFile(store.open(path), page_checksum_verification=True) as file:
            yield file
    except FileNotFoundError as error:
        raise LostError(f"{store.uri} has lost {path}, which belongs to it; run the build again.") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{store.uri}/{path} is damaged or out of reach ({reason}); delete it and run the build again."
        ) from error


def read_group(file: pq.ParquetFile, group: int, columns: Sequence[str] | None = None) -> pa.Table:
    """A row group, or the given columns of it. Raises `pa.ArrowInvalid` when values are missing in it."""
    table = file.read_row_group(group, columns=None if columns is None else list(columns))
    metadata = file.metadata.row_group(group)
    said = {
        metadata.column(c).path_in_schema: metadata.column(c).num_values for c in range(metadata.num_columns)
    }
    for field in table.schema:
        path, kind = field.name, field.type
        while pa.types.is_list(kind):
            path, kind = f"{path}.list.element", kind.value_type
        if path != field.name and path in said:  # of structures the parts are counted against each other
            found = _num_values(table.column(field.name).combine_chunks())
            if found != said[path]:
                raise pa.ArrowInvalid(f"{field.name} has {found} values, the footer says {said[path]}")
    return table


def _num_values(array: pa.Array) -> int:
    """Values as Parquet counts them: an empty list is one, too."""
    empty = 0
    while pa.types.is_list(array.type):
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        empty += pc.sum(pc.equal(lengths, 0), min_count=0).as_py()
        array = array.flatten()
    return empty + len(array)
