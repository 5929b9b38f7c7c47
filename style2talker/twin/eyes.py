"""Eyeballs: a white, an iris that follows the gaze, a pupil, a highlight, and the rims of the lids.

The lids are skin and belong to the mesh; the eyeball fills what they leave open. Colours 0 to 255.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from style2talker.face.canonical import (
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    IRIS_LEFT,
    IRIS_RIGHT,
)
from style2talker.twin.mouth import line_mask, polygon_mask, smooth_line

WHITE = np.array([226.0, 219.0, 214.0])
LASH = np.array([38.0, 26.0, 22.0])
EYES = (
    (EYE_RIGHT_UPPER, EYE_RIGHT_LOWER, IRIS_RIGHT),
    (EYE_LEFT_UPPER, EYE_LEFT_LOWER, IRIS_LEFT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """iris_3: iris colour; light: brightness, 1 is the photograph's; lash: 0 (none) to 1 (dark)."""

    iris_3: np.ndarray
    light: float = 1.0
    lash: float = 0.8

    def paint(self, image_hw3: np.ndarray, points_v2: np.ndarray) -> None:
        """Draw both eyes into `image_hw3` (float32), inside the rims of the lids."""
        for upper, lower, iris in EYES:
            lids = points_v2[list(upper)], points_v2[list(lower)]
            self.paint_ball(image_hw3, lids, points_v2[list(iris)])
            self.paint_lashes(image_hw3, lids)

    def paint_ball(
        self,
        image_hw3: np.ndarray,
        lids: tuple[np.ndarray, np.ndarray],
        iris_52: np.ndarray,
        *,
        open_hw: np.ndarray | None = None,
    ) -> None:
        """Draw an eyeball into `image_hw3`.

        Args:
            lids: rims of the upper and the lower lid, [n, 2] px each, from one corner to the other.
            iris_52: its centre and the points to its right, top, left and bottom, px.
            open_hw: how much of the eye each px of the whole picture shows; None takes all between the lids.
        """
        lines = [smooth_line(lid) for lid in lids]
        rim = np.concatenate([lines[0], lines[1][-2:0:-1]])
        low, high = _window(rim, image_hw3)
        size = high - low
        if size.min() < 2:
            return
        window = slice(low[1], high[1]), slice(low[0], high[0])
        share_hw = polygon_mask(rim - low, size) if open_hw is None else open_hw[window]
        ball_hw3 = self._ball(iris_52 - low, size)
        # the upper lid throws a shadow: light is what remains when the opening is moved down
        shadow_px = 0.12 * float(np.ptp(rim[:, 0]))
        shifted = cv2.warpAffine(
            share_hw, np.array([[1, 0, 0], [0, 1, shadow_px]], np.float32), (int(size[0]), int(size[1]))
        )
        light_hw = (0.62 + 0.38 * cv2.GaussianBlur(shifted, (0, 0), shadow_px * 0.6)) * self.light
        view = image_hw3[window]
        view += share_hw[..., None] * (ball_hw3 * light_hw[..., None] - view)

    def paint_lashes(
        self, image_hw3: np.ndarray, lids: tuple[np.ndarray, np.ndarray], *, scale: float = 1.0
    ) -> None:
        """Draw the dark rims of the upper and the lower lid; `scale`: px of this picture per finished px."""
        for lid, width_px, strength in zip(lids, (1.4, 0.9), (self.lash, self.lash * 0.3), strict=True):
            low, high = _window(lid, image_hw3) if len(lid) > 1 else np.zeros((2, 2), int)
            if (high - low).min() < 2:
                continue
            cover_hw = line_mask(smooth_line(lid) - low, high - low, width_px * scale) * strength
            view = image_hw3[low[1] : high[1], low[0] : high[0]]
            view += cover_hw[..., None] * (LASH - view)

    def _ball(self, iris_52: np.ndarray, size: np.ndarray) -> np.ndarray:
        centre, right, top, left, bottom = iris_52
        # px from the centre in radii of the iris, which is an ellipse where the eye looks past the viewer
        axes_22 = np.stack([(right - left) / 2, (bottom - top) / 2], axis=1)
        radius = max(float(np.sqrt(abs(np.linalg.det(axes_22)))), 1.0)
        grid = np.stack(np.meshgrid(np.arange(size[0]), np.arange(size[1])), -1) - centre
        dx, dy = np.moveaxis(grid @ np.linalg.pinv(axes_22).T, -1, 0)
        distance = np.hypot(dx, dy)
        edge = 0.6 / radius  # half a pixel of softness

        def disc(at: float) -> np.ndarray:
            return np.clip(0.5 + (at - distance) / (2 * edge), 0, 1)[..., None]

        ball = (
            np.broadcast_to(WHITE, (*distance.shape, 3)) * (1 - 0.12 * np.clip(distance - 1, 0, 1))[..., None]
        )
        # lighter towards the pupil and opposite to the highlight, dark at the limbus
        bright = 0.75 + 0.35 * np.clip(1 - distance, 0, 1) + 0.25 * np.clip(dy, -0.6, 0.8)
        bright *= 1 - 0.55 * np.clip((distance - 0.72) / 0.28, 0, 1)
        ball = ball + disc(1.0) * (self.iris_3 * bright[..., None] - ball)
        ball = ball + disc(0.42) * (np.array([12.0, 10.0, 10.0]) - ball)
        spot = np.exp(-((np.hypot(dx + 0.3, dy + 0.38) / 0.24) ** 2))[..., None]
        return ball + spot * 0.9 * (np.array([250.0, 250.0, 250.0]) - ball)


def _window(points_n2: np.ndarray, image_hw3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners, px, of the part of a picture around points; without extent where they lie outside."""
    low = np.maximum(np.floor(points_n2.min(0)).astype(int) - 4, 0)
    return low, np.minimum(np.ceil(points_n2.max(0)).astype(int) + 5, image_hw3.shape[1::-1])
