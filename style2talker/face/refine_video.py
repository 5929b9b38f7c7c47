"""Refine a fitted video on its pictures, stretch by stretch.

Shapes: T frames; pixels of the source in the table, of a 256-px crop where pictures are looked at.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from style2talker.face.convert.square import into_square, out_of_square
from style2talker.face.crop import CROP_PX, crop_frames, fomm_box
from style2talker.face.fit import Fit, measures
from style2talker.face.fit_video import VideoFit
from style2talker.face.geometry import project, rotation_matrix
from style2talker.face.model import FaceModel
from style2talker.face.photometric import ROUNDS, refine
from style2talker.face.shapes import Shapes
from style2talker.face.table import FaceTable
from style2talker.media.video import read_frames
from style2talker.progress import progress_bar

MOST_FRAMES = 1000  # looked at together; they take 0.5 GB


def refine_video(
    path: str | Path,
    fit: VideoFit,
    *,
    model: FaceModel,
    start_s: float = 0.0,
    end_s: float | None = None,
    device: str = "cpu",
) -> VideoFit:
    """The fit of `fit_video`, with the same path, model and span, refined as photometric.py says."""
    table, frames = fit.table, read_frames(path, start_s=start_s, end_s=end_s)
    columns = {
        name: getattr(table, name).copy() for name in ("expression_tk", "rotation_t3", "translation_t3")
    }
    spans, at = list(_spans(fit)), 0
    with progress_bar() as bar:
        task = bar.add_task("refine", total=sum(end - begin for begin, end in spans), unit="frames")
        for begin, end in spans:
            box = fomm_box(fit.landmarks_tl3[begin:end])
            pictures = islice(frames, begin - at, end - at)
            at = end
            if box is None:
                for _ in pictures:  # on to the next part's
                    pass
            else:
                square_t3 = np.tile(box, (end - begin, 1))
                advance = partial(bar.advance, task, (end - begin) / ROUNDS)
                part = _part(table, begin, end, square_t3)
                refined = refine(
                    part, crop_frames(pictures, box), model=model, device=device, after_round=advance
                )
                columns["expression_tk"][begin:end] = refined.expression_tk
                columns["rotation_t3"][begin:end] = refined.rotation_t3
                columns["translation_t3"][begin:end] = out_of_square(
                    refined.translation_t3, square_t3, size_px=CROP_PX
                )
            bar.update(task, completed=sum(last - first for first, last in spans if last <= end))
    return _measured(replace(fit, table=replace(table, photometric=True, **columns)), model)


def _part(table: FaceTable, begin: int, end: int, square_t3: np.ndarray) -> Fit:
    """Rows of the table as a fit in px of the square's crop."""
    translation_t3 = into_square(table.translation_t3[begin:end], square_t3, size_px=CROP_PX)
    return Fit(
        identity_k=table.identity_k,
        expression_tk=table.expression_tk[begin:end],
        rotation_t3=table.rotation_t3[begin:end],
        translation_t3=translation_t3.astype(np.float32),
        error_t=table.error_t[begin:end],
        visibility_t=table.visibility_t[begin:end],
        confidence_t=table.confidence_t[begin:end],
    )


def _measured(fit: VideoFit, model: FaceModel) -> VideoFit:
    """The fit with error, visibility and confidence of the coefficients that it holds now."""
    table, known = fit.table, np.flatnonzero(fit.table.face_found_t)
    shapes, landmarks_tl3 = Shapes(model, np.float32), fit.landmarks_tl3[known]
    person_3l = shapes.mean_3l + np.tensordot(
        table.identity_k, shapes.fields_n3l[shapes.num_modes :][: shapes.num_identity], axes=1
    )
    expression_t3l = np.tensordot(table.expression_tk[known], shapes.fields_n3l[: shapes.num_modes], axes=1)
    points_tl2 = project(
        np.swapaxes(person_3l + expression_t3l, 1, 2), table.rotation_t3[known], table.translation_t3[known]
    )
    distance_tl = np.linalg.norm(points_tl2 - landmarks_tl3[:, model.landmark_l, :2], axis=2)
    rows_tn = measures(distance_tl, rotation_matrix(table.rotation_t3[known]), landmarks_tl3, shapes)
    measured = {}
    for name, row_t in zip(("error_t", "visibility_t", "confidence_t"), rows_tn.T, strict=True):
        measured[name] = getattr(table, name).copy()
        measured[name][known] = row_t
    stretches = [
        replace(part, error=float(np.nanmedian(measured["error_t"][part.begin : part.end])))
        if part.kept
        else part
        for part in fit.stretches
    ]
    return replace(fit, table=replace(table, **measured), stretches=tuple(stretches))


def _spans(fit: VideoFit) -> Iterator[tuple[int, int]]:
    """What shows the person without a cut, in parts of at most MOST_FRAMES; all of a video without cuts."""
    kept = [(stretch.begin, stretch.end) for stretch in fit.stretches if stretch.kept]
    for begin, end in kept if len(fit.stretches) > 1 else [(0, len(fit.table.error_t))]:
        edges = np.linspace(begin, end, -(-(end - begin) // MOST_FRAMES) + 1).round().astype(int).tolist()
        yield from pairwise(edges)
