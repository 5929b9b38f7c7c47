"""Darkened and blurred faces are told from those in good light, whatever their colours and size.

Axes: N frames.
"""

import cv2
import numpy as np
import pytest

from style2talker.emotion.face_nets import looks
from style2talker.emotion.picture import Picture, picture

CLIPS = (
    "mead_silent/M030_front_neutral_level1_001.mp4",
    "clips/grid_brbk7n.mpg",
    "clips/retalking_face_2.mp4",
)


@pytest.fixture(params=CLIPS)
def seen(request: pytest.FixtureRequest, read_face) -> tuple[np.ndarray, np.ndarray]:
    face = read_face(request.param)
    look_n = looks(face.landmarks_tl3)[:4]
    return face.frames_thw3[look_n], face.landmarks_tl3[look_n]


def darkened(frames: np.ndarray, share: float) -> np.ndarray:
    return np.round(frames * share).astype(np.uint8)


def blurred(frames: np.ndarray, face_width_px: float, share: float) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), share * face_width_px) for frame in frames])


def test_good_pictures_are_neither_dark_nor_blurred(seen: tuple[np.ndarray, np.ndarray]) -> None:
    measured = picture(*seen)
    assert not measured.is_dark
    assert not measured.is_blurred
    assert 0 < measured.contrast <= measured.brightness <= 1


def test_a_quarter_of_the_light_is_dark_and_no_blur(seen: tuple[np.ndarray, np.ndarray]) -> None:
    frames, landmarks = seen
    dark = picture(darkened(frames, 0.25), landmarks)
    assert dark.is_dark
    assert not dark.is_blurred
    assert not picture(darkened(frames, 0.7), landmarks).is_dark


def test_a_blur_of_a_thirtieth_of_the_face_is_blurred_and_not_dark(
    seen: tuple[np.ndarray, np.ndarray],
) -> None:
    frames, landmarks = seen
    width_px = float(np.ptp(landmarks[:, :, 0], axis=1).mean())
    soft = picture(blurred(frames, width_px, 1 / 30), landmarks)
    assert soft.is_blurred
    assert not soft.is_dark
    assert not picture(blurred(frames, width_px, 1 / 300), landmarks).is_blurred


def test_sharpness_falls_with_blur_and_hardly_changes_with_light(seen: tuple[np.ndarray, np.ndarray]) -> None:
    frames, landmarks = seen
    width_px = float(np.ptp(landmarks[:, :, 0], axis=1).mean())
    steps = [
        picture(blurred(frames, width_px, share), landmarks).sharpness for share in (0.005, 0.01, 0.02, 0.04)
    ]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > 2 * steps[-1]
    half = picture(darkened(frames, 0.5), landmarks)
    assert half.sharpness == pytest.approx(picture(*seen).sharpness, abs=0.03)


def test_a_picture_of_nothing_is_dark_and_blurred() -> None:
    frames = np.zeros((2, 256, 256, 3), np.uint8)
    landmarks = np.random.default_rng(0).normal(128, 30, (2, 478, 3))
    nothing = picture(frames, landmarks)
    assert nothing == Picture(brightness=0.0, contrast=0.0, sharpness=0.0)
    assert nothing.is_dark
    assert nothing.is_blurred
