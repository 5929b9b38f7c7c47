"""What every export has in common: clips with their frames, terms that travel, all of it there or none."""

import csv
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from style2talker.corpus.reader import Corpus, Row
from style2talker.errors import UserError
from style2talker.progress import track

TERMS_FILE = "clips.csv"
_TERMS = (
    *("clip_id", "split", "speaker", "source_uri", "start_s", "end_s"),
    *("licence", "commercial_use", "redistribution", "consent"),
)


@dataclass(slots=True)
class Terms:
    """Who may do what with the clips of an export; one line a clip goes to `clips.csv`."""

    path: Path
    counts: Counter[tuple[str, Any]] = field(default_factory=Counter)
    num_clips: int = 0

    def __post_init__(self) -> None:
        self._append(("name", *_TERMS))

    def add(self, name: str, row: Row) -> None:
        """Count a clip that the export holds under `name`."""
        self._append((name, *(row[column] for column in _TERMS)))
        self.num_clips += 1
        for column in ("licence", "consent", "commercial_use", "redistribution"):
            self.counts[column, row[column]] += 1

    def readme(self, corpus: Corpus, *, title: str, contents: str) -> str:
        """The export's README.md."""
        manifest, card = corpus.manifest, corpus.manifest.card
        must_not = "\n".join(f"- {use}" for use in card.get("must_not_be_used_for", ()))
        cite = f"\nPlease cite: {card['citation']}\n" if card.get("citation") else ""
        return f"""# {manifest.name}: {title}

{self.num_clips} of the {manifest.num_clips} clips of the corpus `{manifest.name}`, made with \
{manifest.made_with} (card {manifest.card_sha256[:16]}, configuration {manifest.config_sha256[:16]}).

## Terms

What holds for each clip is in `{TERMS_FILE}`. In sum:

- licence: {self._shares("licence")}
- commercial use: allowed for {self.counts["commercial_use", True]} of {self.num_clips} clips
- passing on: allowed for {self.counts["redistribution", True]} of {self.num_clips} clips (keep this \
folder to yourself unless it is all of them)
- what the people shown agreed to: {self._shares("consent")}
{cite}
It must not be used for:

{must_not}

## Contents

{contents.strip()}
"""

    def _shares(self, column: str) -> str:
        found = sorted((value, count) for (name, value), count in self.counts.items() if name == column)
        return "; ".join(f"{value} ({count})" for value, count in found)

    def _append(self, cells: tuple[Any, ...]) -> None:
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(cells)


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A scratch folder that becomes `out` when the block ends well, and vanishes when it does not.

    Raises:
        UserError: `out` exists already.
    """
    if out.exists():
        raise UserError(f"{out} exists already; give the name of a folder that is to be made.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
        folder = Path(scratch, "export")
        folder.mkdir()
        yield folder
        folder.rename(out)


def clips_with_frames(corpus: Corpus, split: str) -> Iterator[tuple[Row, list[bytes]]]:
    """Every clip of a split with its pictures, in the order of the manifest, one row group at a time.

    Raises:
        UserError: clips and frames are not the same ones.
    """
    pictures = corpus.frames(split=split)
    for row in track(corpus.clips(split), f"export {split}", total=corpus.num_clips(split), unit="clips"):
        shown: Row = next(pictures, {"clip_id": "no clip"})
        if shown["clip_id"] != row["clip_id"]:
            raise UserError(
                f"{corpus.store.uri}: the clip {row['clip_id']} has the frames of {shown['clip_id']}; "
                "`style2talker verify` says more, a new build mends it."
            )
        yield row, shown["jpeg"]


def chosen_splits(corpus: Corpus, split: str | None) -> tuple[str, ...]:
    """The splits to export. Raises `UserError` where there is no clip to export."""
    splits = corpus.splits if split is None else tuple(name for name in corpus.splits if name == split)
    if not splits:
        allowed = " that may be used commercially" if corpus.commercial_only else ""
        raise UserError(
            f"{corpus.store.uri} has no clip{allowed} in {split or 'any split'}; it has "
            f"{', '.join(corpus.splits) or 'none at all'}: choose another split."
        )
    return splits
