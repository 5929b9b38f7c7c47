"""Windows of 27 frames: clamped at the ends, channels first, and the clip comes back from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.face.convert.window import WINDOW_RADIUS, window_centres, windows


def clip(num_frames: int, num_values: int = 3) -> np.ndarray:
    return np.random.default_rng(num_frames).normal(size=(num_frames, num_values)).astype(np.float32)


@settings(deadline=None)
@given(num_frames=st.integers(1, 60), num_values=st.sampled_from([1, 70, 73]))
def test_a_clip_comes_back_from_its_windows(num_frames: int, num_values: int) -> None:
    rows_tk = clip(num_frames, num_values)
    assert windows(rows_tk).shape == (num_frames, num_values, 27)
    assert window_centres(windows(rows_tk)).tobytes() == rows_tk.tobytes()


def test_inside_the_clip_a_window_is_a_plain_cut() -> None:
    rows_tk = clip(40)
    np.testing.assert_array_equal(windows(rows_tk)[20], rows_tk[7:34].T)


def test_beyond_the_ends_the_first_and_last_frame_repeat() -> None:
    rows_tk = clip(40)
    np.testing.assert_array_equal(
        windows(rows_tk)[0, :, : WINDOW_RADIUS + 1], np.repeat(rows_tk[:1].T, 14, axis=1)
    )
    np.testing.assert_array_equal(
        windows(rows_tk)[-1, :, WINDOW_RADIUS:], np.repeat(rows_tk[-1:].T, 14, axis=1)
    )


def test_windows_out_of_order_are_refused() -> None:
    shuffled = windows(clip(40))[::-1]
    with pytest.raises(UserError, match="contradicts its neighbours"):
        window_centres(shuffled)


@pytest.mark.parametrize("shape", [(4, 27, 73), (4, 73), (0, 73, 27), (4, 73, 13)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="windows have shape"):
        window_centres(np.zeros(shape))
    with pytest.raises(UserError, match="one row a frame"):
        windows(np.zeros((2, 3, 4)))
