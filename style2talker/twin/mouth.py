"""What shows between parted lips: cavity, tongue and two rows of teeth.

Drawn per pixel in the head's own coordinates: upper teeth stay with the skull, lower teeth and tongue go with
the jaw. Shape suffixes: h, w picture; 2 px; 3 cm or colour. Colours are linear steps of 8 bit, 0 to 255.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from style2talker.face.canonical import LIPS_LOWER_INNER, LIPS_UPPER_INNER
from style2talker.face.geometry import rotation_matrix

CONTOUR = (*LIPS_UPPER_INNER, *LIPS_LOWER_INNER[-2:0:-1])
CAVITY = np.array([58.0, 22.0, 22.0])
TONGUE = np.array([176.0, 92.0, 88.0])
GUM = np.array([190.0, 108.0, 106.0])
TOOTH_EDGES_CM = np.array([0.0, 0.86, 1.5, 2.1, 2.55])  # seen from the front, the arch turns away
LOWER_EDGES_CM = np.array([0.0, 0.55, 1.1, 1.65, 2.2])
BEHIND_LIPS_CM = 0.9
TOOTH_LENGTH_CM = 0.95
UPPER_SHOWS_CM = 0.22  # the upper edge hangs this far below the line of closed lips
SOFT_PX = 0.7  # the photograph is no sharper than this
SEAM_PX = 0.8
SEAM = np.array([0.8, 1.0, 1.0])  # how much of each colour the line between closed lips takes away


@dataclass(frozen=True, slots=True, kw_only=True)
class Mouth:
    """The mouth of one identity.

    Attributes:
        line_3: middle of the line of closed lips, cm. tooth_3: tooth colour.
    """

    line_3: np.ndarray
    tooth_3: np.ndarray

    def paint(
        self,
        image_hw3: np.ndarray,
        points_v2: np.ndarray,
        jaw_3: np.ndarray,
        rotation_3: np.ndarray,
        translation_3: np.ndarray,
    ) -> None:
        """Draw the opening into `image_hw3` (float32), inside the inner rim of the lips.

        Args:
            points_v2: projected face vertices, px. jaw_3: how far the jaw has moved, cm.
        """
        upper, lower = self._lips(points_v2, rotation_3)
        rim = np.concatenate([upper, lower[-2:0:-1]])
        low = np.maximum(np.floor(rim.min(0)).astype(int) - 3, 0)
        high = np.minimum(np.ceil(rim.max(0)).astype(int) + 4, image_hw3.shape[1::-1])
        if (high - low).min() < 2:
            return
        alpha_hw = polygon_mask(rim - low, high - low)
        inside_hw3 = self.seen(low, alpha_hw, float(jaw_3[1]), (rotation_3, translation_3))
        view = image_hw3[low[1] : high[1], low[0] : high[0]]
        seam_hw = line_mask(upper - low, high - low, SEAM_PX) * 0.4
        view *= 1 - seam_hw[..., None] * SEAM
        view += alpha_hw[..., None] * (inside_hw3 - view)

    def seen(
        self,
        low_2: np.ndarray,
        open_hw: np.ndarray,
        jaw_y_cm: float,
        pose: tuple[np.ndarray, np.ndarray],
        *,
        scale: float = 1.0,
    ) -> np.ndarray:
        """The inside of the mouth, float32 [h, w, 3], in the window of `open_hw` whose corner is px `low_2`.

        Args:
            open_hw: how much of each px the opening takes. jaw_y_cm: how far the jaw has moved up.
            pose: (rotation_3, translation_3). scale: px of this picture per px of a finished one.
        """
        high_2 = low_2 + open_hw.shape[::-1]
        x_hw, y_hw = self._head_coordinates(low_2, high_2, *pose)
        inside_hw3 = cv2.GaussianBlur(self._inside(x_hw, y_hw, jaw_y_cm), (0, 0), SOFT_PX * scale)
        # less light the closer to the lips and the deeper behind the teeth
        light_hw = np.clip(0.25 + 1.0 * cv2.GaussianBlur(open_hw, (0, 0), 2.2 * scale), 0, 1)
        return inside_hw3 * light_hw[..., None]

    def _lips(self, points_v2: np.ndarray, rotation_3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The inner rims of both lips, px; where pressed lips would cross they meet half way."""
        upper, lower = (points_v2[list(line)] for line in (LIPS_UPPER_INNER, LIPS_LOWER_INNER))
        down_2 = rotation_matrix(rotation_3[None])[0, :2, 1] * [-1, 1]
        apart = (lower - upper) @ down_2
        # a sliver below a third of a pixel is the mesh's, not a parting of the lips
        missing = (np.maximum(apart - 0.3, 0) - apart)[:, None] * down_2 / 2
        return smooth_line(upper - missing), smooth_line(lower + missing)

    def _head_coordinates(
        self, low: np.ndarray, high: np.ndarray, rotation_3: np.ndarray, translation_3: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Model x and y, cm from the lip line, of what each pixel shows of the plane of the teeth."""
        rotation = rotation_matrix(rotation_3[None])[0]
        origin_3 = self.line_3 - [0, 0, BEHIND_LIPS_CM]
        flip = np.array([1.0, -1.0])
        centre_2 = translation_3[:2] + translation_3[2] * (rotation @ origin_3)[:2] * flip
        inverse = np.linalg.inv(translation_3[2] * rotation[:2, :2] * flip[:, None])
        grid = np.stack(np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1])), -1) - centre_2
        local = grid @ inverse.T
        return local[..., 0], local[..., 1]

    def _inside(self, x_hw: np.ndarray, y_hw: np.ndarray, jaw_y_cm: float) -> np.ndarray:
        arch_hw = 0.045 * x_hw**2
        upper_edge_hw = -UPPER_SHOWS_CM + arch_hw
        lower_edge_hw = -0.15 + jaw_y_cm * 0.85 + 0.6 * arch_hw
        image = np.broadcast_to(CAVITY, (*x_hw.shape, 3)).copy()
        tongue_top_hw = lower_edge_hw + 0.12 - 0.25 * (x_hw / 1.9) ** 2
        _over(image, TONGUE * 0.8, _soft(tongue_top_hw - y_hw, 0.25) * _soft(1.9 - np.abs(x_hw), 0.4))
        for edges, edge_hw, sign, shade in (
            (LOWER_EDGES_CM, lower_edge_hw, -1.0, 0.72),
            (TOOTH_EDGES_CM, upper_edge_hw, 1.0, 1.0),
        ):
            above_hw = (y_hw - edge_hw) * sign
            gap_hw = np.abs(np.abs(x_hw)[..., None] - edges).min(-1)
            # a tooth's corners are round: the edge steps back at each gap
            round_hw = 0.07 * np.exp(-((gap_hw / 0.1) ** 2))
            cover_hw = _soft(above_hw - round_hw, 0.07) * _soft(edges[-1] - np.abs(x_hw), 0.12)
            turn_hw = np.clip(1 - (np.abs(x_hw) / 3.0) ** 2, 0.2, 1) * shade
            tooth = self.tooth_3 * (turn_hw * (1 - 0.13 * np.exp(-((gap_hw / 0.06) ** 2))))[..., None]
            gum_hw = _soft(above_hw - TOOTH_LENGTH_CM + round_hw * 2, 0.1)[..., None]
            colour = tooth + gum_hw * (GUM * (turn_hw * 0.8)[..., None] - tooth)
            _over(image, colour, cover_hw)
        return image


def smooth_line(points_p2: np.ndarray, *, steps: int = 4) -> np.ndarray:
    """A Catmull-Rom curve through the points (Catmull & Rom 1974), `steps` pieces between two of them."""
    padded = np.concatenate(
        [2 * points_p2[:1] - points_p2[1:2], points_p2, 2 * points_p2[-1:] - points_p2[-2:-1]]
    )
    before, start, end, after = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return np.concatenate([curve.reshape(-1, 2), points_p2[-1:]])


def polygon_mask(points_p2: np.ndarray, size_2: np.ndarray) -> np.ndarray:
    """Antialiased inside of a polygon, float32 [h, w] in [0, 1]; four samples per px and direction."""
    fine = np.zeros((int(size_2[1]) * 4, int(size_2[0]) * 4), np.uint8)
    corner = np.rint(((points_p2 + 0.5) * 4 - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(fine, [corner], 255, lineType=cv2.LINE_8, shift=4)
    return cv2.resize(fine, (int(size_2[0]), int(size_2[1])), interpolation=cv2.INTER_AREA) / np.float32(255)


def line_mask(points_p2: np.ndarray, size_2: np.ndarray, width_px: float) -> np.ndarray:
    """Antialiased open line, float32 [h, w] in [0, 1]."""
    fine = np.zeros((int(size_2[1]) * 4, int(size_2[0]) * 4), np.uint8)
    corner = np.rint(((points_p2 + 0.5) * 4 - 0.5) * 16).astype(np.int32)
    cv2.polylines(fine, [corner], False, 255, max(round(width_px * 4), 1), shift=4)
    return cv2.resize(fine, (int(size_2[0]), int(size_2[1])), interpolation=cv2.INTER_AREA) / np.float32(255)


def _soft(value: np.ndarray, width: float) -> np.ndarray:
    """0 below -width, 1 above width, linear between."""
    return np.clip(0.5 + value / (2 * width), 0, 1)


def _over(image: np.ndarray, colour: np.ndarray, cover_hw: np.ndarray) -> None:
    image += cover_hw[..., None] * (colour - image)
