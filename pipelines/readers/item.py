"""What readers return: the files to use, with their labels, and the rows of rejects for all others."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.stage import Row
from style2talker.corpus.card import Card
from style2talker.corpus.schema import REJECTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One video of a corpus. Paths are relative to the card's root."""

    uri: str
    audio_uri: str | None = None
    """The separate file that holds its sound; None: the video has it."""
    speaker: str
    emotion: str | None = None
    """The dataset's own label, in our words where the card maps it."""
    level: int | None = None
    split: str
    spans_s: tuple[tuple[float, float], ...] = ()
    """The parts to use, start and end; empty: the whole file."""
    licence: str
    commercial_use: bool
    redistribution: bool
    consent: str

    def labels(self) -> Row:
        """The columns of `clips` that need no model."""
        return {
            "speaker": self.speaker,
            "split": self.split,
            "licence": self.licence,
            "commercial_use": self.commercial_use,
            "redistribution": self.redistribution,
            "consent": self.consent,
            "given_emotion": self.emotion,
            "given_level": self.level,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is there and what is not."""

    items: tuple[Item, ...]
    """In the order of their paths."""
    rejects: tuple[Row, ...]
    """Kinds missing, excluded, unknown_name and unpaired (a video without its sound file, or the reverse)."""
    expected: int | None
    """How many files the card or the corpus's own lists promise; None where neither says."""
    found: int
    """How many files of the corpus are there, rejected ones too."""
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The names of all files below a root, sorted, and how to read a small one."""

    names: Mapping[str, None]
    read: Callable[[str], bytes]

    @classmethod
    def of(cls, names: Iterable[str], read: Callable[[str], bytes]) -> "Tree":
        return cls(names=dict.fromkeys(sorted(names)), read=read)

    def __contains__(self, name: str) -> bool:
        return name in self.names


Reader = Callable[[Card, Tree], Inventory]


def make_item(
    card: Card,
    uri: str,
    groups: Mapping[str, str],
    *,
    row: Mapping[str, Any] | None = None,
    audio_uri: str | None = None,
    spans_s: tuple[tuple[float, float], ...] = (),
) -> Item:
    """An item from what its path says and, where there is one, its row of the labels file, which wins."""
    said = {**groups, **(row or {})}
    speaker = card.person(said.get("speaker") or stem_of(uri))
    level = said.get("level")
    return Item(
        uri=uri,
        audio_uri=audio_uri,
        speaker=speaker,
        emotion=card.emotion_of(said.get("emotion")),
        level=card.level_of(None if level is None else str(level)),
        split=card.split_of(speaker, said.get("split")),
        spans_s=spans_s,
        licence=said.get("licence", card.licence),
        commercial_use=said.get("commercial_use", card.commercial_use),
        redistribution=said.get("redistribution", card.redistribution),
        consent=said.get("consent", card.consent),
    )


def stem_of(uri: str) -> str:
    return uri.rpartition("/")[2].rpartition(".")[0] or uri.rpartition("/")[2]


def paths_of(items: Iterable[Item], rejects: Iterable[Row]) -> set[str]:
    """All paths of which something is said."""
    return {item.uri for item in items} | {row["source_uri"] for row in rejects}


def reject(uri: str, kind: str, message: str, *, span_s: tuple[float, float] | None = None) -> Row:
    """A row of rejects for a file that no stage has seen, or for a part of one."""
    start_s, end_s = span_s or (None, None)
    said = {"source_uri": uri, "start_s": start_s, "end_s": end_s, "kind": kind, "message": message}
    return {**dict.fromkeys(REJECTS.names), "stage": "discover", "attempts": 1, **said}
