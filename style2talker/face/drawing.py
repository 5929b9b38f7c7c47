"""Lines, dots and text on a picture, smooth and between the pixels.

Everything draws into a uint8 RGB picture [H, W, 3] in place. Coordinates are px from the picture's upper left
corner, so the first pixel's middle is (0.5, 0.5), as docs/coordinates.md has it.
"""

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

# Okabe and Ito's palette: told apart with any kind of colour vision (jfly.uni-koeln.de/color).
ORANGE: Colour = (230, 159, 0)
SKY_BLUE: Colour = (86, 180, 233)
GREEN: Colour = (0, 158, 115)
YELLOW: Colour = (240, 228, 66)
VERMILLION: Colour = (213, 94, 0)
WHITE: Colour = (245, 245, 245)
SOFT: Colour = (160, 167, 175)
FAINT: Colour = (44, 48, 54)
PAPER: Colour = (22, 24, 27)

_SHIFT = 6  # OpenCV takes coordinates as whole numbers of 1/64 px


def draw_lines(
    picture_hw3: np.ndarray,
    lines: list[np.ndarray],
    colour: Colour,
    *,
    width_px: int = 1,
    closed: bool = False,
) -> None:
    """Polylines, each [N, 2]; a line breaks at points that are not finite."""
    pieces = [piece for line in lines for piece in _unbroken(np.asarray(line, np.float64))]
    if pieces:
        cv2.polylines(picture_hw3, pieces, closed, colour, width_px, cv2.LINE_AA, _SHIFT)


def draw_segments(picture_hw3: np.ndarray, segments_n22: np.ndarray, colour: Colour) -> None:
    """Many separate lines of one px, [N, 2 ends, 2]."""
    if len(segments_n22):
        cv2.polylines(picture_hw3, list(_fixed(segments_n22)), False, colour, 1, cv2.LINE_AA, _SHIFT)


def draw_dots(
    picture_hw3: np.ndarray, points_n2: np.ndarray, colours_n3: np.ndarray, radius_px: float
) -> None:
    """Filled discs, each with its own colour; points that are not finite are left out."""
    seen_n = np.isfinite(points_n2).all(axis=1)
    for centre, colour in zip(_fixed(points_n2[seen_n]), colours_n3[seen_n], strict=True):
        fill = [int(channel) for channel in colour]
        cv2.circle(picture_hw3, centre.tolist(), round(radius_px * 64), fill, -1, cv2.LINE_AA, _SHIFT)


def draw_text(
    picture_hw3: np.ndarray,
    text: str,
    at: tuple[float, float],
    colour: Colour = WHITE,
    *,
    size_px: int = 15,
    align: Literal["left", "middle", "right"] = "left",
) -> int:
    """One line of text whose middle height is at y; returns its width in px. Cut off at the borders."""
    ink_hw = _ink(text, size_px)
    height, width = ink_hw.shape
    left = round(at[0] - {"left": 0, "middle": width / 2, "right": width}[align])
    top = round(at[1] - height / 2)
    rows = slice(max(top, 0), min(top + height, picture_hw3.shape[0]))
    columns = slice(max(left, 0), min(left + width, picture_hw3.shape[1]))
    if rows.stop > rows.start and columns.stop > columns.start:
        ink_hw1 = ink_hw[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left, None]
        under_hw3 = picture_hw3[rows, columns]
        picture_hw3[rows, columns] = np.round(under_hw3 + ink_hw1 * (np.array(colour) - under_hw3))
    return width


def text_width(text: str, size_px: int = 15) -> int:
    """How wide `draw_text` would be, px."""
    return _ink(text, size_px).shape[1]


def fill_box(
    picture_hw3: np.ndarray, left: float, top: float, right: float, bottom: float, colour: Colour
) -> None:
    """A filled upright box, rounded to whole px."""
    picture_hw3[max(round(top), 0) : max(round(bottom), 0), max(round(left), 0) : max(round(right), 0)] = (
        colour
    )


@lru_cache(maxsize=512)
def _ink(text: str, size_px: int) -> np.ndarray:
    """How much of each pixel the text covers [H, W], 0 to 1, with the font that comes with Pillow."""
    font = ImageFont.load_default(size_px)
    ascent, descent = font.getmetrics() if isinstance(font, ImageFont.FreeTypeFont) else (size_px, 0)
    width = max(int(np.ceil(font.getlength(text))), 1)
    page = Image.new("L", (width, ascent + descent))
    ImageDraw.Draw(page).text((0, 0), text, fill=255, font=font)
    return np.asarray(page, np.float32) / 255


def _fixed(points: np.ndarray) -> np.ndarray:
    """Corner-based px to OpenCV's fixed point, which counts from the first pixel's middle."""
    return np.round((np.clip(points, -4096, 8192) - 0.5) * 2**_SHIFT).astype(np.int32)


def _unbroken(line_n2: np.ndarray) -> list[np.ndarray]:
    finite_n = np.isfinite(line_n2).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite_n, [False]]).astype(np.int8)))
    return [_fixed(line_n2[begin:end]) for begin, end in edges.reshape(-1, 2)]
