"""Deep3D's pose and ours draw the same points at the same pixels; so every sign is right."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.face.convert.camera import CM_PER_UNIT, from_deep3d, project_deep3d, to_deep3d
from style2talker.face.geometry import project

ANGLE = st.floats(-1.2, 1.2)
angles = st.tuples(ANGLE, ANGLE, ANGLE).map(lambda angle: np.array([angle]))
places = st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-2, 2)).map(lambda p: np.array([p]))


def deep3d_matrix(angle_3: np.ndarray) -> np.ndarray:
    """`compute_rotation` of models/bfm.py as its text says it: Rz @ Ry @ Rx, before it is transposed."""
    x, y, z = angle_3
    rot_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    rot_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rot_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return rot_z @ rot_y @ rot_x


def deep3d_pixels(points_v3: np.ndarray, angle_3: np.ndarray, trans_3: np.ndarray) -> np.ndarray:
    """`transform`, `to_camera`, `to_image`, and the flip of y that draws it on a picture of 224 px."""
    camera_v3 = points_v3 @ deep3d_matrix(angle_3).T + trans_3
    camera_v3[:, 2] = 10.0 - camera_v3[:, 2]
    image_v3 = camera_v3 @ np.array([[1015.0, 0, 112], [0, 1015, 112], [0, 0, 1]]).T
    up_v2 = image_v3[:, :2] / image_v3[:, 2:]
    return np.stack([up_v2[:, 0], 224 - up_v2[:, 1]], axis=1)


@settings(deadline=None)
@given(angle_t3=angles, trans_t3=places, seed=st.integers(0, 99))
def test_the_pinhole_is_deep3ds(angle_t3: np.ndarray, trans_t3: np.ndarray, seed: int) -> None:
    points_tv3 = np.random.default_rng(seed).uniform(-1, 1, (1, 20, 3))
    expected_v2 = deep3d_pixels(points_tv3[0], angle_t3[0], trans_t3[0])
    np.testing.assert_allclose(project_deep3d(points_tv3, angle_t3, trans_t3)[0], expected_v2, atol=1e-9)


@settings(deadline=None)
@given(angle_t3=angles, trans_t3=places, seed=st.integers(0, 99))
def test_in_the_plane_of_the_origin_both_cameras_draw_the_same_pixels(
    angle_t3: np.ndarray, trans_t3: np.ndarray, seed: int
) -> None:
    """Points of the head that, once it is turned, lie as deep as its origin: no perspective between them."""
    flat_v3 = np.random.default_rng(seed).uniform(-1, 1, (20, 3)) * [1, 1, 0]
    points_tv3 = (flat_v3 @ deep3d_matrix(angle_t3[0]))[None]
    rotation_t3, translation_t3 = from_deep3d(angle_t3, trans_t3)
    ours_tv2 = project(points_tv3 * CM_PER_UNIT, rotation_t3, translation_t3)
    np.testing.assert_allclose(ours_tv2[0], deep3d_pixels(points_tv3[0], angle_t3[0], trans_t3[0]), atol=1e-8)


@settings(deadline=None)
@given(angle_t3=angles, seed=st.integers(0, 99))
def test_elsewhere_they_differ_by_perspective_only(angle_t3: np.ndarray, seed: int) -> None:
    """Seen from the crop's middle, a point z nearer is drawn larger by 10 / (10 - z): by 11 % at one unit."""
    points_tv3 = np.random.default_rng(seed).uniform(-0.57, 0.57, (1, 50, 3))
    trans_t3 = np.zeros((1, 3))
    ours_v2 = project(points_tv3 * CM_PER_UNIT, *from_deep3d(angle_t3, trans_t3))[0] - 112
    theirs_v2 = deep3d_pixels(points_tv3[0], angle_t3[0], trans_t3[0]) - 112
    assert (np.linalg.norm(theirs_v2 - ours_v2, axis=1) <= np.linalg.norm(ours_v2, axis=1) / 9 + 1e-9).all()


@settings(deadline=None)
@given(angle_t3=angles, trans_t3=places)
def test_poses_come_back(angle_t3: np.ndarray, trans_t3: np.ndarray) -> None:
    back = to_deep3d(*from_deep3d(angle_t3, trans_t3))
    np.testing.assert_array_equal(back[0], angle_t3)
    np.testing.assert_allclose(back[1], trans_t3, atol=1e-12)


def test_what_cannot_be_seen_is_refused() -> None:
    with pytest.raises(UserError, match="less than the camera's 10"):
        from_deep3d(np.zeros((1, 3)), np.array([[0, 0, 11.0]]))
    with pytest.raises(UserError, match="without a face"):
        to_deep3d(np.zeros((1, 3)), np.full((1, 3), np.nan))
