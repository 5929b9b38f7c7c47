"""Which frame of a take a timecode is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.face.convert.timecode import RATES_HZ, frames_of, timecode


@settings(deadline=None)
@given(rate=st.sampled_from(RATES_HZ), start=st.integers(0, 10**6), length=st.integers(1, 300))
def test_a_take_counts_from_zero_whenever_it_began(rate: int, start: int, length: int) -> None:
    codes = [timecode(start + frame, rate) for frame in range(length)]
    frame_t, rate_hz = frames_of(codes, rate)
    np.testing.assert_array_equal(frame_t, np.arange(length))
    assert rate_hz == rate


@pytest.mark.parametrize("rate", RATES_HZ)
def test_the_rate_of_a_take_of_two_seconds_is_found(rate: int) -> None:
    assert frames_of([timecode(frame, rate) for frame in range(2 * rate)])[1] == rate


def test_codes_that_count_twice_as_fast_are_counted_by_twos() -> None:
    frame_t, rate_hz = frames_of([timecode(2 * frame, 60) for frame in range(90)])
    np.testing.assert_array_equal(frame_t, np.arange(90))
    assert rate_hz == 30


def test_a_clock_that_trembles_loses_no_frame_and_a_leap_is_a_leap() -> None:
    codes = ["23:59:59:58.100", "23:59:59:59.400", "00:00:00:00.050", "00:00:00:00.480", "00:00:00:11.500"]
    frame_t, _ = frames_of(codes, 60)
    np.testing.assert_array_equal(frame_t, [0, 1, 2, 3, 14])


def test_a_rate_that_cannot_be_told_is_asked_for() -> None:
    with pytest.raises(UserError, match="give the rate"):
        frames_of([timecode(frame, 25) for frame in range(20)])
    with pytest.raises(UserError, match="HH:MM:SS:FF"):
        frames_of(["00:00:01,5"], 25)


@pytest.mark.parametrize("rate", RATES_HZ)
def test_midnight_is_no_step_back(rate: int) -> None:
    codes = [
        timecode(frame % (24 * 3600 * rate), rate)
        for frame in range(24 * 3600 * rate - 40, 24 * 3600 * rate + 40)
    ]
    np.testing.assert_array_equal(frames_of(codes)[0], np.arange(80))


@given(frame=st.integers(1, 58), back=st.integers(1, 58))
def test_a_code_that_goes_back_is_refused_and_not_a_day_forward(frame: int, back: int) -> None:
    codes = [timecode(number, 25) for number in range(60)]
    codes[frame] = timecode(max(frame - 1 - back, 0) if frame > 1 else 24 * 3600 * 25 - 2, 25)
    with pytest.raises(UserError, match=r"follows 00:00:0.* lies before it; .* sort them"):
        frames_of(codes, 25)


def test_an_hour_may_be_missing_and_no_more() -> None:
    hour = 3600 * 25
    for gap, allowed in ((hour, True), (hour + 1, False)):
        codes = [timecode(frame, 25) for frame in (0, 1, 2, 3, 4 + gap)]
        if allowed:
            assert frames_of(codes, 25)[0][-1] == 4 + gap
        else:
            with pytest.raises(UserError, match=r"leave out 1\.0 hours of frames, .* split the file"):
                frames_of(codes, 25)


@pytest.mark.parametrize("code", ["1" * 400 + ":00:00:00", "00:61:00:00", "00:00:00:" + "9" * 400])
def test_numbers_that_no_clock_shows_are_refused(code: str) -> None:
    with pytest.raises(UserError, match="is not a timecode"):
        frames_of([timecode(0, 25), code], 25)


def test_codes_that_count_beyond_the_given_rate_are_refused() -> None:
    with pytest.raises(UserError, match="up to 59 within a second, which does not fit 25"):
        frames_of([timecode(frame, 60) for frame in range(60)], 25)
