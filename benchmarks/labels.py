"""Every figure of the annotator in one run: emotion, action units, words, sync, and whether confidence can be
believed; each with its number of clips.

    python benchmarks/labels.py --acted MEAD_CLIPS --real REAL --grid TRANSCRIPTS.tsv \\
        --twin FOOTAGE --corpus CORPUS [--calibrate]

Truth     acted clips: MEAD's file names; twins: the `.truth.json` beside each clip; GRID: a table of file
          name and words. What is not given is left out, and the run says so.
CORPUS    built from FOOTAGE with the small profile; REAL from recordings, for the words of GRID.
--calibrate fits the curve of `emotion/calibration.py` on every other person of CORPUS and prints it.

Each part is a benchmark of its own, with more to tell: face_emotion.py, units.py, words.py, sync.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import face_emotion
import numpy as np
import sync
import typer
import units
import words
from rich.console import Console
from rich.table import Table

from style2talker.corpus.reader import Corpus
from style2talker.emotion.agreement import agreement, together, votes_of
from style2talker.emotion.calibration import CURVE, confidence, expected_calibration_error, fit_curve
from style2talker.emotion.opinion import Opinion
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.twin.truth import SUFFIX, read_truth

console = Console()


def truths_of(footage: Path) -> dict[str, str]:
    """File name -> emotion that was drawn."""
    return {
        path.name.removesuffix(SUFFIX): read_truth(path).emotion
        for path in sorted(footage.rglob(f"*{SUFFIX}"))
    }


class Judged:
    """The judge's answers to clips whose emotion is known, with and without the data set's label.

    Axes: C clips.
    """

    def __init__(self, corpus: Corpus, truths: Mapping[str, str]) -> None:
        columns = ["source_uri", "speaker", "opinions"]
        rows = [r for r in corpus.clips(columns=columns) if Path(r["source_uri"]).stem in truths]
        self.speaker_c = np.array([row["speaker"] for row in rows])
        self.true_c = np.array([truths[Path(row["source_uri"]).stem] for row in rows])
        # the label is the truth here: it may not take part
        votes = [
            votes_of(
                [
                    (each["modality"], opinion.probability_e)
                    for each in row["opinions"]
                    if each["modality"] != "label"
                    and (opinion := Opinion.from_row(each)).probability_e is not None
                ]
            )
            for row in rows
        ]
        self.probability_c8 = np.array([together(each) for each in votes])
        agreed = [agreement(each) for each in votes]
        self.agreement_c = np.array([1.0 if each is None else each for each in agreed])
        said = np.array(EMOTIONS)[self.probability_c8.argmax(axis=1)]
        self.right_c = said == self.true_c

    def confidence(self, curve: tuple[float, float, float]) -> np.ndarray:
        pairs = zip(self.probability_c8.max(axis=1), self.agreement_c, strict=True)
        return np.array([confidence(float(p), float(a), curve=curve) for p, a in pairs])


def print_confidence(judged: Judged, *, calibrate: bool) -> None:
    raw_c = judged.probability_c8.max(axis=1)
    table = Table("confidence of the judge, data set's label left out", "clips", "figure")

    def add(what: str, confidence_c: np.ndarray, chosen_c: np.ndarray) -> None:
        error = expected_calibration_error(confidence_c[chosen_c], judged.right_c[chosen_c])
        table.add_row(what, str(chosen_c.sum()), f"{error:.3f}")

    every_c = np.ones(len(raw_c), bool)
    table.add_row("emotion right", str(len(raw_c)), f"{judged.right_c.mean():.1%}")
    add("expected calibration error, largest probability as it is", raw_c, every_c)
    add("expected calibration error, `confidence`", judged.confidence(CURVE), every_c)
    if calibrate:
        people = sorted(set(judged.speaker_c))
        fitted_c = np.isin(judged.speaker_c, people[::2])
        curve = fit_curve(raw_c[fitted_c], judged.agreement_c[fitted_c], judged.right_c[fitted_c])
        add(f"the same, curve {curve} of every other person: themselves", judged.confidence(curve), fitted_c)
        add("the same, the people it was not fitted on", judged.confidence(curve), ~fitted_c)
    console.print(table)


def main(
    acted: Annotated[Path | None, typer.Option(help="Folder of acted clips with MEAD's file names.")] = None,
    real: Annotated[str | None, typer.Option(help="URI of a corpus of recordings with known words.")] = None,
    grid: Annotated[Path | None, typer.Option(help="Table of file name and words, for --real.")] = None,
    twin: Annotated[Path | None, typer.Option(help="Folder of twin footage.")] = None,
    corpus: Annotated[str | None, typer.Option(help="URI of the corpus built from it.")] = None,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Fit the curve of confidence.")] = False,
    most: Annotated[int, typer.Option(help="Largest number of twins whose faces are tracked here.")] = 100,
) -> None:
    console.rule("emotion of the face")
    face_emotion.main(acted=acted, twin=None)
    console.rule("action units")
    units.main(twin=twin, acted=None, marks=None, quiet=None, most=most)
    console.rule("words")
    if real is not None and grid is not None:
        words.main(corpus=real, footage=None, truth=grid)
    if corpus is not None and twin is not None:
        words.main(corpus=corpus, footage=twin, truth=None)
    console.rule("sync")
    if twin is not None:
        sync.main(twins=twin, real=None, most=most)
    console.rule("confidence")
    if corpus is not None and twin is not None:
        print_confidence(Judged(Corpus.open(corpus), truths_of(twin)), calibrate=calibrate)
    names = ("acted", "real", "grid", "twin", "corpus")
    left_out = [
        name for name, given in zip(names, (acted, real, grid, twin, corpus), strict=True) if not given
    ]
    if left_out:
        console.print(f"not given, so not measured: {', '.join('--' + name for name in left_out)}")


if __name__ == "__main__":
    typer.run(main)
