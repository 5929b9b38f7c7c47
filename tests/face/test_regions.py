"""Regions: what is cut out goes back to where it was; a moved, turned or mirrored face has its region so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.face.model import NUM_LANDMARKS
from style2talker.face.regions import (
    boxes,
    overlaps,
    region_of_box,
    regions_of_landmarks,
    sampling_matrices,
    to_frame,
    whole_frame,
)

ANGLES = st.floats(-3.1, 3.1)
SIZES = st.floats(20, 400)
RNG = np.random.default_rng(0)
FACE_1L3 = RNG.normal(0, 30, (1, NUM_LANDMARKS, 3))
FACE_1L3[0, [33, 263], :2] = [-20, 3], [20, 3]


def turned(landmarks_nl3: np.ndarray, angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return landmarks_nl3 @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])


@given(x=SIZES, y=SIZES, width=SIZES, height=SIZES, angle=ANGLES)
def test_the_corners_of_the_cut_are_the_corners_of_the_region(x, y, width, height, angle):
    matrix_23 = sampling_matrices(np.array([[x, y, width, height, angle]]), 256)[0]
    middle, right = matrix_23 @ [128, 128, 1], matrix_23 @ [256, 128, 1]
    np.testing.assert_allclose(middle, [x, y], atol=1e-6)
    np.testing.assert_allclose(
        right - middle, width / 2 * np.array([np.cos(angle), np.sin(angle)]), atol=1e-6
    )


@given(angle=ANGLES)
def test_a_face_found_in_its_cut_goes_back_to_where_it_was(angle):
    face_1l3 = turned(FACE_1L3, angle) + np.array([300, 200, 0])
    region_15 = regions_of_landmarks(face_1l3)
    matrix_23 = sampling_matrices(region_15, 256)[0]
    in_cut_l2 = (face_1l3[0, :, :2] - matrix_23[:, 2]) @ np.linalg.inv(matrix_23[:, :2]).T
    depth_l1 = face_1l3[0, :, 2:] * 256 / region_15[0, 2]
    back_1l3 = to_frame(np.concatenate([in_cut_l2, depth_l1], axis=1)[None], region_15, 256)
    np.testing.assert_allclose(back_1l3, face_1l3, atol=1e-3)
    eyes_22 = in_cut_l2[[33, 263]]
    assert eyes_22[0, 1] == pytest.approx(eyes_22[1, 1])  # level
    assert eyes_22[0, 0] < eyes_22[1, 0]  # and not upside down


def test_shift_and_scale_go_through():
    first, moved = (
        regions_of_landmarks(FACE_1L3)[0],
        regions_of_landmarks(2 * FACE_1L3 + np.array([5, 7, 0]))[0],
    )
    np.testing.assert_allclose(
        moved, [2 * first[0] + 5, 2 * first[1] + 7, 2 * first[2], 2 * first[3], first[4]]
    )


def test_the_mirrored_face_has_the_mirrored_region():
    tilted = turned(FACE_1L3, 0.3)
    mirrored = tilted * [-1, 1, 1]
    mirrored[:, [33, 263]] = mirrored[:, [263, 33]]
    np.testing.assert_allclose(
        regions_of_landmarks(mirrored)[0], regions_of_landmarks(tilted)[0] * [-1, 1, 1, 1, -1], atol=1e-9
    )


def test_a_box_becomes_half_as_large_again():
    region_5 = region_of_box(np.array([10.0, 20, 50, 60]), np.array([20.0, 30]), np.array([40.0, 30]))
    np.testing.assert_allclose(region_5, [30, 40, 60, 60, 0])


def test_overlap_of_a_frame_with_its_quarter_is_a_quarter():
    whole, quarter = whole_frame(100, 100), np.array([25.0, 25, 50, 50, 1.0])
    np.testing.assert_allclose(overlaps(boxes(whole[None]), boxes(np.stack([quarter, whole]))), [[0.25, 1]])
    assert overlaps(np.empty((0, 4)), boxes(whole[None])).shape == (0, 1)
