"""The crop: one whole-pixel square per clip that holds the face, padded by the border."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.face.crop import crop_frame, crop_frames, fomm_box, from_crop, to_crop


def clip_landmarks(seed: int, num_frames: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-40, 500, (num_frames, 10, 3)).astype(np.float32)


@given(seed=st.integers(0, 200))
def test_every_landmark_lies_inside_the_crop_with_a_margin(seed):
    landmarks_tl3 = clip_landmarks(seed)
    box = fomm_box(landmarks_tl3)
    assert box is not None
    inside = to_crop(landmarks_tl3, box)[..., :2]
    assert inside.min() >= 256 * 0.1 / 1.2 - 2
    assert inside.max() <= 256 - 256 * 0.1 / 1.2 + 2


@given(seed=st.integers(0, 200))
def test_the_way_back_from_the_crop_is_exact(seed):
    landmarks_tl3 = clip_landmarks(seed)
    box = fomm_box(landmarks_tl3)
    assert box is not None
    np.testing.assert_allclose(from_crop(to_crop(landmarks_tl3, box), box), landmarks_tl3, atol=1e-3)


def test_frames_without_a_face_do_not_move_the_box():
    landmarks_tl3 = clip_landmarks(0)
    with_gap = np.concatenate([landmarks_tl3, np.full((3, 10, 3), np.nan, np.float32)])
    assert fomm_box(with_gap) == fomm_box(landmarks_tl3)
    assert fomm_box(with_gap[6:]) is None


def test_a_square_of_the_crop_size_is_a_plain_copy():
    image = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    np.testing.assert_array_equal(crop_frame(image, (200.0, 150.0, 256.0)), image[22:278, 72:328])


def test_outside_the_picture_the_border_is_repeated():
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    crop = crop_frame(image, (0.0, 32.0, 256.0))
    np.testing.assert_array_equal(crop[:, :128], np.repeat(crop[:, 128:129], 128, axis=1))
    np.testing.assert_array_equal(crop[0], crop[95])


@pytest.mark.parametrize("side", [100, 128, 512])
def test_a_drawn_point_is_found_where_to_crop_says(side):
    image = np.zeros((600, 600, 3), np.uint8)
    image[280:300, 310:330] = 255
    box = (300.0, 300.0, float(side))
    [crop] = crop_frames([image], box)
    rows, columns = np.nonzero(crop[..., 0] > 127)
    x, y, _ = to_crop(np.array([320.0, 290.0, 0.0]), box)
    assert columns.mean() + 0.5 == pytest.approx(x, abs=0.6)
    assert rows.mean() + 0.5 == pytest.approx(y, abs=0.6)
