"""Timecodes HH:MM:SS:FF.sss, and which frame of a take each of them is."""

import math
import re

import numpy as np

from style2talker.errors import UserError

RATES_HZ = (24, 25, 30, 50, 60)
_PATTERN = re.compile(r"(\d\d?):([0-5]\d):([0-5]\d):(\d{1,3}(?:\.\d{1,9})?)", re.ASCII)
_DAY_S = 24 * 3600
LONGEST_GAP_S = 3600  # of frames that are missing from a take, all together: more is another take


def timecode(frame: int, rate_hz: int) -> str:
    """The time of a frame that counts from 0."""
    second, part = divmod(frame, rate_hz)
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}:{part:02d}.000"


def frames_of(codes: list[str], rate_hz: int | None = None) -> tuple[np.ndarray, int]:
    """(frame number of each code from 0 on [T], frames per second of those numbers).

    Each code is at least one frame behind the one before it, so none is lost to rounding; a leap in time is a
    leap in the numbers. Codes that count twice as fast as the take has frames are counted by twos.

    Args:
        codes: in order of time; midnight may lie between them.
        rate_hz: frames per second that the codes count; None is the smallest usual rate that holds the
            largest frame number, which needs a take of more than a second.

    Raises:
        UserError: a code is malformed or lies before the one before it, more than an hour of frames is
            missing, or the rate cannot be told.
    """
    part_t2 = np.array([_parts(code) for code in codes])
    counted_hz = _rate_hz(part_t2) if rate_hz is None else rate_hz
    if part_t2[:, 1].max() >= counted_hz:
        raise UserError(
            f"the timecodes count frames up to {math.floor(part_t2[:, 1].max())} within a second, which does "
            f"not fit {counted_hz} frames per second; give the rate that they count."
        )
    number_t = part_t2[:, 0] * counted_hz + part_t2[:, 1]
    step_t = np.diff(number_t) % (_DAY_S * counted_hz)
    # Across midnight a step is short; one of more than half a day is a step back.
    back_t = step_t > _DAY_S * counted_hz / 2
    if back_t.any():
        first = int(back_t.argmax())
        raise UserError(
            f"the timecode {codes[first + 1].strip()} follows {codes[first].strip()}, but lies before it; "
            "expected lines in order of time: sort them, or split the file where another take begins."
        )
    stride = max(round(float(np.median(step_t))), 1) if len(step_t) else 1
    if counted_hz % stride:
        raise UserError(
            f"the timecodes count {counted_hz} frames a second and leap by {stride}, which leaves no whole "
            "number of frames; give the rate, or resample the take."
        )
    frame_t = np.concatenate([[0], np.cumsum(np.maximum(np.round(step_t / stride), 1))]).astype(int)
    rate_hz = counted_hz // stride
    missing_s = (int(frame_t[-1]) + 1 - len(frame_t)) / rate_hz
    if missing_s > LONGEST_GAP_S:
        raise UserError(
            f"from {codes[0].strip()} to {codes[-1].strip()} the timecodes leave out {missing_s / 3600:.1f} "
            f"hours of frames, expected at most {LONGEST_GAP_S // 3600}; split the file where another "
            "take begins."
        )
    return frame_t, rate_hz


def _parts(code: str) -> tuple[int, float]:
    """(seconds of the day, frame within the second)."""
    match = _PATTERN.fullmatch(code.strip())
    if match is None:
        raise UserError(f"{code!r} is not a timecode; expected HH:MM:SS:FF.sss.")
    hours, minutes, seconds, frame = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds), float(frame)


def _rate_hz(part_t2: np.ndarray) -> int:
    largest = math.floor(part_t2[:, 1].max())
    rate_hz = next((rate for rate in RATES_HZ if largest < rate), None)
    num_seconds = len(np.unique(part_t2[:, 0]))
    if rate_hz is None or num_seconds < 2:
        raise UserError(
            f"the timecodes count frames up to {largest} within {num_seconds} second(s), which does not tell "
            "their frames per second; give the rate."
        )
    return rate_hz
