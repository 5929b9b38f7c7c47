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
            lids = [smooth_line(points_v2[list(line)]) for line in (upper, lower)]
            rim = np.concatenate([lids[0], lids[1][-2:0:-1]])
            low = np.maximum(np.floor(rim.min(0)).astype(int) - 4, 0)
            high = np.minimum(np.ceil(rim.max(0)).astype(int) + 5, image_hw3.shape[1::-1])
            if (high - low).min() < 2:
                continue
            size = high - low
            open_hw = polygon_mask(rim - low, size)
            ball_hw3 = self._ball(points_v2[list(iris)] - low, size)
            # the upper lid throws a shadow: light is what remains when the opening is moved down
            shadow_px = 0.12 * float(np.ptp(rim[:, 0]))
            shifted = cv2.warpAffine(
                open_hw, np.array([[1, 0, 0], [0, 1, shadow_px]], np.float32), (int(size[0]), int(size[1]))
            )
            light_hw = (0.62 + 0.38 * cv2.GaussianBlur(shifted, (0, 0), shadow_px * 0.6)) * self.light
            view = image_hw3[low[1] : high[1], low[0] : high[0]]
            view += open_hw[..., None] * (ball_hw3 * light_hw[..., None] - view)
            for lid, width_px, strength in zip(lids, (1.4, 0.9), (self.lash, self.lash * 0.3), strict=True):
                cover = line_mask(lid - low, size, width_px)[..., None] * strength
                view += cover * (LASH - view)

    def _ball(self, iris_52: np.ndarray, size: np.ndarray) -> np.ndarray:
        centre = iris_52[0]
        radius = max(float(np.linalg.norm(iris_52[1:] - centre, axis=1).mean()), 1.0)
        x_hw, y_hw = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
        dx, dy = (x_hw - centre[0]) / radius, (y_hw - centre[1]) / radius
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
