"""Clips packed into windows come out again as they went in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.speech.packing import Place, sound_of, unpacked, windows_of
from style2talker.speech.vad import RATE_HZ

LIMIT_S = 30.0


@st.composite
def clips(draw: st.DrawFn) -> list[list[tuple[float, float]]]:
    """Spans of speech, of up to 45 s, on a grid of 20 ms."""
    found = []
    for _ in range(draw(st.integers(0, 8))):
        spans, time = [], 0
        for _ in range(draw(st.integers(0, 4))):
            start = time + draw(st.integers(1, 100))
            time = start + draw(st.integers(1, 45 * 50))
            spans.append((start / 50, time / 50))
        found.append(spans)
    return found


def length_s(places: tuple[Place, ...]) -> float:
    return sum(place.end_s - place.start_s for place in places)


@given(clips())
def test_all_speech_lies_in_the_windows_once_and_in_order(clips: list[list[tuple[float, float]]]) -> None:
    windows = windows_of(clips, limit_s=LIMIT_S)
    assert all(0 < length_s(window) <= LIMIT_S + 1e-6 for window in windows)
    places = [place for window in windows for place in window]
    assert [(p.clip, p.start_s) for p in places] == sorted((p.clip, p.start_s) for p in places)
    for clip, spans in enumerate(clips):
        mine = tuple(place for place in places if place.clip == clip)
        assert length_s(mine) == pytest.approx(sum(end_s - start_s for start_s, end_s in spans))
        assert all(any(s <= p.start_s and p.end_s <= e for s, e in spans) for p in mine)


@given(clips())
def test_a_clip_that_fits_into_one_window_is_not_parted(clips: list[list[tuple[float, float]]]) -> None:
    windows = windows_of(clips, limit_s=LIMIT_S)
    for clip, spans in enumerate(clips):
        total_s = sum(end_s - start_s for start_s, end_s in spans)
        if 0 < total_s <= LIMIT_S:
            assert sum(any(place.clip == clip for place in window) for window in windows) == 1


@given(clips(), st.floats(0, 1), st.floats(0, 1))
def test_a_span_in_a_window_is_found_in_its_clip(
    clips: list[list[tuple[float, float]]], where: float, how_long: float
) -> None:
    for window in windows_of(clips, limit_s=LIMIT_S):
        start_s = where * length_s(window)
        end_s = start_s + how_long * (length_s(window) - start_s)
        clip, clip_start_s, clip_end_s = unpacked(window, start_s, end_s)
        spans = clips[clip]
        assert clip_start_s <= clip_end_s + 1e-6
        assert spans[0][0] - 1e-6 <= clip_start_s
        assert clip_end_s <= spans[-1][1] + 1e-6


def test_the_sound_of_a_time_is_that_of_the_clip() -> None:
    """Every sample says when it was; packed, a time leads back to the sample that said it."""
    spans = [[(0.5, 1.0), (2.0, 3.5)], [(0.25, 4.0)]]
    sounds = [(np.arange(5 * RATE_HZ) / RATE_HZ + 100 * clip).astype(np.float32) for clip in range(2)]
    (window,) = windows_of(spans)
    sound_n = sound_of(window, sounds)
    assert len(sound_n) == round(length_s(window) * RATE_HZ)
    for time_s in (0.1, 0.6, 1.9, 2.5, 5.5):
        clip, start_s, _ = unpacked(window, time_s, time_s)
        assert sound_n[round(time_s * RATE_HZ)] == pytest.approx(100 * clip + start_s, abs=1e-3)
