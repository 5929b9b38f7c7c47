"""Our pose in the renderers' columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.face.convert.camera import from_deep3d
from style2talker.face.convert.own import aligned_squares, motion_rows
from style2talker.face.convert.square import out_of_square, squares

SIZE = {"width_px": 640, "height_px": 480}


def pose(seed: int, num_frames: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.3, (num_frames, 3)), rng.uniform([200, 150, 8], [400, 300, 30], (num_frames, 3))


@settings(deadline=None)
@given(seed=st.integers(0, 999), given_crop=st.booleans())
def test_our_pose_comes_back_from_the_columns(seed: int, given_crop: bool) -> None:
    rotation_t3, translation_t3 = pose(seed)
    square_t3 = np.random.default_rng(seed).uniform(200, 400, (5, 3)) if given_crop else None
    motion = motion_rows(
        rotation_t3, translation_t3, bfm_expression_tk=np.zeros((5, 64)), square_t3=square_t3, **SIZE
    )
    assert motion.crop_t3 is not None
    size_t2 = np.tile([640.0, 480.0], (5, 1))
    back_t3 = squares(np.concatenate([size_t2, motion.crop_t3], axis=1))
    back = from_deep3d(motion.angle_t3, motion.trans_t3)
    np.testing.assert_allclose(back[0], rotation_t3, atol=1e-6)
    np.testing.assert_allclose(out_of_square(back[1], back_t3), translation_t3, rtol=1e-5)


def test_a_crop_of_our_own_is_the_one_that_deep3d_aligns_to() -> None:
    rotation_t3, translation_t3 = pose(0)
    motion = motion_rows(rotation_t3, translation_t3, bfm_expression_tk=np.zeros((5, 64)), **SIZE)
    np.testing.assert_allclose(motion.trans_t3, 0, atol=1e-6)
    # 101.5 px per unit of 10 cm at 224 px; the middle of the crop is the head's origin.
    side_cm_t = aligned_squares(translation_t3)[:, 2] / translation_t3[:, 2]
    np.testing.assert_allclose(side_cm_t, 224 / 10.15)


def test_our_expression_is_no_bfm_expression() -> None:
    rotation_t3, translation_t3 = pose(0)
    with pytest.raises(UserError, match=r"BFM expression has shape \(5, 52\)"):
        motion_rows(rotation_t3, translation_t3, bfm_expression_tk=np.zeros((5, 52)), **SIZE)
    with pytest.raises(UserError, match="the same frames"):
        motion_rows(rotation_t3, translation_t3, bfm_expression_tk=np.zeros((6, 64)), **SIZE)
