"""Index: which work files there are and what their footers say, from one listing of the output.

A footer is read once and remembered between builds, as long as the listing shows the same size and time of
change; times are compared for equality only, so the clocks of several nodes may differ.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa

from pipelines.joined import kept_clips
from pipelines.partition import SHARD, WORK, Partition
from pipelines.record import Record, read_record
from pipelines.stage import Row
from pipelines.workfile import DamagedError, Footer, opened, read_footer
from style2talker.corpus.shard import parquet_writer
from style2talker.corpus.uri import Store

CACHE = f"{WORK}/footers.parquet"
_SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("mtime_ns", pa.int64(), nullable=False),
        pa.field("footer", pa.string(), nullable=False),
    ]
)
_NAME = re.compile(rf"{WORK}/(?P<stage>\w+)/p(?P<number>\d{{5,}})-\w+-\w+\.(parquet|json)")
_THREADS = 16
"""Footers are small reads that wait for the disk or the network."""


class Index:
    """The work files of an output at one moment."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._states: dict[str, tuple[int, int]] = {}
        self._by_partition: dict[tuple[str, int], list[str]] = defaultdict(list)
        for name, num_bytes, mtime_ns in store.infos(WORK):
            self._states[name] = (num_bytes, mtime_ns)
            if found := _NAME.fullmatch(name):
                self._by_partition[found["stage"], int(found["number"])].append(name)
        self._shards = {name: size for kind in ("clips", "frames") for name, size, _ in store.infos(kind)}
        self._footers: dict[str, Footer | None] = {}
        self._records: dict[str, Record | None] = {}
        self._cached = self._load()

    def names(self, stage: str, number: int) -> tuple[str, ...]:
        """Every work file of a stage and partition, of any recipe, sorted."""
        return tuple(sorted(self._by_partition.get((stage, number), ())))

    def exists(self, name: str) -> bool:
        return name in self._states

    def num_bytes(self, name: str) -> int:
        return self._states[name][0]

    def state(self, name: str) -> tuple[int, int] | None:
        """Size and time of change: what says that a file is another one than before."""
        return self._states.get(name)

    def footer(self, name: str) -> Footer | None:
        """What the file says; None where there is none, or one that cannot be read."""
        if name not in self._states:
            return None
        if name not in self._footers:
            self._footers[name] = self._remembered(name) or self._read(name)
        return self._footers[name]

    def given(self, partition: Partition, stages: Iterable[str]) -> list[Row]:
        """The clips that all of `stages` kept; none where a file cannot be read."""
        try:
            return kept_clips(self._store, partition, stages)
        except (DamagedError, FileNotFoundError):
            return []

    def read_all(self, names: Iterable[str]) -> None:
        """Read the footers and records that are not remembered, several at a time."""
        there = [name for name in names if name in self._states]
        footers = [
            n for n in there if n.endswith(".parquet") and n not in self._footers and n not in self._cached
        ]
        records = [n for n in there if n.endswith(".json") and n not in self._records]
        with ThreadPoolExecutor(_THREADS) as pool:
            self._footers |= dict(zip(footers, pool.map(self._read, footers), strict=True))
            self._records |= dict(zip(records, pool.map(self._read_record, records), strict=True))

    def record(self, name: str) -> Record | None:
        """A partition's record; None where there is none, or one that cannot be read."""
        if name not in self._records:
            self._records[name] = self._read_record(name) if name in self._states else None
        return self._records[name]

    def has(self, record: Record) -> bool:
        """Whether every file of a record is there with its size."""
        return all(self._shards.get(entry.path) == entry.bytes for entry in record.shards)

    def with_older(self, partition: Partition, again: frozenset[str]) -> Partition:
        """The partition with the files from which its rows may be copied."""
        older = {}
        for stage in partition.recipes:
            names = self.names(stage, partition.number)
            # a record's recipe changes with every label; older records know which frames are there
            prefix = "" if stage == SHARD else partition.prefix(stage)
            older[stage] = tuple(name for name in names if name.startswith(prefix))
        return replace(partition, older=older, again=again)

    def save(self, kept: Iterable[str]) -> None:
        """Remember the footers of the kept work files for the next build."""
        rows: list[Mapping[str, object]] = []
        for name in sorted(kept):
            if name.endswith(".parquet") and (footer := self.footer(name)) is not None:
                num_bytes, mtime_ns = self._states[name]
                rows.append(
                    {"name": name, "num_bytes": num_bytes, "mtime_ns": mtime_ns, "footer": footer.to_json()}
                )
        with self._store.writing(CACHE) as scratch, parquet_writer(scratch, _SCHEMA) as writer:
            writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))

    def _remembered(self, name: str) -> Footer | None:
        try:
            return Footer.from_json(self._cached[name])
        except (KeyError, ValueError, TypeError):
            return None  # not there, or written by another version of the program

    def _read(self, name: str) -> Footer | None:
        try:
            return read_footer(self._store, name)
        except (DamagedError, FileNotFoundError):
            return None

    def _read_record(self, name: str) -> Record | None:
        try:
            return read_record(self._store, name)
        except (DamagedError, FileNotFoundError):
            return None

    def _load(self) -> dict[str, str]:
        try:
            with opened(self._store, CACHE) as file:
                table = file.read()
        except (DamagedError, FileNotFoundError):
            return {}  # it only saves time
        columns = [table.column(name).to_pylist() for name in _SCHEMA.names]
        return {
            name: text
            for name, num_bytes, mtime_ns, text in zip(*columns, strict=True)
            if self._states.get(name) == (num_bytes, mtime_ns)
        }
