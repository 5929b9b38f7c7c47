"""`style2talker face fit`: what is checked before a long fit starts, and what is written after it."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from style2talker import __version__
from style2talker.corpus.shard import file_sha256
from style2talker.errors import Reject, UserError
from style2talker.face.array_file import write_array
from style2talker.face.fit_movie import write_fit_movie, write_fit_picture
from style2talker.face.fit_video import VideoFit, fit_picture, fit_video
from style2talker.face.model import FaceModel, embedded, load_model
from style2talker.face.not_over import check_not_over
from style2talker.face.table import FaceTable, write_table
from style2talker.generate.portrait import read_picture

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to fit: a video's span, or a picture where the file is one; and where the drawing goes."""

    source: Path
    out: Path
    model: Path | None = None
    overlay: Path | None = None
    start_s: float = 0.0
    end_s: float | None = None
    photometric: bool = False


def run_fit(request: Request) -> VideoFit:
    """Fit and write.

    Raises:
        UserError: a file that is missing, no video or shows no face; an unknown suffix; an empty span.
        OSError: a file cannot be written.
    """
    is_picture = request.source.suffix.lower() in PICTURES
    _check(request, is_picture=is_picture)
    model = embedded() if request.model is None else load_model(request.model)
    for path in (request.out, request.overlay):
        if path is not None:
            _make_writable(path)
    picture_hw3 = read_picture(request.source) if is_picture else None
    fit = (
        _fitted_video(request, model) if picture_hw3 is None else _fitted_picture(request, picture_hw3, model)
    )
    fit = replace(fit, table=_with_origin(fit.table, request))
    write = write_array if request.out.suffix.lower() == ".npy" else write_table
    write(request.out, fit.table)
    # Only then the drawing: if it fails, the fit is not lost.
    if request.overlay is not None and picture_hw3 is not None:
        write_fit_picture(request.overlay, picture_hw3, fit, title=request.source.name, model=model)
    elif request.overlay is not None:
        span = {"start_s": request.start_s, "end_s": request.end_s}
        write_fit_movie(request.overlay, request.source, fit, model=model, **span)
    return fit


def _with_origin(table: FaceTable, request: Request) -> FaceTable:
    return replace(
        table,
        source=request.source.name.encode(errors="replace").decode(),  # a name may be no text
        source_sha256=file_sha256(request.source),
        start_s=request.start_s,
        style2talker_version=__version__,
    )


def _fitted_video(request: Request, model: FaceModel) -> VideoFit:
    span = {"start_s": request.start_s, "end_s": request.end_s}
    try:
        fit = fit_video(request.source, model=model, **span)
    except Reject as error:
        if error.kind == "no_face":
            raise UserError(
                f"{request.source}: {error.message}; give footage of a face at least 80 px wide, turned to "
                "the camera, upright, or choose another part with --from and --to."
            ) from error
        elsewhere = request.start_s > 0 and error.kind == "decode_failed"
        advice = (
            "choose --from and --to inside it" if elsewhere else "give a video such as .mp4, or a portrait"
        )
        raise UserError(f"{request.source} cannot be fitted: {error.message}; {advice}.") from error
    if request.photometric:
        from style2talker.face.refine_video import refine_video  # imports torch: seconds

        fit = refine_video(request.source, fit, model=model, **span)
    return fit


def _fitted_picture(request: Request, picture_hw3: np.ndarray, model: FaceModel) -> VideoFit:
    try:
        return fit_picture(picture_hw3, model=model)
    except Reject as error:
        raise UserError(
            f"{request.source}: {error.message}; give a portrait that shows one face from the front."
        ) from error


def _check(request: Request, *, is_picture: bool) -> None:
    if not request.source.is_file():
        raise UserError(f"there is no file {request.source}; give the path of a video or a portrait.")
    if request.out.suffix.lower() not in (".parquet", ".npy"):
        raise UserError(
            f"--out {request.out} ends in {request.out.suffix!r}, expected .parquet (everything) or .npy "
            "(the columns only)."
        )
    kind = ".png" if is_picture else ".mp4"
    if request.overlay is not None and request.overlay.suffix.lower() != kind:
        raise UserError(
            f"--overlay {request.overlay} ends in {request.overlay.suffix!r}, expected {kind} for a "
            f"{'picture' if is_picture else 'video'}."
        )
    for option, path in (("--out", request.out), ("--overlay", request.overlay)):
        if path is not None:
            check_not_over(request.source, path, option=option)
    for option, time_s in (("--from", request.start_s), ("--to", request.end_s)):
        if time_s is not None and not math.isfinite(time_s):
            raise UserError(f"{option} {time_s} is no time; give seconds of the video, or leave it out.")
    if is_picture and (request.photometric or request.start_s > 0 or request.end_s is not None):
        raise UserError(
            f"{request.source} is a picture; --photometric, --from and --to are for videos, leave them out."
        )
    if request.model is not None and not request.model.is_file():
        raise UserError(
            f"there is no face model {request.model}; `style2talker face-model import` makes one."
        )
    if request.end_s is not None and request.end_s <= request.start_s:
        raise UserError(
            f"--from {request.start_s:g} --to {request.end_s:g} is an empty span; --to must be larger."
        )


def _make_writable(path: Path) -> None:
    """Raise `OSError` now rather than after the fit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    existed = path.exists()
    with path.open("ab"):
        pass
    if not existed:
        path.unlink()
