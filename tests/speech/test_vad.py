"""Only speech is voiced."""

import numpy as np
import pytest

from style2talker.speech.vad import RATE_HZ, voiced_spans
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
