"""A face as seen from in front while its mouth rests: one small picture and its landmarks, per clip.

Two clips of one person can be compared point by point only when the head's turn, place and size are taken
out. So the fitted pose puts a fixed grid, the mean face of the embedded model, into every chosen frame; what
the grid's points show is the frontal picture, where the landmarks lie on it are the frontal landmarks. The
expression is left in, for it is what is looked for.

Chosen are the frames in which the lips move least, away from blinks: between phrases a mouth shows what it
holds, while it speaks it shows phones. Their mean is free of most of the sensor's noise.

Shapes: T frames, S of them chosen, L = 478 landmarks, H x W = 64 x 64 grid; 2 is (x, y) in cm of model space,
x to the picture's right, which is the subject's left, y up; 3 is x, y, z.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from scipy.ndimage import uniform_filter1d

from style2talker.face.canonical import (
    LIPS_LOWER_INNER,
    LIPS_LOWER_OUTER,
    LIPS_UPPER_INNER,
    LIPS_UPPER_OUTER,
)
from style2talker.face.geometry import rotation_matrix
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.face.raster import rasterise

STEP_CM = 0.2
LEFT_CM, TOP_CM = -6.4, 6.2
HEIGHT, WIDTH = 76, 64
STILL_SHARE = 0.15
LEAST_STILL, MOST_STILL = 8, 16
LIP_WINDOW = 5  # frames; 0.2 s, a syllable: a mouth between two phones is not at rest
OPEN_EYES_SHARE = 0.75
_LIPS = sorted({*LIPS_LOWER_INNER, *LIPS_LOWER_OUTER, *LIPS_UPPER_INNER, *LIPS_UPPER_OUTER})
_LIDS = [EXPRESSION_NAMES.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontal:
    """picture_hw: float32 grey, 0 to 255. landmarks_l2: float32, cm."""

    picture_hw: np.ndarray
    landmarks_l2: np.ndarray


@lru_cache(maxsize=1)
def _grid() -> tuple[np.ndarray, np.ndarray]:
    """(triangle_hw, weight_hw3) of the embedded model's mean face drawn on the grid."""
    model = embedded()
    points_v2 = (model.mean_v3[:, :2] - [LEFT_CM, TOP_CM]) / [STEP_CM, -STEP_CM] - 0.5
    return rasterise(points_v2, model.mean_v3[:, 2], model.triangles_f3, HEIGHT, WIDTH)


def on_face() -> np.ndarray:
    """bool [H, W]: grid points that lie on the face."""
    return _grid()[0] >= 0


def carried(values_vd: np.ndarray) -> np.ndarray:
    """Values of the model's vertices at the grid's points [H, W, D]; 0 off the face."""
    triangle_hw, weight_hw3 = _grid()
    corner_hw3d = values_vd[embedded().triangles_f3[np.maximum(triangle_hw, 0)]]
    return np.einsum("hwcd,hwc->hwd", corner_hw3d, weight_hw3).astype(np.float32)


@lru_cache(maxsize=1)
def surface() -> np.ndarray:
    """[H, W, 3] cm: the grid's points on the mean face."""
    return carried(embedded().mean_v3)


def frontal(
    frame_at: Callable[[int], np.ndarray],
    landmarks_tl3: np.ndarray,
    blendshapes_tk: np.ndarray,
    found_t: np.ndarray,
    rotation_t3: np.ndarray,
    translation_t3: np.ndarray,
) -> Frontal | None:
    """The clip's frontal picture and landmarks; None where fewer than two frames have a face and a pose.

    Args:
        frame_at: from the number of a frame to it, uint8 RGB, in whose px landmarks and pose are.
        landmarks_tl3, blendshapes_tk, found_t: of the tracker. rotation_t3, translation_t3: of the fit.
    """
    posed_t = np.isfinite(rotation_t3).all(axis=1) & np.isfinite(landmarks_tl3).all(axis=(1, 2))
    seen = np.flatnonzero(np.asarray(found_t, bool) & posed_t)
    if len(seen) < 2:
        return None
    turn_t33, place_t3 = rotation_matrix(rotation_t3[seen]), np.asarray(translation_t3, np.float64)[seen]
    points_tl2 = _unposed(landmarks_tl3[seen], turn_t33, place_t3)
    still = _still(points_tl2, blendshapes_tk[seen], seen)
    grid_s2hw = np.einsum("sij,hwj->sihw", turn_t33[still, :2], surface())
    total_hw = np.zeros((HEIGHT, WIDTH))
    for frame, grid_2hw in zip(still, grid_s2hw, strict=True):
        x, y, scale = place_t3[frame]
        grey = cv2.cvtColor(np.ascontiguousarray(frame_at(int(seen[frame]))), cv2.COLOR_RGB2GRAY)
        # OpenCV counts from the middle of the first pixel, the tracker from its corner.
        across = (x + scale * grid_2hw[0] - 0.5).astype(np.float32)
        down = (y - scale * grid_2hw[1] - 0.5).astype(np.float32)
        total_hw += cv2.remap(grey, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return Frontal(
        picture_hw=(total_hw / len(still)).astype(np.float32),
        landmarks_l2=points_tl2[still].mean(axis=0).astype(np.float32),
    )


def _unposed(landmarks_tl3: np.ndarray, turn_t33: np.ndarray, place_t3: np.ndarray) -> np.ndarray:
    """Landmarks [T, L, 2] turned to the front, cm; depth is the mean face's, which the pose turned with."""
    mean_l3 = embedded().at_landmarks(embedded().mean_v3)
    flat_tl2 = (landmarks_tl3[..., :2] - place_t3[:, None, :2]) / place_t3[:, None, 2:] * [1, -1]
    depth_tl1 = np.einsum("tj,lj->tl", turn_t33[:, 2], mean_l3)[..., None]
    return np.einsum("tji,tlj->tli", turn_t33, np.concatenate([flat_tl2, depth_tl1], axis=2))[..., :2]


def _still(points_tl2: np.ndarray, blendshapes_tk: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Which frames [S] to look at: eyes open, lips at rest."""
    step_t = np.linalg.norm(np.diff(points_tl2[:, _LIPS], axis=0), axis=2).mean(axis=1)
    step_t = step_t / np.diff(seen)
    moving_t = np.concatenate([step_t, step_t[-1:]]) + np.concatenate([step_t[:1], step_t])
    moving_t = uniform_filter1d(moving_t, min(LIP_WINDOW, len(seen)), mode="nearest")
    shut_t = blendshapes_tk[:, _LIDS].max(axis=1)
    awake = np.flatnonzero(shut_t <= np.quantile(shut_t, OPEN_EYES_SHARE))
    num_still = min(len(awake), max(LEAST_STILL, round(STILL_SHARE * len(awake))))
    still = np.sort(awake[np.argsort(moving_t[awake], kind="stable")[:num_still]])
    return still[np.unique(np.linspace(0, len(still) - 1, MOST_STILL).round().astype(int))]
