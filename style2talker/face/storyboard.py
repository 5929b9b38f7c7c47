"""A fit to look at: source, mesh, error heat and curves side by side, frame by frame.

Shapes: T frames, K expression coefficients, L landmarks (478), H W frame. Coordinates are px of the panel,
PANEL_PX wide and high.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.face.curves import (
    DOUBTFUL_PERCENT,
    FOOT_PX,
    GOOD_PERCENT,
    ROW_PX,
    CurvePen,
    fit_curves,
    num_curves,
)
from style2talker.face.drawing import (
    PAPER,
    SOFT,
    WHITE,
    draw_lines,
    draw_text,
    fill_box,
    text_width,
)
from style2talker.face.overlay import CONTOURS, WORST_PERCENT, MeshPen, heat_colours
from style2talker.face.usable import interocular_px

PANEL_PX = 384
GAP_PX, HEAD_PX, LEGEND_PX = 12, 44, 44
WIDTH_PX = 3 * PANEL_PX + 4 * GAP_PX


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One clip's fit, and what is said above it.

    Attributes:
        title, note: on the left and on the right of the head line; the frame's number and time follow the
            note.
        identity_k, expression_tk, rotation_t3, translation_t3, error_t: as `fit_clip` gives them, in px of
            the panel.
        landmarks_tl2: what the tracker saw, NaN in frames without a face.
        start_s: time of the first frame.
    """

    title: str
    note: str
    identity_k: np.ndarray
    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    translation_t3: np.ndarray
    error_t: np.ndarray
    landmarks_tl2: np.ndarray
    start_s: float = 0.0


def height_px(expression_names: Sequence[str]) -> int:
    """Of every frame that `draw_shot` gives for a model with these expressions."""
    return HEAD_PX + PANEL_PX + LEGEND_PX + num_curves(expression_names) * ROW_PX + FOOT_PX


def draw_shot(pen: MeshPen, shot: Shot, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Frames uint8 [height_px(), WIDTH_PX, 3] for the pictures [PANEL_PX, PANEL_PX, 3] of a clip, lazily."""
    curves = fit_curves(pen.model.expression_names, shot.expression_tk, shot.rotation_t3, shot.error_t)
    curve_pen = CurvePen(curves, width_px=WIDTH_PX, start_s=shot.start_s)
    base_hw3 = _base(shot, height_px(pen.model.expression_names))
    for frame, picture_hw3 in enumerate(pictures):
        page_hw3 = base_hw3.copy()
        _put_panels(page_hw3, _panels(pen, shot, frame, picture_hw3))
        draw_text(
            page_hw3, frame_and_time(shot, frame), (WIDTH_PX - GAP_PX, HEAD_PX / 2), WHITE, align="right"
        )
        curves_hw3 = curve_pen.draw(frame)
        page_hw3[HEAD_PX + PANEL_PX + LEGEND_PX :][: len(curves_hw3)] = curves_hw3
        yield page_hw3


def draw_picture(pen: MeshPen, shot: Shot, picture_hw3: np.ndarray) -> np.ndarray:
    """The panels of a shot of one picture, without curves."""
    page_hw3 = _base(shot, HEAD_PX + PANEL_PX + LEGEND_PX)
    _put_panels(page_hw3, _panels(pen, shot, 0, picture_hw3))
    return page_hw3


def _put_panels(page_hw3: np.ndarray, panels: Iterable[np.ndarray]) -> None:
    for place, panel_hw3 in enumerate(panels):
        left = GAP_PX + place * (PANEL_PX + GAP_PX)
        page_hw3[HEAD_PX : HEAD_PX + PANEL_PX, left : left + PANEL_PX] = panel_hw3


def _panels(
    pen: MeshPen, shot: Shot, frame: int, picture_hw3: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source, mesh and heat; without a pose the source is dimmed."""
    pose_3, place_3 = shot.rotation_t3[frame], shot.translation_t3[frame]
    if not np.isfinite(place_3).all():
        empty_hw3 = (picture_hw3 * 0.35).astype(np.uint8)
        draw_text(empty_hw3, "no fit", (PANEL_PX / 2, PANEL_PX / 2), size_px=20, align="middle")
        return picture_hw3, empty_hw3, empty_hw3
    posed = pen.pose(shot.identity_k, shot.expression_tk[frame], pose_3, place_3)
    seen_l2 = shot.landmarks_tl2[frame]
    percent_l = 100 * np.linalg.norm(posed.landmarks_l2 - seen_l2, axis=1) / interocular_px(seen_l2[None])
    mesh_hw3, heat_hw3 = pen.draw_mesh(picture_hw3, posed), pen.draw_heat(picture_hw3, posed, percent_l)
    if not np.isfinite(percent_l).any():
        for panel_hw3 in (mesh_hw3, heat_hw3):
            draw_text(panel_hw3, "no face: interpolated", (PANEL_PX / 2, PANEL_PX - 18), align="middle")
    return picture_hw3, mesh_hw3, heat_hw3


def _base(shot: Shot, page_height_px: int) -> np.ndarray:
    """What does not change: head line and legend."""
    base_hw3 = np.full((page_height_px, WIDTH_PX, 3), PAPER, np.uint8)
    count = len(shot.error_t)
    reserved = text_width(f"   {frame_and_time(shot, count - 1)}") if count > 1 else 0
    draw_text(base_hw3, shot.note, (WIDTH_PX - GAP_PX - reserved, HEAD_PX / 2), SOFT, align="right")
    room = WIDTH_PX - 3 * GAP_PX - reserved - text_width(shot.note)
    draw_text(base_hw3, _cut(shot.title, room), (GAP_PX, HEAD_PX / 2), WHITE, size_px=17)

    middle = HEAD_PX + PANEL_PX + LEGEND_PX / 2
    draw_text(base_hw3, "source", (GAP_PX, middle))
    left = 2 * GAP_PX + PANEL_PX
    left += draw_text(base_hw3, "fitted mesh", (left, middle)) + 18
    for name, _, colour in CONTOURS:
        draw_lines(base_hw3, [np.array([[left, middle], [left + 18, middle]])], colour, width_px=3)
        left += 24 + draw_text(base_hw3, name, (left + 24, middle), SOFT) + 14
    _scale_bar(base_hw3, 3 * GAP_PX + 2 * PANEL_PX, middle)
    return base_hw3


def frame_and_time(shot: Shot, frame: int) -> str:
    """Frame and time as the table counts them, the time from the source's beginning."""
    return f"frame {frame} of {len(shot.error_t)}  {shot.start_s + frame / FRAME_RATE_HZ:.2f} s"


def _scale_bar(base_hw3: np.ndarray, left: float, middle: float) -> None:
    left += draw_text(base_hw3, "miss, % of eye distance", (left, middle)) + 14
    right = WIDTH_PX - GAP_PX - 14
    width = round(right - left)
    colour_w3 = heat_colours((np.arange(width) + 0.5) / width * WORST_PERCENT)
    top = round(middle) - 14
    base_hw3[top : top + 10, round(left) : round(left) + width] = colour_w3
    for percent in (0.0, GOOD_PERCENT, DOUBTFUL_PERCENT, WORST_PERCENT):
        x = left + percent / WORST_PERCENT * width
        fill_box(base_hw3, x, top + 10, x + 1, top + 14, SOFT)
        draw_text(base_hw3, f"{percent:g}", (x, middle + 8), SOFT, size_px=12, align="middle")


def _cut(text: str, room_px: float) -> str:
    """The text, shortened until it fits."""
    while text and text_width(text, 17) > room_px:
        text = text[:-2].rstrip() + "…"
    return text
