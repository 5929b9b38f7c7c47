"""Refine a fitted video on its pictures, stretch by stretch.

Shapes: T frames; pixels of the source in the table, of a 256-px crop where pictures are looked at.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from style2talker.face.convert.square import into_square, out_of_square
from style2talker.face.crop import CROP_PX, crop_frames, fomm_box
from style2talker.face.fit import Fit
from style2talker.face.fit_video import VideoFit
from style2talker.face.model import FaceModel
from style2talker.face.photometric import refine
from style2talker.media.video import read_frames

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
    at = 0
    for begin, end in _spans(fit):
        box = fomm_box(fit.landmarks_tl3[begin:end])
        pictures = islice(frames, begin - at, end - at)
        at = end
        if box is None:
            for _ in pictures:  # on to the next part's
                pass
            continue
        square_t3 = np.tile(box, (end - begin, 1))
        part = Fit(
            identity_k=table.identity_k,
            expression_tk=table.expression_tk[begin:end],
            rotation_t3=table.rotation_t3[begin:end],
            translation_t3=into_square(table.translation_t3[begin:end], square_t3, size_px=CROP_PX).astype(
                np.float32
            ),
            error_t=table.error_t[begin:end],
            visibility_t=table.visibility_t[begin:end],
            confidence_t=table.confidence_t[begin:end],
        )
        refined = refine(part, crop_frames(pictures, box), model=model, device=device)
        columns["expression_tk"][begin:end] = refined.expression_tk
        columns["rotation_t3"][begin:end] = refined.rotation_t3
        columns["translation_t3"][begin:end] = out_of_square(
            refined.translation_t3, square_t3, size_px=CROP_PX
        )
    return replace(fit, table=replace(table, **columns))


def _spans(fit: VideoFit) -> Iterator[tuple[int, int]]:
    """What shows the person without a cut, in parts of at most MOST_FRAMES; all of a video without cuts."""
    kept = [(stretch.begin, stretch.end) for stretch in fit.stretches if stretch.kept]
    for begin, end in kept if len(fit.stretches) > 1 else [(0, len(fit.table.error_t))]:
        edges = np.linspace(begin, end, -(-(end - begin) // MOST_FRAMES) + 1).round().astype(int).tolist()
        yield from pairwise(edges)
