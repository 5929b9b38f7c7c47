"""What the pipeline recovers of the twin's known truth, as a table.

Rotation    angle between the true and the fitted head rotation, degrees, median over frames
Expression  per coefficient: mean absolute error, and correlation over time where the truth moves
Emotion     share of clips whose emotion is the true one
Run         python benchmarks/twin.py --corpus demo/corpus --footage demo/footage

Axes: T frames, K coefficients.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.emotion.agreement import together, votes_of
from style2talker.emotion.facs import UNIT_NAMES
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.face.geometry import rotation_matrix
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.twin.truth import SUFFIX, Truth, read_truth

COLUMNS = (
    *("source_uri", "start_s", "num_frames", "face_found", "rotation", "expression", "fit_error"),
    *("opinions", "action_units", "split"),
)
MOVES = 0.05
"""Standard deviation above which a coefficient counts as moving in the truth."""
SHOWN = (
    *("jawOpen", "mouthClose", "mouthPucker", "mouthFunnel", "mouthSmileLeft", "mouthFrownLeft"),
    *("mouthStretchLeft", "mouthPressLeft", "eyeBlinkLeft", "browInnerUp", "browDownLeft", "cheekSquintLeft"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A clip of the corpus and the same frames of the truth."""

    row: dict[str, Any]
    truth: Truth
    rotation_t3: np.ndarray
    expression_tk: np.ndarray


def pairs(corpus: str, footage: Path) -> Iterator[Pair]:
    for row in Corpus.open(corpus).clips(columns=COLUMNS):
        truth = read_truth(footage / (Path(row["source_uri"]).stem + SUFFIX))
        first = round(row["start_s"] * FRAME_RATE_HZ)
        frames = slice(first, first + row["num_frames"])
        yield Pair(
            row=row,
            truth=truth,
            rotation_t3=truth.rotation_t3[frames],
            expression_tk=truth.expression_tk[frames],
        )


def angle_deg(a_t3: np.ndarray, b_t3: np.ndarray) -> np.ndarray:
    """Angle of the rotation between two head poses, degrees, (T,)."""
    between_t33 = np.swapaxes(rotation_matrix(a_t3), -1, -2) @ rotation_matrix(b_t3)
    return np.degrees(np.arccos(np.clip((np.trace(between_t33, axis1=1, axis2=2) - 1) / 2, -1, 1)))


def correlation(found_t: np.ndarray, true_t: np.ndarray) -> float:
    """Of two curves; a found curve that stands still follows nothing."""
    return float(np.corrcoef(found_t, true_t)[0, 1]) if found_t.std() > 0 else 0.0


def pose_table(found: list[Pair]) -> Table:
    table = Table("pose and fit", "median", "95th percentile", title="rotation and landmarks")
    angle = np.concatenate([angle_deg(p.row["rotation"], p.rotation_t3) for p in found])
    offset = [np.median(p.row["rotation"] - p.rotation_t3, axis=0) for p in found]
    moved = np.concatenate(
        [angle_deg(p.row["rotation"] - o, p.rotation_t3) for p, o in zip(found, offset, strict=True)]
    )
    error = 100 * np.concatenate([p.row["fit_error"] for p in found])
    for name, values, unit in (
        ("rotation error", angle, "deg"),
        ("rotation error, constant offset of the clip removed", moved, "deg"),
        ("landmark error, interocular", error, "%"),
    ):
        table.add_row(name, *(f"{np.nanpercentile(values, q):.2f} {unit}" for q in (50, 95)))
    return table


def expression_table(found: list[Pair]) -> Table:
    table = Table("coefficient", "mean absolute error", "correlation where it moves", title="expression")
    error = np.concatenate([np.abs(p.row["expression"] - p.expression_tk) for p in found])
    for name in SHOWN:
        k = EXPRESSION_NAMES.index(name)
        moving = [p for p in found if p.expression_tk[:, k].std() > MOVES]
        follows = [correlation(p.row["expression"][:, k], p.expression_tk[:, k]) for p in moving]
        shown = f"{np.mean(follows):.2f} ({len(moving)} clips)" if moving else "does not move"
        table.add_row(name, f"{error[:, k].mean():.3f}", shown)
    table.add_row("all 52", f"{error.mean():.3f}", "")
    return table


def witnessed(row: dict[str, Any]) -> str:
    """What the face, the voice and the words say together: the card's label is the truth itself."""
    heard = [(o["modality"], o["probability"]) for o in row["opinions"] if o["modality"] != "label"]
    return EMOTIONS[int(together(votes_of([(m, p) for m, p in heard if p is not None])).argmax())]


def label_table(found: list[Pair]) -> Table:
    table = Table("label", "recovered", "of", title="labels")
    said = {id(p): witnessed(p.row) for p in found}
    right = sum(said[id(p)] == p.truth.emotion for p in found)
    table.add_row("emotion, the card's label left out", f"{100 * right / len(found):.0f} %", str(len(found)))
    for name in sorted({p.truth.emotion for p in found}):
        of_it = [p for p in found if p.truth.emotion == name]
        heard = Counter(said[id(p)] for p in of_it)
        table.add_row(f"  {name}", ", ".join(f"{k} {n}" for k, n in heard.most_common()), str(len(of_it)))
    seen = [{unit["unit"] for unit in p.row["action_units"]} for p in found]
    true = [set(p.truth.action_units) for p in found]
    hits = sum(len(a & b) for a, b in zip(seen, true, strict=True))
    f1 = 2 * hits / max(1, sum(map(len, seen)) + sum(map(len, true)))
    table.add_row("active units, F1", f"{f1:.2f}", str(sum(map(len, true))))
    for unit in sorted(set().union(*true)):
        times = sum(unit in a and unit in b for a, b in zip(seen, true, strict=True))
        table.add_row(f"  {unit} {UNIT_NAMES[unit]}", str(times), str(sum(unit in units for units in true)))
    return table


def main(
    corpus: Annotated[str, typer.Option(help="URI of the corpus.")],
    footage: Annotated[Path, typer.Option(help="The twin footage it was built from.")],
) -> None:
    found = list(pairs(corpus, footage))
    console = Console()
    for table in (pose_table(found), expression_table(found), label_table(found)):
        console.print(table)
    frames = np.concatenate([np.asarray(p.row["face_found"]) for p in found])
    console.print(
        f"{len(found)} clips, {len(frames)} frames, face found in {100 * frames.mean():.2f} % of them"
    )


if __name__ == "__main__":
    typer.run(main)
