"""How well real footage is fitted: landmark error, and whether the jaw does what the blendshape net says.

Prints   per video: frames, median landmark error in % of the distance between the eyes, correlation of the
         fitted jawOpen with the net's score (the prior of the fit, so a check of agreement, not of truth) and
         of the fitted mouth's opening with the landmarks'; medians over all
Run      OMP_NUM_THREADS=1 python benchmarks/real_fit.py VIDEO ...

Axes: T frames.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from style2talker.errors import Reject
from style2talker.face.crop import fomm_box, to_crop
from style2talker.face.fit import fit_clip
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.media.video import read_frames

JAW_OPEN = EXPRESSION_NAMES.index("jawOpen")
UPPER_LIP, LOWER_LIP = 13, 14


def measures(path: Path, longest_s: float) -> tuple[int, float, float, float] | None:
    """(frames, error in %, jaw's correlation, opening's correlation); None where no face is found."""
    with LandmarkTracker() as tracker:
        track = tracker.track(read_frames(path, end_s=longest_s))
    box = fomm_box(track.landmarks_tl3)
    if box is None:
        return None
    landmarks_tl3, scores_tk = to_crop(track.landmarks_tl3, box), np.nan_to_num(track.blendshapes_tk)
    model = embedded()
    fit = fit_clip(landmarks_tl3, blendshapes_tk=scores_tk, model=model, face_found_t=track.found_t)
    known_t = np.isfinite(fit.error_t)
    vertices_tv3 = model.shape(fit.identity_k, fit.expression_tk[known_t])
    fitted_t = np.linalg.norm(vertices_tv3[:, UPPER_LIP] - vertices_tv3[:, LOWER_LIP], axis=1)
    points_tl2 = landmarks_tl3[known_t, :, :2]
    seen_t = np.linalg.norm(points_tl2[:, UPPER_LIP] - points_tl2[:, LOWER_LIP], axis=1)
    return (
        int(known_t.sum()),
        100 * float(np.median(fit.error_t[known_t])),
        float(np.corrcoef(fit.expression_tk[known_t, JAW_OPEN], scores_tk[known_t, JAW_OPEN])[0, 1]),
        float(np.corrcoef(fitted_t, seen_t / fit.translation_t3[known_t, 2])[0, 1]),
    )


def main(
    videos: Annotated[list[Path], typer.Argument(help="Footage of one face each.")],
    longest_s: Annotated[float, typer.Option(help="No more of each than this.")] = 10.0,
) -> None:
    table = Table("video", "frames", "landmark error", "jawOpen and score", "opening and landmarks")
    found: list[tuple[int, float, float, float]] = []
    for path in videos:
        try:
            measured = measures(path, longest_s)
        except Reject as reject:
            table.add_row(path.name, reject.kind, "", "", "")
            continue
        if measured is None:
            table.add_row(path.name, "no face", "", "", "")
            continue
        found.append(measured)
        table.add_row(
            path.name, str(measured[0]), f"{measured[1]:.2f} %", *(f"{r:.3f}" for r in measured[2:])
        )
    if found:
        error, jaw, opening = np.median(np.array(found)[:, 1:], axis=0)
        table.add_row("median", "", f"{error:.2f} %", f"{jaw:.3f}", f"{opening:.3f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
