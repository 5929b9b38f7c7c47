"""Motion windows: 27 frames, clamped, with the coefficients in reach of a network."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from style2talker.style_a.config import NUM_POSE, WINDOW_FRAMES
from style2talker.style_a.motion import MotionEncoder, motion_coefficients, motion_window


@given(length=st.integers(1, 60), data=st.data())
def test_the_middle_of_a_window_is_its_frame(length: int, data) -> None:
    frame = data.draw(st.integers(0, length - 1))
    motion_tk = np.arange(length, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    window = motion_window(motion_tk, frame)
    assert window.shape == (3, WINDOW_FRAMES)
    assert window[0, WINDOW_FRAMES // 2] == frame
    assert (np.diff(window[0]) >= 0).all()
    assert window.min() >= 0
    assert window.max() <= length - 1


def test_a_face_in_the_middle_of_a_still_crop_has_small_coefficients() -> None:
    frames = 5
    motion_tk = motion_coefficients(
        np.zeros((frames, 52), np.float32),
        np.zeros((frames, 3), np.float32),
        np.tile(np.array([128, 128, 10], np.float32), (frames, 1)),
        np.tile(np.array([900, 500, 600], np.float32), (frames, 1)),
    )
    assert motion_tk.shape == (frames, 52 + NUM_POSE)
    np.testing.assert_allclose(motion_tk, 0)


def test_the_descriptor_depends_on_every_frame_of_the_window() -> None:
    torch.manual_seed(0)
    encoder = MotionEncoder(4, 8)
    window = torch.randn(1, 4, WINDOW_FRAMES, requires_grad=True)
    encoder(window).sum().backward()
    assert window.grad is not None
    assert bool(window.grad.abs().sum(dim=1).gt(0).all())
