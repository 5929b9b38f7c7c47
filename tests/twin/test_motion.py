"""Blinks, gaze and head motion stay within what people do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from style2talker.twin.motion import BLINK_GAP_S, LARGEST_ROTATION_DEG, blink_times, head_rotation, lids

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_blinks_come_two_to_five_seconds_apart(seed):
    times_s = np.array(blink_times(np.random.default_rng(seed), 30.0))
    assert (np.diff(times_s) >= BLINK_GAP_S[0]).all()
    assert (np.diff(times_s) <= BLINK_GAP_S[1]).all()
    shut_t = lids(times_s, 750)
    assert shut_t.max() == 1
    assert np.mean(shut_t > 0) < 0.15


@given(seeds)
def test_the_head_stays_in_range_and_moves_smoothly(seed):
    rotation_deg = np.degrees(head_rotation(np.random.default_rng(seed), 100))
    assert (np.abs(rotation_deg) <= np.array(LARGEST_ROTATION_DEG) + 1e-4).all()
    assert np.abs(np.diff(rotation_deg, axis=0)).max() < 2.5
