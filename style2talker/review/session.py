"""One sitting of one person: the clips in their order, what was said, what was taken back."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from style2talker.corpus.corrections import (
    DROP,
    KEEP,
    WITHDRAW,
    Correction,
    UnitMark,
    add_correction,
    now_utc,
    read_corrections,
)
from style2talker.corpus.reader import Corpus, Row
from style2talker.errors import UserError
from style2talker.review.evidence import COLUMNS
from style2talker.review.waiting import Waiting


@dataclass(slots=True, kw_only=True)
class Session:
    """What a person does on the page. Safe for the threads of a server.

    Attributes:
        clips: in the order in which they are shown.
        command: the build that applies the corrections.
        said: clips that this sitting spoke about, the latest last.
    """

    corpus: Corpus
    clips: Sequence[Waiting]
    author: str
    command: str
    said: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _places: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {clip.clip_id: place for place, clip in enumerate(self.clips)}

    def place(self, clip_id: str) -> int:
        """Where the clip is in the order. Raises `UserError` for a clip that is not in it."""
        if clip_id not in self._places:
            raise UserError(f"clip {clip_id!r} is not in this review.")
        return self._places[clip_id]

    def row(self, clip: Waiting) -> Row:
        """The clip as the corpus has it. Raises `UserError` for a shard that is gone."""
        for table in self.corpus.shard_tables(clip.shard, COLUMNS, [clip.clip_id]):
            return table.to_pylist()[0]
        raise UserError(f"{self.corpus.store.uri} has lost clip {clip.clip_id}; start the review again.")

    def holding(self) -> dict[str, Correction]:
        """What people say of this review's clips, by clip."""
        holds = read_corrections(self.corpus.store)
        return {clip_id: said for clip_id, said in holds.items() if clip_id in self._places}

    def say(self, clip_id: str, values: Mapping[str, Any]) -> Correction:
        """Add a statement and return it.

        Args:
            values: of `verdict`, `emotion`, `level`, `action_units` (a list of [unit, side, level]),
                `transcript` and `note`, as a page sends them.

        Raises:
            UserError: another clip, or values that are no labels.
        """
        clip = self.clips[self.place(clip_id)]
        said = _correction(clip, self.author, values)
        with self._lock:
            add_correction(self.corpus.store, said)
            self.said.append(clip_id)
        return said

    def undo(self, clip_id: str) -> str:
        """Take back the last statement of this sitting; without one, what the author said of the clip.

        Returns the clip whose statement it was. Raises `UserError` if there is nothing to take back.
        """
        with self._lock:
            last = self.said[-1] if self.said else clip_id
            clip = self.clips[self.place(last)]
            add_correction(self.corpus.store, _correction(clip, self.author, {"verdict": WITHDRAW}))
            if self.said:
                self.said.pop()
            return last

    def next_place(self, after: int, holding: Mapping[str, Correction]) -> int | None:
        """The next clip that nobody spoke about, going on from the beginning; None when there is none."""
        order = [*range(after + 1, len(self.clips)), *range(after + 1)]
        return next((n for n in order if self.clips[n].clip_id not in holding), None)

    def summary(self) -> dict[str, int]:
        """How many of the review's clips are corrected, are to be dropped, and are not spoken about."""
        holding = self.holding()
        kinds = Counter(said.verdict for said in holding.values())
        return {
            "kept": kinds[KEEP],
            "dropped": kinds[DROP],
            "left": len(self.clips) - len(holding),
        }


def _correction(clip: Waiting, author: str, values: Mapping[str, Any]) -> Correction:
    units = values.get("action_units")
    try:
        return Correction(
            clip_id=clip.clip_id,
            source_id=clip.source_id,
            author=author,
            time_utc=now_utc(),
            verdict=values["verdict"],
            emotion=values.get("emotion"),
            level=values.get("level"),
            action_units=None if units is None else tuple(UnitMark(*unit) for unit in units),
            transcript=values.get("transcript"),
            note=values.get("note", ""),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"this is no correction ({error}); load the page again.") from error
