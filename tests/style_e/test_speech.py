"""Mel windows of a stretch are those of the whole recording."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.media.mel import log_mel, mel_windows
from style2talker.style_e.speech import MelWindows, SpeechWindows

AUDIO = (np.random.default_rng(0).normal(size=16_000 * 6) * 0.1).astype(np.float32)
WHOLE_TSM = mel_windows(log_mel(AUDIO), 150)


@settings(deadline=None, max_examples=25)
@given(first=st.integers(0, 110), count=st.integers(1, 32))
def test_a_stretch_hears_what_the_whole_hears(first: int, count: int) -> None:
    windows_wsm = SpeechWindows(AUDIO)(first, count)
    np.testing.assert_allclose(windows_wsm, WHOLE_TSM[first : first + count], atol=1e-4)


def test_beyond_the_end_there_is_silence() -> None:
    speech = SpeechWindows(AUDIO)
    beyond_wsm = speech(160, 8)
    silence_wsm = SpeechWindows(np.zeros(16_000, dtype=np.float32))(8, 8)
    np.testing.assert_allclose(beyond_wsm, silence_wsm, atol=1e-6)


def test_a_ready_mel_gives_the_same_windows() -> None:
    ready = MelWindows(log_mel(AUDIO), 150)
    np.testing.assert_allclose(ready(40, 32), WHOLE_TSM[40:72])
    assert ready(140, 32).shape == (32, 16, 80)
