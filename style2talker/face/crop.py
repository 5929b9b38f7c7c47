"""The square around a face: one box per clip, so that the head moves inside the picture as it did.

Shape suffixes: t frames, l landmarks, h height, w width, 3 colour or x, y, z.
"""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from style2talker.corpus.schema import FRAME_SIZE_PX

CROP_PX = FRAME_SIZE_PX
INCREASE = 0.1

Box = tuple[float, float, float]
"""(centre x, centre y, side) of a square, in px of the source picture."""


def fomm_box(landmarks_tl3: np.ndarray, *, increase: float = INCREASE) -> Box | None:
    """The square that holds the face in every frame, with a margin; None where no frame has a face.

    The union of the boxes of all frames is enlarged on each side by `increase` of its longer side and made
    square, the rule by which the first order motion model cut its videos (Siarohin et al. 2019, the crop
    script of the released code). It may reach over the picture's borders. Sides and corners are whole px, so
    a square of 256 px is cut without resampling.

    This crop is for everything that moves: landmarks, coefficients, warping renderers. StyleGAN and its
    encoders (pSp, e4e) want each picture aligned by its own eyes and mouth instead: `align.ffhq_align`.

    Args:
        landmarks_tl3: [T, L, 2 or more] px of the source picture, NaN where no face was found.
    """
    points = landmarks_tl3[..., :2].reshape(-1, 2)
    points = points[np.isfinite(points).all(1)]
    if not len(points):
        return None
    low, high = points.min(0), points.max(0)
    side = float(np.ceil((1 + 2 * increase) * (high - low).max()))
    left, top = np.round((low + high) / 2 - side / 2)
    return float(left + side / 2), float(top + side / 2), side


def crop_frame(image_hw3: np.ndarray, box: Box, *, size_px: int = CROP_PX) -> np.ndarray:
    """The square `box` of a picture at `size_px`, uint8 [size, size, 3]; outside it the border repeats."""
    height, width = image_hw3.shape[:2]
    centre_x, centre_y, side = box
    left, top, side_px = round(centre_x - side / 2), round(centre_y - side / 2), max(round(side), 1)
    columns = np.clip(np.arange(left, left + side_px), 0, width - 1)
    rows = np.clip(np.arange(top, top + side_px), 0, height - 1)
    square = np.ascontiguousarray(image_hw3[rows[:, None], columns[None]])
    if side_px == size_px:
        return square
    method = cv2.INTER_AREA if side_px > size_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (size_px, size_px), interpolation=method))


def crop_frames(frames: Iterable[np.ndarray], box: Box, *, size_px: int = CROP_PX) -> Iterator[np.ndarray]:
    """`crop_frame` of each frame with one box, lazily."""
    return (crop_frame(frame, box, size_px=size_px) for frame in frames)


def to_crop(landmarks_l3: np.ndarray, box: Box, *, size_px: int = CROP_PX) -> np.ndarray:
    """Landmarks [..., 2 or 3] from source px to crop px; z, where there is one, takes the same scale."""
    scale = size_px / box[2]
    corner = np.zeros(landmarks_l3.shape[-1], landmarks_l3.dtype)
    corner[:2] = box[0] - box[2] / 2, box[1] - box[2] / 2
    return (landmarks_l3 - corner) * landmarks_l3.dtype.type(scale)


def from_crop(landmarks_l3: np.ndarray, box: Box, *, size_px: int = CROP_PX) -> np.ndarray:
    """The inverse of `to_crop`."""
    corner = np.zeros(landmarks_l3.shape[-1], landmarks_l3.dtype)
    corner[:2] = box[0] - box[2] / 2, box[1] - box[2] / 2
    return landmarks_l3 * landmarks_l3.dtype.type(box[2] / size_px) + corner
