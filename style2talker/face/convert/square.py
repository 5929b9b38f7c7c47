"""Deep3D's crop (`transform_params`) as a square of the source picture, and poses moved in and out of
squares.

Shapes: T frames. square_t3 = (centre x, centre y, side) in px of the source, y down, as the corpus keeps its
`crop`. transform_t5 = (w0, h0, s, t0, t1) as `align_img` of Deep3DFaceRecon_pytorch (util/preprocess.py)
gives
it: the picture's size, the scale into the 224 px crop, and the source point that becomes the crop's middle,
with y counted UP from the picture's lower border. translation_t3 = (x px, y px, px per cm) as in geometry.py.

Deep3D rounds to whole pixels: its crop's middle lies up to 1.2 of its 224 px beside that of the square that
the numbers mean.
"""

import numpy as np

from style2talker.errors import UserError
from style2talker.face.convert.deep3d import checked

CROP_PX = 224


def squares(transform_t5: np.ndarray) -> np.ndarray:
    """The square [T, 3] that each row of `transform_params` cuts, float64.

    Raises `UserError` for another shape, or a size or scale that is not positive.
    """
    transform_t5 = checked(transform_t5, "transform_params", 5).astype(np.float64)
    if (transform_t5[:, :3] <= 0).any():
        raise UserError(
            "transform_params hold a width, height or scale that is not positive; expected [w0, h0, s, t0, "
            "t1]."
        )
    _, height_t, scale_t, x_t, y_up_t = transform_t5.T
    return np.stack([x_t, height_t - y_up_t, CROP_PX / scale_t], axis=1)


def transform_params(square_t3: np.ndarray, *, width_px: int, height_px: int) -> np.ndarray:
    """The inverse of `squares`, float32 [T, 5]."""
    x_t, y_t, side_t = np.asarray(square_t3, np.float64).T
    if not (side_t > 0).all():
        raise UserError("a square has a side that is not positive; expected centre x, centre y, side in px.")
    whole_t = np.ones_like(x_t)
    columns = [width_px * whole_t, height_px * whole_t, CROP_PX / side_t, x_t, height_px - y_t]
    return np.stack(columns, axis=1).astype(np.float32)


def into_square(translation_t3: np.ndarray, square_t3: np.ndarray, *, size_px: int = CROP_PX) -> np.ndarray:
    """A pose's translation from source px to px of the square drawn at `size_px`."""
    translation_t3, square_t3 = np.asarray(translation_t3, np.float64), np.asarray(square_t3, np.float64)
    scale_t1 = size_px / square_t3[:, 2:]
    place_t2 = (translation_t3[:, :2] - square_t3[:, :2]) * scale_t1 + size_px / 2
    return np.concatenate([place_t2, translation_t3[:, 2:] * scale_t1], axis=1)


def out_of_square(translation_t3: np.ndarray, square_t3: np.ndarray, *, size_px: int = CROP_PX) -> np.ndarray:
    """The inverse of `into_square`."""
    translation_t3, square_t3 = np.asarray(translation_t3, np.float64), np.asarray(square_t3, np.float64)
    scale_t1 = square_t3[:, 2:] / size_px
    place_t2 = (translation_t3[:, :2] - size_px / 2) * scale_t1 + square_t3[:, :2]
    return np.concatenate([place_t2, translation_t3[:, 2:] * scale_t1], axis=1)
