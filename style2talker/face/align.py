"""The FFHQ alignment: each picture turned and scaled by its own eyes and mouth.

Two crops exist and each has its consumers; a network trained on one is wrong on the other:

- `ffhq_align`, here: StyleGAN and what lives in its latent space, the encoders pSp, e4e and VToonify's. One
  square per PICTURE, turned upright, so that eyes and mouth always lie at the same place. Motion between
  frames is lost, so it is useless for coefficients.
- `crop.fomm_box`: everything that moves: landmarks, coefficients, warping renderers (first order motion
  model, PIRender, SadTalker, Style-A's content). One upright square per CLIP, so that the head moves inside
  it.

The rule is that of the FFHQ data set (Karras et al. 2019, NVlabs/ffhq-dataset, `recreate_aligned_images`).

Shapes: L landmarks, N points, 2 is x, y in px, y down, (0, 0) at the corner of the picture: dlib's
whole-number landmarks count from the middle of the first pixel, so add 0.5 to them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from style2talker.errors import UserError
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.model import NUM_LANDMARKS

ENCODER_PX = 256  # what pSp and e4e take; FFHQ itself is 1024

# Eyes and mouth corners, the subject's right first; an eye's middle is the mean of six points of its rim.
_GROUPS_68 = (tuple(range(36, 42)), tuple(range(42, 48)), (48,), (54,))
_GROUPS_478 = tuple(tuple(IBUG_TO_MEDIAPIPE[point][0] for point in group) for group in _GROUPS_68)


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A turned square: its middle, and the way from there to the middle of its right side, in source px."""

    centre_2: np.ndarray
    right_2: np.ndarray

    @property
    def side_px(self) -> float:
        return 2 * float(np.hypot(*self.right_2))

    def matrix(self, size_px: int) -> np.ndarray:
        """[2, 3] from source px to px of the square drawn at `size_px`."""
        scale = size_px / self.side_px
        x, y = self.right_2 / np.hypot(*self.right_2) * scale
        turn_22 = np.array([[x, y], [-y, x]])
        return np.concatenate([turn_22, (size_px / 2 - turn_22 @ self.centre_2)[:, None]], axis=1)


def ffhq_square(landmarks_l2: np.ndarray) -> Square:
    """Where FFHQ's aligned picture lies, from 478 MediaPipe or 68 dlib landmarks [L, 2 or 3] of that picture.

    Its x axis is the sum of the way from eye to eye and the way from eyes to mouth turned by a right angle;
    half its side is the larger of 2.0 eye distances and 1.8 eye-to-mouth distances; its middle lies a tenth
    of the way from the eyes to the mouth.

    Raises `UserError` for another number of landmarks, NaN, or a face upside down or mirrored.
    """
    groups = {68: _GROUPS_68, NUM_LANDMARKS: _GROUPS_478}.get(len(landmarks_l2))
    if groups is None or landmarks_l2.ndim != 2 or landmarks_l2.shape[1] < 2:
        raise UserError(f"landmarks have shape {landmarks_l2.shape}, expected [68 or 478, 2 or more].")
    points = np.asarray(landmarks_l2, np.float64)[:, :2]
    right_eye, left_eye, right_mouth, left_mouth = (points[list(group)].mean(axis=0) for group in groups)
    if not np.isfinite([right_eye, left_eye, right_mouth, left_mouth]).all():
        raise UserError(
            "landmarks hold NaN at the eyes or the mouth; expected a picture in which a face was found."
        )
    eyes, across = (left_eye + right_eye) / 2, left_eye - right_eye
    down = (left_mouth + right_mouth) / 2 - eyes
    if across[0] * down[1] - across[1] * down[0] <= 0:
        raise UserError(
            "the landmarks are mirrored or upside down: the mouth is not below the eyes with the subject's "
            "right eye on the picture's left; expected x to the right and y down."
        )
    axis = across + np.array([down[1], -down[0]])  # the way down, turned by a right angle to the right
    half_px = max(2.0 * np.hypot(*across), 1.8 * np.hypot(*down))
    return Square(centre_2=eyes + 0.1 * down, right_2=axis / np.hypot(*axis) * half_px)


def to_square(points_n2: np.ndarray, square: Square, *, size_px: int = ENCODER_PX) -> np.ndarray:
    """Points [..., 2] from source px to px of the square."""
    matrix_23 = square.matrix(size_px)
    return np.asarray(points_n2) @ matrix_23[:, :2].T + matrix_23[:, 2]


def from_square(points_n2: np.ndarray, square: Square, *, size_px: int = ENCODER_PX) -> np.ndarray:
    """The inverse of `to_square`."""
    matrix_23 = square.matrix(size_px)
    return (np.asarray(points_n2) - matrix_23[:, 2]) @ np.linalg.inv(matrix_23[:, :2]).T


def ffhq_align(
    image_hw3: np.ndarray, landmarks_l2: np.ndarray, *, size_px: int = ENCODER_PX
) -> tuple[np.ndarray, Square]:
    """A picture aligned with its OWN landmarks: uint8 [size, size, 3] and the square it was cut from.

    For StyleGAN, pSp and e4e only; for anything that moves use `crop.crop_frame`. Beyond the picture's border
    it is mirrored; FFHQ blurs that mirrored rim as well, which is not done here.
    """
    square = ffhq_square(landmarks_l2)
    finer = max(int(np.ceil(square.side_px / size_px)), 1)  # drawn so much larger, then averaged down
    matrix_23 = square.matrix(size_px * finer)
    # OpenCV counts from the middle of the first pixel, we count from its corner.
    matrix_23[:, 2] += matrix_23[:, :2] @ [0.5, 0.5] - 0.5
    drawn = cv2.warpAffine(
        np.ascontiguousarray(image_hw3),
        matrix_23,
        (size_px * finer, size_px * finer),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    if finer > 1:
        drawn = cv2.resize(drawn, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(drawn), square
