"""Head pose: starts where the portrait looks, never jumps, and lasts as long as the speech."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.generate.pose import auto_pose, borrowed_pose, there_and_back

PORTRAIT = {
    "rotation_3": np.array([0.1, -0.2, 0.05], np.float32),
    "translation_3": np.array([128.0, 120.0, 9.0], np.float32),
}


@given(length=st.integers(1, 300), num_frames=st.integers(1, 2000))
def test_a_borrowed_pose_of_any_length_covers_any_speech_without_a_jump(length: int, num_frames: int) -> None:
    order_t = there_and_back(length, num_frames)
    assert len(order_t) == num_frames
    assert order_t[0] == 0
    assert order_t.min() >= 0
    assert order_t.max() <= length - 1
    assert np.abs(np.diff(order_t)).max(initial=0) <= 1


@given(seed=st.integers(0, 2**31), num_frames=st.integers(1, 500))
def test_automatic_pose_starts_at_the_portrait_and_moves_slowly(seed: int, num_frames: int) -> None:
    pose = auto_pose(num_frames, seed=seed, **PORTRAIT)
    assert pose.rotation_t3.shape == pose.translation_t3.shape == (num_frames, 3)
    np.testing.assert_allclose(pose.rotation_t3[0], PORTRAIT["rotation_3"], atol=1e-6)
    np.testing.assert_allclose(pose.translation_t3[0], PORTRAIT["translation_3"], atol=1e-4)
    assert np.degrees(np.abs(np.diff(pose.rotation_t3, axis=0)).max(initial=0)) < 1.5


def test_the_same_seed_gives_the_same_pose_and_another_seed_another() -> None:
    first, again, other = (auto_pose(100, seed=seed, **PORTRAIT).rotation_t3 for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_pose_without_a_clip_id_is_one_sentence() -> None:
    with pytest.raises(UserError, match="CORPUS_URI#CLIP_ID"):
        borrowed_pose("some-corpus", 10, **PORTRAIT)
