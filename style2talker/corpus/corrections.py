"""Corrections: what people say of clips, in `corrections.parquet` at the corpus root. They win over models.

Rows are only ever added, in the order in which they were made, so the file is the whole history. The last
statement about a clip holds; a row that withdraws takes the last one back, and the one before it holds again.
A statement names what it is about and leaves all else to the models: a null is no opinion.
"""

import fcntl
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from style2talker.corpus.intact import open_intact, read_group
from style2talker.corpus.shard import parquet_writer
from style2talker.corpus.uri import Store
from style2talker.emotion.facs import UNIT_NAMES
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS
from style2talker.errors import UserError

CORRECTIONS = "corrections.parquet"
DROPPED = "dropped_by_review"
"""Kind of the reject that a dropped clip becomes."""
KEEP, DROP, WITHDRAW = VERDICTS = ("keep", "drop", "withdraw")
SIDES = ("both", "left", "right")
UNIT_LEVELS = ("low", "middle", "high")
_LONGEST_TEXT = 2000
_ATTEMPTS = 3
SCHEMA = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("source_id", pa.string(), nullable=False),  # who is forgotten takes their corrections along
        pa.field("author", pa.string(), nullable=False),
        pa.field("time_utc", pa.string(), nullable=False),  # ISO 8601; the order of the rows is what counts
        pa.field("verdict", pa.string(), nullable=False),  # one of VERDICTS
        pa.field("emotion", pa.string()),
        pa.field("emotion_level", pa.int32()),
        pa.field(
            "action_units",
            pa.list_(pa.struct([("unit", pa.int32()), ("side", pa.string()), ("level", pa.string())])),
        ),  # all that are active; null: no opinion
        pa.field("transcript", pa.string()),
        pa.field("note", pa.string(), nullable=False),
    ],
    metadata={"style2talker.corrections_version": "1"},
)


