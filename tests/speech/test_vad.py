"""Only speech is voiced."""

import numpy as np
import pytest
from faster_whisper import vad
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.speech.vad import (
    BLOCK,
    RATE_HZ,
    WINDOW,
    VoiceFinder,
    speech_in,
    voiced_spans,
    with_margins,
)
from style2talker.twin.speech import Speech


def test_nobody_speaks(nobody: np.ndarray) -> None:
    assert voiced_spans(nobody) == []


def test_speech_is_found_where_it_is(spoken: Speech) -> None:
    quiet = np.zeros(2 * RATE_HZ, np.float32)
    spans = voiced_spans(np.concatenate([quiet, spoken.audio, quiet]))
    first_s, last_s = 2 + spoken.words[0][1], 2 + spoken.words[-1][2]
    assert spans[0][0] == pytest.approx(first_s, abs=0.3)
    assert spans[-1][1] == pytest.approx(last_s, abs=0.4)


def test_a_pause_divides(spoken: Speech) -> None:
    pause = np.zeros(RATE_HZ, np.float32)
    once, twice = (
        voiced_spans(spoken.audio),
        voiced_spans(np.concatenate([spoken.audio, pause, spoken.audio])),
    )
    assert len(twice) == 2 * len(once)


@pytest.mark.parametrize("cut_s", [0.0, 0.4, 1.1])
def test_spans_are_ordered_disjoint_and_inside(spoken: Speech, cut_s: float) -> None:
    audio = spoken.audio[: len(spoken.audio) - round(cut_s * RATE_HZ)]
    times = [time_s for span in voiced_spans(audio) for time_s in span]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= len(audio) / RATE_HZ


def test_the_array_is_left_alone(spoken: Speech) -> None:
    audio = spoken.audio.copy()
    assert voiced_spans(audio) == voiced_spans(audio.astype(np.float64))
    np.testing.assert_array_equal(audio, spoken.audio)


@settings(max_examples=4, deadline=None)
@given(sizes=st.lists(st.integers(1, 40 * RATE_HZ), min_size=1, max_size=6))
def test_pieces_of_any_size_give_the_same_spans(spoken: Speech, sizes: list[int]) -> None:
    pause = np.zeros(RATE_HZ // 3, np.float32)
    audio = np.tile(np.concatenate([spoken.audio, pause]), 1 + 70 * RATE_HZ // len(spoken.audio))
    assert len(audio) > 2 * BLOCK
    finder = VoiceFinder()
    for piece in np.split(audio, np.cumsum(sizes)):
        finder.add(piece)
    assert finder.spans() == voiced_spans(audio)


@given(
    runs=st.lists(st.tuples(st.sampled_from([0.1, 0.349, 0.35, 0.4, 0.499, 0.5, 0.9]), st.integers(1, 14))),
    short_by=st.integers(0, WINDOW - 1),
)
def test_the_rule_is_the_detectors_own(runs: list[tuple[float, int]], short_by: int) -> None:
    """`faster_whisper` puts its detector and the rule together; here the detector says what we like."""
    probabilities = [probability for probability, times in runs for _ in range(times)]
    num_samples = max(len(probabilities) * WINDOW - short_by, 0)
    if not num_samples:
        return
    options = vad.VadOptions(min_speech_duration_ms=250, min_silence_duration_ms=300, speech_pad_ms=100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vad, "get_vad_model", lambda: lambda _: probabilities)
        theirs = vad.get_speech_timestamps(np.zeros(num_samples, np.float32), options)
    ours = with_margins(speech_in(probabilities, num_samples), num_samples)
    assert ours == [(span["start"], span["end"]) for span in theirs]


def test_short_sound_has_the_spans_that_faster_whisper_finds(spoken: Speech) -> None:
    options = vad.VadOptions(min_speech_duration_ms=250, min_silence_duration_ms=300, speech_pad_ms=100)
    theirs = vad.get_speech_timestamps(spoken.audio, options)
    assert voiced_spans(spoken.audio) == [(span["start"] / RATE_HZ, span["end"] / RATE_HZ) for span in theirs]
