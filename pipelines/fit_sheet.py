"""The card's contact sheet of fits: eight clips from the worst to the best, each at two frames.

Drawn from what the corpus stores, frames and coefficients; landmarks are not kept, so the error is shown over
time instead of over the face. `style2talker inspect URI --overlay` tracks again and shows both.

Shapes: T frames.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from style2talker.corpus.reader import Corpus
from style2talker.face.clip_movie import Shown, spread_by_error
from style2talker.face.footage import decode_frame
from style2talker.face.model import embedded
from style2talker.face.overlay import MeshPen

NUM_CLIPS = 8
PICTURE_PX = 176
WEBP_QUALITY = 72
STRIP_WIDTH, STRIP_HEIGHT = 480.0, 44.0
STRIP_PERCENT = 4.0  # the strip's upper end
_COLUMNS = (
    *("clip_id", "speaker", "emotion", "emotion_level", "face_model_sha256"),
    *("identity", "expression", "rotation", "translation", "fit_error"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitFrame:
    """One frame of a clip: its error, its place along the strip, and two pictures as data URIs."""

    name: str
    percent: float
    x: float
    source: str
    mesh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRow:
    """One clip of the sheet; `strip` is its error over time as points of SVG polylines, a line per run."""

    clip_id: str
    speaker: str
    emotion: str
    level: int
    percent: float
    frames: tuple[FitFrame, FitFrame]
    strip: tuple[str, ...]


def fit_sheet(corpus: Corpus, errors: Sequence[tuple[str, float]]) -> list[FitRow]:
    """The rows of the sheet.

    Args:
        errors: (clip_id, median landmark error) of every clip.
    """
    measured = [Shown(clip_id=name, error=error) for name, error in errors if np.isfinite(error)]
    if not measured:
        return []
    chosen = [clip.clip_id for clip in spread_by_error(measured, NUM_CLIPS)]
    rows = {row["clip_id"]: row for row in corpus.clips(columns=_COLUMNS, clip_ids=chosen)}
    if any(row["face_model_sha256"] != embedded().sha256 for row in rows.values()):
        return []  # not drawn with a model that the coefficients do not belong to
    pen = MeshPen(embedded())
    jpegs = {row["clip_id"]: _two_jpegs(row["jpeg"], rows[row["clip_id"]]) for row in corpus.frames(chosen)}
    return [_row(pen, rows[clip_id], jpegs[clip_id]) for clip_id in chosen]


def strip_y(percent: float) -> float:
    """Height of an error in the strip, in its own units."""
    return STRIP_HEIGHT - 2 - min(percent / STRIP_PERCENT, 1.0) * (STRIP_HEIGHT - 4)


def _two_frames(row: dict[str, Any]) -> tuple[int, int]:
    """The frame whose error is the clip's median, and the worst one."""
    error_t = row["fit_error"]
    return int(np.nanargmin(np.abs(error_t - np.nanmedian(error_t)))), int(np.nanargmax(error_t))


def _two_jpegs(jpegs: Sequence[bytes], row: dict[str, Any]) -> tuple[bytes, bytes]:
    middle, worst = _two_frames(row)
    return jpegs[middle], jpegs[worst]


def _row(pen: MeshPen, row: dict[str, Any], jpegs: tuple[bytes, bytes]) -> FitRow:
    middle, worst = _two_frames(row)
    return FitRow(
        clip_id=row["clip_id"],
        speaker=row["speaker"],
        emotion=row["emotion"],
        level=row["emotion_level"],
        percent=100 * float(np.nanmedian(row["fit_error"])),
        frames=(
            _frame(pen, row, jpegs[0], frame=middle, name="median"),
            _frame(pen, row, jpegs[1], frame=worst, name="worst"),
        ),
        strip=_strip(row["fit_error"]),
    )


def _frame(pen: MeshPen, row: dict[str, Any], jpeg: bytes, *, frame: int, name: str) -> FitFrame:
    picture_hw3 = decode_frame(jpeg)
    posed = pen.pose(
        row["identity"], row["expression"][frame], row["rotation"][frame], row["translation"][frame]
    )
    return FitFrame(
        name=name,
        percent=100 * float(row["fit_error"][frame]),
        x=float(_strip_x(len(row["fit_error"]))[frame]),
        source=_picture_uri(picture_hw3),
        mesh=_picture_uri(pen.draw_mesh(picture_hw3, posed)),
    )


def _strip(error_t: np.ndarray) -> tuple[str, ...]:
    finite_t = np.isfinite(error_t)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite_t, [False]]).astype(np.int8)))
    x_t = _strip_x(len(error_t))
    return tuple(
        " ".join(f"{x_t[t]:.1f},{strip_y(100 * float(error_t[t])):.1f}" for t in range(begin, end))
        for begin, end in edges.reshape(-1, 2)
    )


def _strip_x(num_frames: int) -> np.ndarray:
    return 2 + np.arange(num_frames) / max(num_frames - 1, 1) * (STRIP_WIDTH - 4)


def _picture_uri(picture_hw3: np.ndarray) -> str:
    small_hw3 = cv2.resize(picture_hw3, (PICTURE_PX, PICTURE_PX), interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY]
    _, data = cv2.imencode(".webp", cv2.cvtColor(small_hw3, cv2.COLOR_RGB2BGR), options)
    return "data:image/webp;base64," + base64.b64encode(data.tobytes()).decode()