class UnitMark(NamedTuple):
    """An active unit: FACS number, one of SIDES (the subject's own) and one of UNIT_LEVELS."""

    unit: int
    side: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One person's statement about one clip, at one time.

    Attributes:
        verdict: keep the clip with these labels, drop it, or withdraw what this author said last of it.
        action_units: every active unit, not only those that differ; none active is an empty tuple.

    Raises:
        UserError: a value that is no label, or labels of a clip that is not kept.
    """

    clip_id: str
    source_id: str
    author: str
    time_utc: str
    verdict: str = KEEP
    emotion: str | None = None
    level: int | None = None
    action_units: tuple[UnitMark, ...] | None = None
    transcript: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        units = self.action_units or ()
        says = (self.emotion, self.level, self.action_units, self.transcript)
        wrong = {
            "clip": not self.clip_id and "none",
            "author": not self.author.strip() and "none",
            "time": not _is_utc(self.time_utc) and self.time_utc,
            "verdict": self.verdict not in VERDICTS and self.verdict,
            "emotion": self.emotion not in (None, *EMOTIONS) and self.emotion,
            "level": self.level not in (None, *LEVELS) and str(self.level),
            "action unit": next((str(tuple(mark)) for mark in units if not _is_unit(mark)), False),
            "action unit named twice": len({mark.unit for mark in units}) != len(units) and str(units),
            "text's length": max(len(self.note), len(self.transcript or "")) > _LONGEST_TEXT and "over 2000",
            "text's letters": not _is_text(self.note + (self.transcript or "")) and "half a character",
            "labels of a clip that is not kept": self.verdict != KEEP and any(s is not None for s in says),
        }
        for what, got in wrong.items():
            if got is not False:
                raise UserError(
                    f"correction of clip {self.clip_id!r}: the {what} cannot be taken (got {got}); expected "
                    f"{', '.join(EMOTIONS)}, levels 1 to 3, units of FACS once each with a side "
                    f"({', '.join(SIDES)}) and a level ({', '.join(UNIT_LEVELS)}), an author, a UTC time."
                )

    def row(self) -> dict[str, Any]:
        """As it is stored."""
        values = {name: getattr(self, name) for name in SCHEMA.names if name != "emotion_level"}
        units = self.action_units
        values["action_units"] = None if units is None else [mark._asdict() for mark in units]
        return values | {"emotion_level": self.level}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Correction":
        values = dict(row)
        units = values.pop("action_units")
        return cls(
            level=values.pop("emotion_level"),
            action_units=None if units is None else tuple(UnitMark(**unit) for unit in units),
            **values,
        )


def _is_utc(text: str) -> bool:
    with suppress(ValueError):
        offset = datetime.fromisoformat(text).utcoffset()
        return offset is not None and not offset
    return False


def _is_text(text: str) -> bool:
    with suppress(UnicodeEncodeError):
        return bool(text.encode()) or not text
    return False


def _is_unit(mark: UnitMark) -> bool:
    return mark.unit in UNIT_NAMES and mark.side in SIDES and mark.level in UNIT_LEVELS


def now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_force(history: Iterable[Correction]) -> dict[str, Correction]:
    """What holds after a history: clip -> the last statement that was not withdrawn."""
    said: defaultdict[str, list[Correction]] = defaultdict(list)
    for correction in history:
        if correction.verdict != WITHDRAW:
            said[correction.clip_id].append(correction)
        elif said[correction.clip_id]:
            said[correction.clip_id].pop()
    return {clip_id: statements[-1] for clip_id, statements in said.items() if statements}


def read_history(store: Store) -> list[Correction]:
    """Every row in the order in which it was added; none where there is no file.

    Raises:
        UserError: it is damaged: what people said must not be lost without a word.
    """
    if not store.exists(CORRECTIONS):
        return []
    with open_intact(store, CORRECTIONS) as file:
        if not file.schema_arrow.equals(SCHEMA):
            raise UserError(f"{store.uri}/{CORRECTIONS} has other columns than this version's; upgrade.")
        groups = [read_group(file, group).to_pylist() for group in range(file.num_row_groups)]
    return [Correction.from_row(row) for rows in groups for row in rows]


def read_corrections(store: Store) -> dict[str, Correction]:
    """What holds now, by clip. Raises `UserError` for a damaged file."""
    return in_force(read_history(store))


def add_correction(store: Store, correction: Correction) -> None:
    """Add one row; when this returns it is on the disk, and at no moment are the earlier ones not.

    Two programs on one disk wait for each other. On an object store the later of two that write in the same
    moment wins: there, one person reviews at a time.

    Raises:
        UserError: a damaged file, nothing left to withdraw, or somebody else's words to be withdrawn.
    """

    def added(history: list[Correction]) -> list[Correction]:
        if correction.verdict == WITHDRAW:
            last = in_force(history).get(correction.clip_id)
            if last is None or last.author != correction.author:
                whose = "nobody's" if last is None else f"{last.author}'s"
                raise UserError(
                    f"correction of clip {correction.clip_id!r}: {correction.author} cannot withdraw it, for "
                    f"what holds is {whose}; correct it instead."
                )
        return [*history, correction]

    _change(store, added)


def forget_corrections(store: Store, source_ids: Collection[str]) -> None:
    """Take out every row about clips of these recordings, withdrawn ones too."""
    if store.exists(CORRECTIONS):
        _change(store, lambda history: [row for row in history if row.source_id not in source_ids])


def _change(store: Store, change: Callable[[list[Correction]], list[Correction]]) -> None:
    with _alone(store):
        _write(store, change(read_history(store)))


def _write(store: Store, history: Sequence[Correction]) -> None:
    table = pa.Table.from_pylist([correction.row() for correction in history], schema=SCHEMA)
    for _ in range(_ATTEMPTS):
        with (
            suppress(FileNotFoundError),  # a build swept it up, taking it for what a killed program left
            store.writing(CORRECTIONS) as scratch,
            parquet_writer(scratch, SCHEMA) as writer,
        ):
            writer.write_table(table)
            return
    raise UserError(f"{store.uri}: {CORRECTIONS} cannot be written; is the folder still there?")


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Hold the corpus' folder against other programs on this disk; the system lets go of it when one dies."""
    if not store.is_local:
        yield
        return
    folder = os.open(store.root, os.O_RDONLY)
    try:
        with suppress(OSError):  # a network disk that knows no locks: one person reviews at a time
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
