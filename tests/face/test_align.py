"""The FFHQ alignment: eyes and mouth at known places, and nothing lost on the way back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.face.align import ffhq_align, ffhq_square, from_square, to_square
from style2talker.face.model import NUM_LANDMARKS

EYES_68, MOUTH_68 = (slice(36, 42), slice(42, 48)), (48, 54)
EYES_478 = ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380))


def face_68(eye_distance: float, mouth_below: float, *, seed: int = 0) -> np.ndarray:
    """Landmarks of a level face about (0, 0); only eyes and mouth corners matter, the rest is noise."""
    points_l2 = np.random.default_rng(seed).uniform(-90, 90, (68, 2))
    for eye, x in zip(EYES_68, (-eye_distance / 2, eye_distance / 2), strict=True):
        rim = 5 * np.stack([np.cos(np.arange(6) * np.pi / 3), np.sin(np.arange(6) * np.pi / 3)], axis=1)
        points_l2[eye] = rim + np.array([x, 0])
    points_l2[MOUTH_68[0]], points_l2[MOUTH_68[1]] = (-20, mouth_below), (20, mouth_below)
    return points_l2


def moved(points_l2: np.ndarray, *, angle_rad: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return scale * points_l2 @ np.array([[c, s], [-s, c]]) + np.array(shift)


def middles(points_l2: np.ndarray) -> np.ndarray:
    return np.stack([*(points_l2[eye].mean(axis=0) for eye in EYES_68), points_l2[48], points_l2[54]])


def test_a_long_face_has_its_eyes_and_mouth_where_the_rule_says() -> None:
    # Half the side is 1.8 mouth distances m, the middle 0.1 m below the eyes.
    landmarks_l2 = face_68(40, 60)
    placed = to_square(middles(landmarks_l2), ffhq_square(landmarks_l2), size_px=1)
    np.testing.assert_allclose(placed[:2, 1], 0.5 - 0.1 / 3.6)
    np.testing.assert_allclose(placed[2:, 1], 0.5 + 0.9 / 3.6)
    np.testing.assert_allclose(placed[1] - placed[0], [40 / (3.6 * 60), 0], atol=1e-12)


def test_a_wide_face_has_its_eyes_a_quarter_of_the_picture_apart() -> None:
    landmarks_l2 = face_68(80, 60)
    placed = to_square(middles(landmarks_l2), ffhq_square(landmarks_l2), size_px=1)
    np.testing.assert_allclose(placed[:2, 0], [0.375, 0.625])


@settings(deadline=None)
@given(
    angle=st.floats(-1.2, 1.2),
    scale=st.floats(0.1, 30),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    seed=st.integers(0, 99),
)
def test_turning_scaling_and_shifting_the_face_change_nothing(
    angle: float, scale: float, shift: tuple[float, float], seed: int
) -> None:
    level_l2 = face_68(70, 65, seed=seed)
    turned_l2 = moved(level_l2, angle_rad=angle, scale=scale, shift=shift)
    np.testing.assert_allclose(
        to_square(turned_l2, ffhq_square(turned_l2)), to_square(level_l2, ffhq_square(level_l2)), atol=1e-6
    )


@settings(deadline=None)
@given(angle=st.floats(-3, 3), scale=st.floats(0.1, 30), seed=st.integers(0, 99), size=st.integers(8, 2048))
def test_the_way_back_is_exact(angle: float, scale: float, seed: int, size: int) -> None:
    landmarks_l2 = moved(face_68(70, 65, seed=seed), angle_rad=angle, scale=scale, shift=(300, 200))
    square = ffhq_square(landmarks_l2)
    there_l2 = to_square(landmarks_l2, square, size_px=size)
    np.testing.assert_allclose(from_square(there_l2, square, size_px=size), landmarks_l2, atol=1e-7)


def test_mediapipe_and_dlib_landmarks_of_one_face_give_one_square() -> None:
    dlib_l2 = moved(face_68(70, 65), angle_rad=0.2, scale=2, shift=(300, 200))
    mediapipe_l3 = np.random.default_rng(1).uniform(0, 500, (NUM_LANDMARKS, 3))
    for eye, places in zip(EYES_68, EYES_478, strict=True):
        mediapipe_l3[list(places), :2] = dlib_l2[eye]
    mediapipe_l3[[61, 291], :2] = dlib_l2[[48, 54]]
    np.testing.assert_allclose(ffhq_square(mediapipe_l3).right_2, ffhq_square(dlib_l2).right_2)
    np.testing.assert_allclose(ffhq_square(mediapipe_l3).centre_2, ffhq_square(dlib_l2).centre_2)


@pytest.mark.parametrize(("scale", "size"), [(0.6, 256), (1.0, 256), (3.0, 128)])
def test_a_target_aligned_with_its_own_landmarks_has_its_mouth_at_the_mouth(scale: float, size: int) -> None:
    """Style2Talker's loader aligned the target with another picture's landmarks; one call takes both."""
    landmarks_l2 = moved(face_68(70, 65), angle_rad=0.3, scale=scale, shift=(600, 540))
    rows, columns = np.mgrid[:1200, :1200] + 0.5
    for point in (landmarks_l2[48], landmarks_l2[54]):
        bump = np.exp(-((columns - point[0]) ** 2 + (rows - point[1]) ** 2) / (2 * (6 * scale) ** 2))
        image_hw3 = np.repeat((255 * bump).astype(np.uint8)[..., None], 3, axis=2)
        aligned_hw3, square = ffhq_align(image_hw3, landmarks_l2, size_px=size)
        weight_hw = aligned_hw3[..., 0].astype(float)
        y, x = (np.indices(weight_hw.shape) + 0.5).reshape(2, -1) @ weight_hw.ravel() / weight_hw.sum()
        np.testing.assert_allclose([x, y], to_square(point, square, size_px=size), atol=0.1)


def test_beyond_the_border_the_picture_is_mirrored() -> None:
    landmarks_l2 = face_68(80, 60) + np.array([100, 80])
    image_hw3 = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (160, 1, 3))
    aligned_hw3, square = ffhq_align(
        image_hw3, landmarks_l2, size_px=round(ffhq_square(landmarks_l2).side_px)
    )
    assert square.side_px == pytest.approx(320)
    left = -60  # the square begins 60 px left of the picture
    np.testing.assert_array_equal(aligned_hw3[160, :59, 0], np.abs(np.arange(left, left + 59)))


def test_a_face_upside_down_or_mirrored_fails_loudly() -> None:
    landmarks_l2 = face_68(70, 65)
    for flip in ([1, -1], [-1, 1]):
        with pytest.raises(UserError, match="mirrored or upside down"):
            ffhq_square(landmarks_l2 * flip)


@pytest.mark.parametrize("landmarks", [np.zeros((5, 2)), np.zeros(68), np.full((68, 2), np.nan)])
def test_landmarks_that_are_none_are_refused(landmarks: np.ndarray) -> None:
    with pytest.raises(UserError, match="landmarks"):
        ffhq_square(landmarks)
