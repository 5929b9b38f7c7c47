"""What a face model is learned from: the people to learn from, those held out, and on which terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.face.footage import Source, num_chosen, read_corpus, read_source
from style2talker.progress import track


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """Tracked footage. `name` and `licence` are what a model learned from it goes by."""

    name: str
    licence: str
    training: list[Source]
    held_out: list[Source]
    notes: tuple[str, ...] = ()


def gather(items: Sequence[str], task_path: Path, *, clips_per_speaker: int) -> Footage:
    """Track `items`: one corpus, or any number of `person=path`.

    A corpus' train split is learned from, its other splits are held out.

    Raises `UserError` for a mixture, for several corpora, or where there is nothing to learn from.
    """
    named = [item for item in items if "=" in item and not Path(item).exists()]
    if len(named) == len(items):
        pairs = [item.split("=", 1) for item in named]
        sources = [
            read_source(person, Path(path), task_path)
            for person, path in track(pairs, "tracking", total=len(pairs), unit="files")
        ]
        return Footage(name="learned-face", licence="unknown (own footage)", training=sources, held_out=[])
    if len(items) != 1:
        raise UserError(f"got {len(items)} items; give either one corpus or only person=path.")
    return _of_corpus(Corpus.open(items[0]), task_path, clips_per_speaker)


def _of_corpus(corpus: Corpus, task_path: Path, clips_per_speaker: int) -> Footage:
    training: list[Source] = []
    held_out: list[Source] = []
    faceless = 0
    clips = read_corpus(corpus, task_path, clips_per_speaker=clips_per_speaker)
    for split, source in track(clips, "tracking", total=num_chosen(corpus, clips_per_speaker), unit="clips"):
        if source is None:
            faceless += 1
        else:
            (training if split == "train" else held_out).append(source)
    if not training:
        raise UserError(
            f"{corpus.store.uri} has no clip with a face in its train split: there is nothing to learn from."
        )
    notes = (f"{faceless} clips without a face were left out",) if faceless else ()
    return Footage(
        name=f"{corpus.manifest.name}-face",
        licence=corpus_licence(corpus),
        training=training,
        held_out=held_out,
        notes=notes,
    )


def corpus_licence(corpus: Corpus) -> str:
    """The licences of all clips in a corpus, and whether every one allows commercial use."""
    rows = list(corpus.clips(columns=["licence", "commercial_use"]))
    licences = sorted({" ".join(row["licence"].split()) for row in rows})
    commercial = "allowed" if all(row["commercial_use"] for row in rows) else "not allowed"
    return f"learned from footage under {', '.join(licences)}; commercial use {commercial}"
