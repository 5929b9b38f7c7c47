"""Joined: the clips of a partition with columns from several work files, in the order of discover."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipelines.partition import Partition
from pipelines.stage import SPAN_COLUMNS, Row
from pipelines.workfile import read_columns, stream_rows
from style2talker.corpus.uri import Store


def kept_clips(store: Store, partition: Partition, stages: Iterable[str]) -> list[Row]:
    """The `SPAN_COLUMNS` of the clips that discover and all of `stages` kept.

    Raises:
        DamagedError, FileNotFoundError: a work file is broken or not there.
    """
    rows = read_columns(store, partition.file("discover"), SPAN_COLUMNS)
    for stage in stages:
        if stage != "discover":
            kept = {row["clip_id"] for row in read_columns(store, partition.file(stage), ["clip_id"])}
            rows = [row for row in rows if row["clip_id"] in kept]
    return rows


def joined_rows(
    store: Store, partition: Partition, reads: Mapping[str, Sequence[str]], wanted: set[str]
) -> Iterator[Row]:
    """The wanted clips with the columns of each stage in `reads`, one row group of each in memory.

    Raises:
        DamagedError, FileNotFoundError: a work file is broken or not there.
    """
    columns = {"discover": SPAN_COLUMNS, **{stage: ("clip_id", *names) for stage, names in reads.items()}}
    columns["discover"] = (*SPAN_COLUMNS, *(n for n in reads.get("discover", ()) if n not in SPAN_COLUMNS))
    streams = [stream_rows(store, partition.file(stage), names, wanted) for stage, names in columns.items()]
    for parts in zip(*streams, strict=True):
        row: Row = {}
        for part in parts:
            row |= part
        yield row
