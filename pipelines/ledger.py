"""The ledger: one work file per (stage, partition), named by its fingerprint. Done = the file exists.

Work files hold the kept rows; the rejected ones sit in the same file's footer, so the two cannot part.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import av
import cv2
import pyarrow.parquet as pq

from pipelines.sources import Source, partition_of, reject_row
from pipelines.stage import SPAN_COLUMNS, Row, Stage, Work
from style2talker.corpus.reader import rows_of
from style2talker.corpus.shard import FRAMES_PER_GROUP, ShardWriter
from style2talker.corpus.uri import Store
from style2talker.errors import Reject, UserError

WORK = "_work"
REJECTS_KEY = "style2talker.rejects"
TRANSIENT = ("vanished", "unreadable")
"""Kinds that say something about the moment, not the file: such a partition is looked at again."""
ROW_ERRORS = (av.FFmpegError, cv2.error, OSError, ValueError, ArithmeticError, RuntimeError)
"""What broken media and numbers raise, RuntimeError from the native code of MediaPipe, CTranslate2 and torch.
Anything else is a fault of the program and stops the build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionPlan:
    """What is to be made for one partition: the fingerprint of each stage, hence the work file of each."""

    partition: int
    sources: tuple[Source, ...]
    fingerprints: Mapping[str, str]

    def file(self, stage: str) -> str:
        suffix = "json" if stage == "shard" else "parquet"
        return f"{WORK}/{stage}/p{self.partition:04d}-{self.fingerprints[stage][:16]}.{suffix}"

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "PartitionPlan":
        data = json.loads(text)
        return cls(**{**data, "sources": tuple(Source(**source) for source in data["sources"])})


def plan_partitions(
    sources: Sequence[Source],
    stages: Sequence[Stage],
    *,
    num_partitions: int,
    shard_fingerprint: Callable[[Sequence[Source], Mapping[str, str]], str],
) -> list[PartitionPlan]:
    """Chain the fingerprints of every partition that has sources. Reads nothing."""
    groups: dict[int, list[Source]] = {}
    for source in sources:
        groups.setdefault(partition_of(source.source_id, num_partitions), []).append(source)
    plans = []
    for partition, members in sorted(groups.items()):
        members.sort(key=lambda source: source.source_id)
        prints: dict[str, str] = {}
        for stage in stages:
            if stage.name == "discover":
                inputs: dict[str, Any] = {"sources": [[s.uri, s.source_id] for s in members]}
            else:
                inputs = {name: prints[name] for name in {"discover", *stage.reads}}
            prints[stage.name] = stage.fingerprint(inputs)
        prints["shard"] = shard_fingerprint(members, prints)
        plans.append(PartitionPlan(partition=partition, sources=tuple(members), fingerprints=prints))
    return plans


def is_done(store: Store, plan: PartitionPlan, stage: str) -> bool:
    """The work file is there, and no reject in it was only for the moment."""
    name = plan.file(stage)
    return store.exists(name) and not any(row["kind"] in TRANSIENT for row in rejects_in(store, name))


def forget_stale(store: Store, plan: PartitionPlan, stages: Sequence[Stage]) -> None:
    """Delete what was made from a work file that will be made again because of a `TRANSIENT` reject.

    Its name does not change when a file is back, so the readers of it would count as done without that file.
    """
    stale: set[str] = set()
    for stage in stages:
        if stale & {"discover", *stage.reads}:
            stale.add(stage.name)
        elif store.exists(plan.file(stage.name)) and not is_done(store, plan, stage.name):
            stale.add(stage.name)
            continue  # this one is overwritten, and until then it says what is stale
        if stage.name in stale and store.exists(plan.file(stage.name)):
            store.delete(plan.file(stage.name))
    if stale and store.exists(plan.file("shard")):
        store.delete(plan.file("shard"))


def rejects_in(store: Store, name: str) -> list[Row]:
    """The rejects in a work file's footer."""
    with pq.ParquetFile(store.open(name)) as file:
        return json.loads((file.metadata.metadata or {})[REJECTS_KEY.encode()])


def num_rows(store: Store, name: str) -> int:
    with pq.ParquetFile(store.open(name)) as file:
        return file.metadata.num_rows


def clip_rows(store: Store, plan: PartitionPlan, reads: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    """Clips that every stage in `reads` kept, joined by clip_id, in the order of discover; read lazily."""
    columns = {"discover": SPAN_COLUMNS, **{stage: ("clip_id", *names) for stage, names in reads.items()}}
    columns["discover"] = (*SPAN_COLUMNS, *(n for n in reads.get("discover", ()) if n not in SPAN_COLUMNS))
    files = {stage: pq.ParquetFile(store.open(plan.file(stage))) for stage in columns}
    try:
        ids = [set(file.read(columns=["clip_id"]).column(0).to_pylist()) for file in files.values()]
        kept = set.intersection(*ids)
        streams = [_rows(files[stage], names, kept) for stage, names in columns.items()]
        for parts in zip(*streams, strict=True):
            row: Row = {}
            for part in parts:
                row |= part
            yield row
    finally:
        for file in files.values():
            file.close()


def _rows(file: pq.ParquetFile, columns: Sequence[str], kept: set[str]) -> Iterator[Row]:
    for group in range(file.num_row_groups):
        for row in rows_of(file.read_row_group(group, columns=list(columns))):
            if row["clip_id"] in kept:
                yield row


def run_partition(
    stage: Stage,
    work: Work,
    rows: Iterable[Row],
    store: Store,
    name: str,
    *,
    on_row: Callable[[], None] = lambda: None,
) -> int:
    """Put the rows through the stage and commit kept rows and rejects as one file. Returns the rows kept.

    A row that raises `Reject` or one of `ROW_ERRORS` becomes a reject; the rest of the partition goes on.
    """
    rejects: list[Row] = []
    with (
        store.writing(name) as scratch,
        ShardWriter(scratch, schema=stage.schema, rows_per_group=FRAMES_PER_GROUP) as writer,
    ):
        for row in rows:
            for kept in _attempt(stage, work, row, rejects):
                writer.write(kept)
            on_row()
        writer.metadata({REJECTS_KEY: json.dumps(rejects)})
    return writer.num_rows


def _attempt(stage: Stage, work: Work, row: Row, rejects: list[Row]) -> list[Row]:
    try:
        result = work(row)
    except Reject as reject:
        rejects.append(reject_row(row, stage=stage.name, kind=reject.kind, message=reject.message))
    except UserError:
        raise  # missing weights or the like: no fault of the row
    except FileNotFoundError:
        rejects.append(
            reject_row(row, stage=stage.name, kind="vanished", message="It disappeared during the build.")
        )
    except ROW_ERRORS as error:
        message = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        rejects.append(reject_row(row, stage=stage.name, kind=f"{stage.name}_failed", message=message))
    else:
        results = result if isinstance(result, list) else [result]
        lost = [part for part in results if isinstance(part, Reject)]
        for part in lost:
            start_s, end_s = part.span_s or (row.get("start_s"), row.get("end_s"))
            where = row | {"start_s": start_s, "end_s": end_s}
            rejects.append(reject_row(where, stage=stage.name, kind=part.kind, message=part.message))
        return [part for part in results if not isinstance(part, Reject)]
    return []
