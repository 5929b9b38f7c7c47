"""What every list of spans must satisfy, whatever the speech and the shots are."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.media.spans import clip_spans

FRAME_S = 1 / 25
EPS = 1e-6


@st.composite
def sources(draw):
    """(voiced, shots, duration_s) of a source of up to 80 s: short and long pieces, pauses and shots."""
    duration_s = draw(st.floats(0.1, 80))
    voiced, time_s = [], draw(st.floats(0, 5))
    while time_s < duration_s and len(voiced) < 40:
        end_s = min(time_s + draw(st.floats(0.05, 15)), duration_s)
        voiced.append((time_s, end_s))
        time_s = end_s + draw(st.floats(0.01, 6))
    shots = draw(st.lists(st.floats(0, 80), max_size=5))
    return voiced, shots, duration_s


def frames_of(spans, duration_s: float) -> np.ndarray:
    """Mask of the grid frames, whole ones only, that `spans` touch in any part."""
    mask = np.zeros(int(duration_s * 25 + EPS), bool)
    for start_s, end_s in spans:
        mask[int(np.floor(start_s * 25 + EPS)) : int(np.ceil(end_s * 25 - EPS))] = True
    return mask


@settings(max_examples=300)
@given(sources())
def test_spans_lie_in_the_source_on_the_grid_ordered_and_2_to_10_s(source):
    voiced, shots, duration_s = source
    last_s = 0.0
    for start_s, end_s in clip_spans(voiced, shots, duration_s):
        assert last_s <= start_s + EPS
        assert end_s <= duration_s + EPS
        assert 2 - EPS <= end_s - start_s <= 10 + EPS
        assert start_s * 25 == pytest.approx(round(start_s * 25), abs=EPS)
        assert end_s * 25 == pytest.approx(round(end_s * 25), abs=EPS)
        last_s = end_s


@settings(max_examples=300)
@given(sources())
def test_no_span_crosses_a_shot(source):
    voiced, shots, duration_s = source
    for start_s, end_s in clip_spans(voiced, shots, duration_s):
        assert not any(start_s + EPS < shot_s < end_s - EPS for shot_s in shots)


@settings(max_examples=300)
@given(sources())
def test_all_speech_is_covered_except_in_shots_shorter_than_2_s(source):
    voiced, shots, duration_s = source
    covered = frames_of(clip_spans(voiced, shots, duration_s), duration_s)
    edges = [0.0, *sorted(shot_s for shot_s in shots if 0 < shot_s < duration_s), duration_s]
    for low_s, high_s in pairwise(edges):
        low, high = int(np.ceil(low_s * 25 - EPS)), int(np.floor(high_s * 25 + EPS))
        if high - low >= 50:
            speech = frames_of(voiced, duration_s)[low:high]
            assert np.all(covered[low:high][speech])


@settings(max_examples=300)
@given(sources())
def test_speech_is_cut_only_where_no_silence_could_be(source):
    """A span that ends inside speech, away from a shot, has no silence that would leave 2 s on both sides."""
    voiced, shots, duration_s = source
    spans = clip_spans(voiced, shots, duration_s)
    for (start_s, end_s), (next_start_s, next_end_s) in pairwise(spans):
        in_speech = any(a + FRAME_S < end_s < b - FRAME_S for a, b in voiced)
        if not in_speech or any(end_s - FRAME_S <= shot_s <= next_start_s + FRAME_S for shot_s in shots):
            continue
        for (_, pause_s), (resume_s, _) in pairwise(voiced):
            # 3 frames: shorter pauses can vanish when speech is widened to whole frames
            fits = pause_s >= start_s + 2 + 2 * FRAME_S and resume_s <= next_end_s - 2 - 2 * FRAME_S
            assert not (fits and resume_s - pause_s > 3 * FRAME_S and next_start_s == end_s)


def test_no_speech_gives_no_spans():
    assert clip_spans([], [3.0], 20.0) == []


def test_a_three_second_sentence_keeps_the_silence_around_it():
    ((start_s, end_s),) = clip_spans([(0.9, 1.9)], [], 3.0)
    assert start_s == 0
    assert end_s >= 2.9


def test_one_word_is_widened_to_two_seconds():
    assert clip_spans([(0.1, 0.3)], [], 30.0) == [(0.0, 2.0)]
    assert clip_spans([(29.7, 29.9)], [], 30.0) == [(28.0, 30.0)]


def test_a_long_talk_is_cut_in_its_central_pause():
    assert clip_spans([(0, 3), (3.2, 8), (8.4, 16)], [], 16.0) == [(0.0, 8.2), (8.2, 16.0)]


def test_a_monologue_without_a_pause_is_cut_at_ten_seconds():
    assert clip_spans([(0, 25)], [], 25.0) == [(0.0, 10.0), (10.0, 20.0), (20.0, 25.0)]
    assert clip_spans([(0, 21)], [], 21.0) == [(0.0, 10.0), (10.0, 19.0), (19.0, 21.0)]


def test_a_long_silence_is_left_out():
    assert clip_spans([(1, 4), (12, 15)], [], 16.0) == [(0.0, 5.0), (11.0, 16.0)]


def test_a_shot_divides_a_sentence():
    assert clip_spans([(0, 6)], [2.99], 6.0) == [(0.0, 2.96), (3.0, 6.0)]


def test_limits_that_cannot_hold_together():
    with pytest.raises(UserError, match="at least twice"):
        clip_spans([(0, 9)], [], 9.0, shortest_s=4, longest_s=6)
