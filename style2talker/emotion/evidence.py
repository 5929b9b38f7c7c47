"""Evidence: what a sentence claims, and by which of its words."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a piece of the text states.

    Attributes:
        kind: emotion, action_unit or transcript.
        value: "happy level 2", "AU12 high" (FACS writes "L12", "R12" for one side), or the whole transcript.
        words: the piece, exactly as it stands in the text. "Raises the brows" is the evidence of two units.
    """

    kind: str
    value: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence and everything it claims."""

    text: str
    evidence: tuple[Evidence, ...]

    @property
    def emotion_word(self) -> str:
        """The word that names the emotion, in lower case."""
        return next(entry.words.lower() for entry in self.evidence if entry.kind == "emotion")

    def row(self) -> dict[str, Any]:
        """As a corpus stores it."""
        return {"text": self.text, "evidence": [asdict(entry) for entry in self.evidence]}


def unit_code(unit: int, side: str, level: str) -> str:
    """An action unit as evidence names it: "AU12 high", "L12 low"."""
    return f"{ {'both': 'AU', 'left': 'L', 'right': 'R'}[side] }{unit} {level}"
