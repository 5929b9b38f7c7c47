"""The card's explorer: labels and sentences of a sample of clips, small enough to lie in the page itself.

No more of a person than the card shows anyway: a sentence that quotes somebody is left out, and there are no
pictures besides the card's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from style2talker.corpus.marked import pieces
from style2talker.corpus.reader import Row

MOST_CLIPS = 1000
"""About half a megabyte of page."""
COLUMNS = (
    "clip_id", "speaker", "emotion", "emotion_level", "confidence", "flags", "action_units", "corrected",
    "sentences",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Explorer:
    """What the page's script gets. Texts that come again and again are numbers into `texts`.

    Attributes:
        num_clips: of the corpus, all of them.
        rows: id, speaker, emotion, level, confidence in percent or None, flags, action units as
            [number, name, level], whether a person said it, and sentences as [piece, evidence, ...] where
            evidence is -1 for the words between.
    """

    num_clips: int
    texts: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """A clip with `COLUMNS`."""
        confidence = row["confidence"]
        self.rows.append(
            [
                row["clip_id"],
                self._number(row["speaker"]),
                self._number(row["emotion"]),
                row["emotion_level"],
                None if confidence is None else round(100 * confidence),
                [self._number(flag.replace("_", " ")) for flag in row["flags"] or ()],
                [[u["unit"], self._number(u["name"]), self._number(u["level"])] for u in row["action_units"]],
                row["corrected"] is not None,
                [self._sentence(s) for s in row["sentences"] if not _quotes(s["evidence"])],
            ]
        )

    def data(self) -> dict[str, Any]:
        return {"num_clips": self.num_clips, "texts": self.texts, "rows": self.rows}

    def _sentence(self, sentence: Row) -> list[str | int]:
        cut = pieces(sentence["text"], sentence["evidence"])
        return [
            part
            for piece in cut
            for part in (piece.text, self._number(piece.evidence) if piece.evidence else -1)
        ]

    def _number(self, text: str) -> int:
        if text not in self._numbers:
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return self._numbers[text]


def _quotes(evidence: Sequence[Row]) -> bool:
    return any(entry["kind"] == "transcript" for entry in evidence)
