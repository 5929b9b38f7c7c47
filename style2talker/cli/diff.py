"""`style2talker diff OLD NEW`."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from style2talker.corpus.diff import Difference, Moved
    from style2talker.corpus.drift import Drift

_MOST_ROWS = 12


def register(app: typer.Typer) -> None:
    app.command("diff")(diff)


def diff(
    old: Annotated[str, typer.Argument(help="Corpus before: a path, file://, s3:// or gs://.")],
    new: Annotated[str, typer.Argument(help="Corpus after.")],
    out: Annotated[
        Path | None, typer.Option("--json", help="Also write every clip that differs to this file.")
    ] = None,
) -> None:
    """Show what changed between two corpora: clips, labels, splits, distributions, and what caused it."""
    from style2talker.corpus.diff import diff as compare
    from style2talker.corpus.reader import Corpus

    found = compare(Corpus.open(old), Corpus.open(new))
    if out is not None:
        out.write_text(json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    console = Console(soft_wrap=True, highlight=False)
    console.print(
        f"{old}: {found.num_clips[0]} clips; {new}: {found.num_clips[1]} clips. {len(found.added)} added, "
        f"{len(found.removed)} removed, {len(found.relabelled)} relabelled, "
        f"{len(found.split_moves)} in another split.",
        markup=False,
    )
    for table in _tables(found):
        if table.row_count:
            console.print(table)


def _tables(found: "Difference") -> Iterable[Table]:
    recipe = _table("what it was made with", "stage", "what", "name", "old", "new")
    for change in found.changes:
        recipe.add_row(change.stage, change.part, *map(escape, (change.name, change.old, change.new)))
    yield recipe
    yield _moved("added", found.added)
    yield _moved("removed", found.removed)
    yield _relabelled(found)
    emotions = _table("emotions that changed", "old", "new", "clips")
    labels = Counter((c.emotion, c.level) for c in found.relabelled if {"emotion", "level"} & set(c.changed))
    for (emotion, level), count in labels.most_common(_MOST_ROWS):
        emotions.add_row(f"{emotion[0]} {level[0]}", f"{emotion[1]} {level[1]}", str(count))
    yield emotions
    moves = _table("split moves", "old", "new", "clips", "speakers")
    speakers = defaultdict(list)
    for move in found.split_moves:
        speakers[move.old, move.new].append(move.speaker)
    for (before, after), names in sorted(speakers.items()):
        moves.add_row(before, after, str(len(names)), escape(_some(sorted(set(names)))))
    yield moves
    for drift in found.drift:
        yield _drift(drift)


def _relabelled(found: "Difference") -> Table:
    from style2talker.corpus.recipe import CARD

    table = _table("relabelled", "what", "clips", "because of")
    counts = Counter((group, causes) for clip in found.relabelled for group, causes in clip.changed.items())
    for (group, causes), count in sorted(counts.items()):
        reasons = [str(change) for change in found.changes if change.stage in causes]
        if CARD in causes:  # most of what a card says cannot be it, and the labels file is not in it
            reasons = ["the card, or the labels that it reads"]
        table.add_row(group, str(count), escape(_some(reasons or list(causes))))
    return table


def _moved(title: str, clips: Iterable["Moved"]) -> Table:
    table = _table(title, "why", "clips", "such as")
    places = defaultdict(list)
    for clip in clips:
        kind = clip.why.partition(":")[0]  # a reject's message holds its own numbers
        place = clip.place
        places[kind].append(f"{place.source_uri} {place.start_s:.2f}-{place.end_s:.2f} s")
    for kind, names in sorted(places.items()):
        table.add_row(escape(kind), str(len(names)), escape(_some(names)))
    return table


def _drift(drift: "Drift") -> Table:
    title = f"{drift.column}: total variation {drift.distance:.3f} (0 the same, 1 nothing in common)"
    table = _table(title, drift.column, "old", "new")
    for value, (before, after) in list(drift.shares.items())[:_MOST_ROWS]:
        if before != after:
            table.add_row(escape(value), f"{before:.1%}", f"{after:.1%}")
    return table


def _table(title: str, *columns: str) -> Table:
    return Table(*columns, title=title, title_justify="left")


def _some(names: list[str]) -> str:
    return "; ".join(names[:3]) + (f"; and {len(names) - 3} more" if len(names) > 3 else "")
