"""Pose conventions: what a positive angle does to the picture, and that nothing is lost on the way back."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.face.geometry import project, rotation_angles, rotation_matrix

ANGLE = st.floats(-1.3, 1.3)
NOSE = np.array([[[0.0, 0.0, 1.0]]])
CAMERA = np.array([[100.0, 100.0, 10.0]])


@settings(deadline=None)
@given(pitch=ANGLE, yaw=ANGLE, roll=ANGLE)
def test_angles_come_back_from_their_matrix(pitch: float, yaw: float, roll: float) -> None:
    angles_t3 = np.array([[pitch, yaw, roll]])
    matrix_t33 = rotation_matrix(angles_t3)
    np.testing.assert_allclose(matrix_t33[0] @ matrix_t33[0].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix_t33[0]) > 0
    np.testing.assert_allclose(rotation_angles(matrix_t33), angles_t3, atol=1e-9)


def nose_px(pitch: float, yaw: float, roll: float) -> np.ndarray:
    return project(NOSE, np.array([[pitch, yaw, roll]]), CAMERA)[0, 0] - CAMERA[0, :2]


def test_positive_pitch_turns_the_nose_down() -> None:
    assert nose_px(0.3, 0, 0)[1] > 1


def test_positive_yaw_turns_the_nose_to_the_pictures_right() -> None:
    assert nose_px(0, 0.3, 0)[0] > 1


def test_positive_roll_turns_counter_clockwise_in_the_picture() -> None:
    right_px = project(np.array([[[1.0, 0, 0]]]), np.array([[0, 0, 0.3]]), CAMERA)[0, 0]
    assert right_px[1] < CAMERA[0, 1]


@settings(deadline=None)
@given(pitch=ANGLE, yaw=ANGLE, roll=ANGLE, scale=st.floats(1, 50))
def test_a_projection_can_be_undone_when_depth_is_known(
    pitch: float, yaw: float, roll: float, scale: float
) -> None:
    point_3 = np.array([1.0, -2.0, 3.0])
    rotation_t3 = np.array([[pitch, yaw, roll]])
    r_33 = rotation_matrix(rotation_t3)[0]
    image_2 = project(point_3[None, None], rotation_t3, np.array([[7.0, 9.0, scale]]))[0, 0]
    seen_2 = (image_2 - [7.0, 9.0]) / scale * [1, -1]
    back_3 = r_33.T @ np.append(seen_2, r_33[2] @ point_3)
    np.testing.assert_allclose(back_3, point_3, atol=1e-9)
