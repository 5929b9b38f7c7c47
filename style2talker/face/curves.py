"""Coefficients over time, drawn: a row for each, and a cursor at the frame that is shown.

Shapes: T frames, K expression coefficients, H W picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.face.drawing import (
    FAINT,
    GREEN,
    ORANGE,
    PAPER,
    SKY_BLUE,
    SOFT,
    VERMILLION,
    WHITE,
    YELLOW,
    Colour,
    draw_dots,
    draw_lines,
    draw_text,
    fill_box,
)

PAGE_FRAMES = 250  # what is drawn at once, ten seconds
ROW_PX, FOOT_PX = 46, 22
NAME_PX, VALUE_PX = 132, 84  # columns left and right of the curves
GOOD_PERCENT, DOUBTFUL_PERCENT = 1.0, 3.0
"""Landmark errors in % of the distance between the eyes, also in docs/face_fit.md."""


_NAMED = {
    *("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthSmileRight"),
    *("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "browDownLeft", "browDownRight"),
}
NUM_PLAIN = 4  # rows for expressions, besides yaw and error


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One row: values [T], NaN where unknown; `low` and `high` are its ends, `marks` thin lines in it."""

    name: str
    unit: str
    value_t: np.ndarray
    low: float
    high: float
    colour: Colour
    marks: tuple[float, ...] = (0.0,)


def num_curves(expression_names: Sequence[str]) -> int:
    """How many rows `fit_curves` gives."""
    return min(len(expression_names), NUM_PLAIN) + 2


def fit_curves(
    expression_names: Sequence[str], expression_tk: np.ndarray, rotation_t3: np.ndarray, error_t: np.ndarray
) -> list[Curve]:
    """Jaw, blink, smile, brows, yaw and error; without ARKit's names the model's first four expressions."""
    column = {name: index for index, name in enumerate(expression_names)}

    def mean(*names: str) -> np.ndarray:
        return np.mean([expression_tk[:, column[name]] for name in names], axis=0)

    if column.keys() >= _NAMED:
        brows_t = mean("browInnerUp", "browOuterUpLeft", "browOuterUpRight") - mean(
            "browDownLeft", "browDownRight"
        )
        smile_t = mean("mouthSmileLeft", "mouthSmileRight")
        curves = [
            Curve(name="jaw open", unit="", value_t=mean("jawOpen"), low=0, high=1, colour=ORANGE),
            Curve(
                name="blink",
                unit="",
                value_t=mean("eyeBlinkLeft", "eyeBlinkRight"),
                low=0,
                high=1,
                colour=SKY_BLUE,
            ),
            Curve(name="smile", unit="", value_t=smile_t, low=0, high=1, colour=VERMILLION),
            Curve(name="brows up/down", unit="", value_t=brows_t, low=-1, high=1, colour=YELLOW),
        ]
    else:
        curves = [
            Curve(name=name, unit="", value_t=expression_tk[:, index], low=-3, high=3, colour=ORANGE)
            for name, index in list(column.items())[:NUM_PLAIN]
        ]
    yaw_t, percent_t = np.degrees(rotation_t3[:, 1]), 100 * error_t
    side = max(20.0, 10 * np.ceil(_largest(np.abs(yaw_t)) / 10))
    worst = max(4.0, np.ceil(_largest(percent_t)))
    return [
        *curves,
        Curve(name="yaw", unit="°", value_t=yaw_t, low=-side, high=side, colour=GREEN),
        Curve(
            name="landmark error",
            unit=" %",
            value_t=percent_t,
            low=0,
            high=worst,
            colour=WHITE,
            marks=(0.0, GOOD_PERCENT, DOUBTFUL_PERCENT),
        ),
    ]


