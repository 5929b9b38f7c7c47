"""Deep3D's crop as a square: exact both ways, and the square that its own tool cuts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.face.convert.square import CROP_PX, into_square, out_of_square, squares, transform_params

SIZE = st.integers(16, 8192)
PLACE = st.floats(-1000, 9000, width=32).filter(lambda value: value == 0 or abs(value) > 1e-3)


@settings(deadline=None)
@given(width=SIZE, height=SIZE, scale=st.floats(2**-7, 8, width=32), x=PLACE, y=PLACE)
def test_transform_params_come_back_to_the_bit(
    width: int, height: int, scale: float, x: float, y: float
) -> None:
    params_t5 = np.array([[width, height, scale, x, y]], np.float32)
    back_t5 = transform_params(squares(params_t5), width_px=width, height_px=height)
    np.testing.assert_array_equal(back_t5, params_t5)
    assert back_t5.dtype == np.float32


def deep3d_box(params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper left and lower right corner, in source px, of what `resize_n_crop_img` cuts (util/preprocess.py):
    the picture is resized to whole px, then cut at whole px, with y of the middle counted from below."""
    width, height, scale, x, y_up = params
    resized = np.array([int(width * scale), int(height * scale)])
    from_middle = np.array([x - width / 2, height / 2 - y_up]) * scale
    corner = (resized / 2 - CROP_PX / 2 + from_middle).astype(int)
    per_px = np.array([width, height]) / resized
    return corner * per_px, (corner + CROP_PX) * per_px


@settings(deadline=None)
@given(
    width=st.integers(200, 4000),
    height=st.integers(200, 4000),
    scale=st.floats(0.3, 2),
    x=st.floats(0.3, 0.7),
    y=st.floats(0.3, 0.7),
)
def test_the_square_is_what_deep3d_cuts_but_for_its_rounding(
    width: int, height: int, scale: float, x: float, y: float
) -> None:
    params = np.array([width, height, scale, x * width, y * height])
    low, high = deep3d_box(params)
    [[centre_x, centre_y, side]] = squares(params[None])
    np.testing.assert_allclose(np.array([centre_x, centre_y]) * scale, (low + high) / 2 * scale, atol=1.25)
    # Its width is rounded with the picture's, so it is less exact where the picture is small.
    np.testing.assert_allclose([side, side], high - low, rtol=1 / (scale * min(width, height) - 1))


def test_y_is_counted_from_below() -> None:
    [[_, y, _]] = squares(np.array([[640, 480, 1, 320, 400]]))  # 400 px above the lower border
    assert y == 80


@settings(deadline=None)
@given(seed=st.integers(0, 999), size=st.integers(8, 1024))
def test_poses_come_back_from_a_square(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    translation_t3, square_t3 = rng.uniform(1, 500, (4, 3)), rng.uniform(20, 500, (4, 3))
    there_t3 = into_square(translation_t3, square_t3, size_px=size)
    np.testing.assert_allclose(out_of_square(there_t3, square_t3, size_px=size), translation_t3, rtol=1e-9)


def test_the_middle_of_the_square_is_the_middle_of_the_crop() -> None:
    np.testing.assert_allclose(into_square([[50, 60, 7]], [[50, 60, 112]]), [[112, 112, 14]])


def test_sizes_that_are_none_are_refused() -> None:
    with pytest.raises(UserError, match="not positive"):
        squares(np.array([[256, 256, 0, 1, 1]]))
    with pytest.raises(UserError, match=r"expected \[T, 5\]"):
        squares(np.zeros((3, 3)))
    with pytest.raises(UserError, match="not positive"):
        transform_params(np.array([[1, 1, -2]]), width_px=9, height_px=9)
