"""A sentence cut at the words that its evidence names: how a page shows what each word rests on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a sentence; `evidence` says what it rests on, empty for the words between."""

    text: str
    evidence: str


def pieces(text: str, evidence: Iterable[Mapping[str, str]]) -> tuple[Piece, ...]:
    """The stretches of `text`, in order; joined they are the text again."""
    spans = []
    for entry in evidence:
        at = text.find(entry["words"]) if entry["words"] else -1
        if at >= 0:
            spans.append(
                (at, at + len(entry["words"]), f"{entry['kind'].replace('_', ' ')}: {entry['value']}")
            )
    cut: list[Piece] = []
    position = 0
    for start, end, label in sorted(spans):
        if start < position:
            continue
        cut += [Piece(text=text[position:start], evidence=""), Piece(text=text[start:end], evidence=label)]
        position = end
    cut.append(Piece(text=text[position:], evidence=""))
    return tuple(piece for piece in cut if piece.text)