class CurvePen:
    """Draws the curves of one clip, a page of PAGE_FRAMES at a time; its first frame lies at `start_s`."""

    def __init__(self, curves: Sequence[Curve], *, width_px: int, start_s: float = 0.0) -> None:
        self.curves, self.width_px, self.start_s = list(curves), width_px, start_s
        self.num_frames = len(self.curves[0].value_t)
        self.height_px = ROW_PX * len(self.curves) + FOOT_PX
        self._page, self._page_hw3 = -1, np.zeros((0, 0, 3), np.uint8)

    def draw(self, frame: int) -> np.ndarray:
        """The page that holds the frame, with the cursor on it and the frame's values, [height, width, 3]."""
        if frame // PAGE_FRAMES != self._page:
            self._page = frame // PAGE_FRAMES
            self._page_hw3 = self._background(self._page * PAGE_FRAMES)
        drawn_hw3 = self._page_hw3.copy()
        first = self._page * PAGE_FRAMES
        x = float(self._x(np.array([frame]), first)[0])
        bottom = ROW_PX * len(self.curves)
        draw_lines(drawn_hw3, [np.array([[x, 3], [x, bottom]])], WHITE)
        for row, curve in enumerate(self.curves):
            value, middle = float(curve.value_t[frame]), (row + 0.5) * ROW_PX
            right = self.width_px - 12
            if not np.isfinite(value):
                draw_text(drawn_hw3, "none", (right, middle), SOFT, align="right")
                continue
            digits = 2 if curve.high <= 1 else 1
            draw_text(drawn_hw3, f"{value:z.{digits}f}{curve.unit}", (right, middle), WHITE, align="right")
            dot_12 = np.array([[x, self._y(curve, row, np.array([value]))[0]]])
            draw_dots(drawn_hw3, dot_12, np.array([curve.colour]), 4)
        return drawn_hw3

    def _background(self, first: int) -> np.ndarray:
        page_hw3 = np.full((self.height_px, self.width_px, 3), PAPER, np.uint8)
        frame_t = np.arange(first, min(first + PAGE_FRAMES, self.num_frames))
        x_t = self._x(frame_t, first)
        left, right = NAME_PX, self.width_px - VALUE_PX
        for row, curve in enumerate(self.curves):
            value_t = curve.value_t[frame_t]
            half = (x_t[1] - x_t[0]) / 2 if len(x_t) > 1 else 4.0
            for x in x_t[~np.isfinite(value_t)]:
                fill_box(page_hw3, x - half, row * ROW_PX + 4, x + half + 1, (row + 1) * ROW_PX - 4, FAINT)
            for mark in curve.marks:
                y = float(self._y(curve, row, np.array([mark]))[0])
                draw_lines(page_hw3, [np.array([[left, y], [right, y]])], FAINT)
            line_t2 = np.stack([x_t, self._y(curve, row, value_t)], axis=1)
            draw_lines(page_hw3, [line_t2], curve.colour, width_px=2)
            draw_text(page_hw3, curve.name, (12, (row + 0.5) * ROW_PX))
            for value in (curve.low, curve.high):
                y = (row + (0.82 if value == curve.low else 0.2)) * ROW_PX
                text = f"{value:g}{curve.unit.strip()}"
                draw_text(page_hw3, text, (left - 6, y), SOFT, size_px=11, align="right")
        begin_s, end_s = (self.start_s + frame_t[[0, -1]] / FRAME_RATE_HZ).tolist()
        for time_s in range(math.ceil(begin_s), math.floor(end_s) + 1):
            x = float(self._x(np.array([(time_s - self.start_s) * FRAME_RATE_HZ]), first)[0])
            bottom = ROW_PX * len(self.curves)
            draw_lines(page_hw3, [np.array([[x, bottom], [x, bottom + 5]])], SOFT)
            draw_text(page_hw3, f"{time_s} s", (x, bottom + 13), SOFT, size_px=12, align="middle")
        return page_hw3

    def _x(self, frame_t: np.ndarray, first: int) -> np.ndarray:
        shown = max(min(PAGE_FRAMES, self.num_frames) - 1, 1)
        return NAME_PX + (frame_t - first) / shown * (self.width_px - VALUE_PX - NAME_PX)

    @staticmethod
    def _y(curve: Curve, row: int, value_t: np.ndarray) -> np.ndarray:
        share_t = np.clip((value_t - curve.low) / (curve.high - curve.low), 0, 1)
        return (row + 1) * ROW_PX - 6 - share_t * (ROW_PX - 12)


def _largest(value_t: np.ndarray) -> float:
    finite_t = value_t[np.isfinite(value_t)]
    return float(finite_t.max()) if len(finite_t) else 0.0
