"""Our fit in the renderers' 73 and 70 columns, as far as that means anything.

Shapes: T frames. Of the 73 columns the last nine (angle, trans, crop) follow from our pose exactly. The first
64 are coefficients of BFM's own expression basis: a fit with the imported BFM has them. Our 52 named
movements are another basis of another mesh, and written there they would drive a renderer with nonsense; the
64 must then come from a Deep3D file of the same clip.
"""

import numpy as np

from style2talker.errors import UserError
from style2talker.face.convert.camera import CAMERA_DISTANCE, CM_PER_UNIT, FOCAL_PX, to_deep3d
from style2talker.face.convert.deep3d import NUM_EXPRESSION, MotionRows, checked
from style2talker.face.convert.square import CROP_PX, into_square, transform_params


def aligned_squares(translation_t3: np.ndarray) -> np.ndarray:
    """The square [T, 3] that Deep3D's alignment aims at for a pose in source px: then `trans` is zero.

    Its middle is the head's origin, its scale 1015 px / 10 units = 101.5 px per unit (`align_img` asks for
    102).
    """
    x_t, y_t, px_per_cm_t = np.asarray(translation_t3, np.float64).T
    side_t = CROP_PX * px_per_cm_t * CM_PER_UNIT * CAMERA_DISTANCE / FOCAL_PX
    return np.stack([x_t, y_t, side_t], axis=1)


def motion_rows(
    rotation_t3: np.ndarray,
    translation_t3: np.ndarray,
    *,
    bfm_expression_tk: np.ndarray,
    width_px: int,
    height_px: int,
    square_t3: np.ndarray | None = None,
) -> MotionRows:
    """Our pose with an expression that Deep3D measured.

    Args:
        rotation_t3: [T, 3] rad.
        translation_t3: [T, 3] in px of the source picture.
        bfm_expression_tk: [T, 64] of the same frames.
        width_px, height_px: the source picture's size.
        square_t3: [T, 3] the crop that the renderer's pictures were cut with; None is `aligned_squares`.

    Raises:
        UserError: another expression than BFM's 64, lengths that differ, or frames without a pose.
    """
    expression_tk = checked(bfm_expression_tk, "the BFM expression", NUM_EXPRESSION)
    if len(expression_tk) != len(rotation_t3):
        raise UserError(
            f"the pose has {len(rotation_t3)} frames and the BFM expression {len(expression_tk)}; expected "
            "the same frames: fit and Deep3D must have read one video at one frame rate."
        )
    square_t3 = aligned_squares(translation_t3) if square_t3 is None else square_t3
    angle_t3, trans_t3 = to_deep3d(rotation_t3, into_square(translation_t3, square_t3))
    return MotionRows(
        expression_tk=expression_tk,
        angle_t3=angle_t3.astype(np.float32),
        trans_t3=trans_t3.astype(np.float32),
        crop_t3=transform_params(square_t3, width_px=width_px, height_px=height_px)[:, 2:],
    )
