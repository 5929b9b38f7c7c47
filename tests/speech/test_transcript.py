"""Words come from speech alone, at their true times, the same each time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.speech.recogniser import Segment
from style2talker.speech.transcript import Clip, Hearing, Transcriber, Transcript, Word, transcribed
from style2talker.speech.vad import RATE_HZ, voiced_spans
from style2talker.twin.speech import Speech


@pytest.fixture(scope="module")
def heard(transcriber: Transcriber, spoken: Speech) -> Transcript:
    return transcriber(spoken.audio)


def test_nobody_speaks(transcriber: Transcriber, nobody: np.ndarray) -> None:
    assert transcriber(nobody) == Transcript(text="", language="", words=(), hearing=Hearing())


def test_the_words_are_heard(heard: Transcript) -> None:
    assert "I did not expect that at all" in heard.text
    assert heard.language == "en"
    assert heard.text.replace(" ", "") == "".join(word.word for word in heard.words)


def test_word_times_are_in_order_and_near_the_truth(heard: Transcript, spoken: Speech) -> None:
    times = [time_s for word in heard.words for time_s in (word.start_s, word.end_s)]
    assert times == sorted(times)
    truth = {word.strip(".,"): start_s for word, start_s, _ in spoken.words}
    heard_s = {word.word.strip(".,"): word.start_s for word in heard.words}
    assert heard_s["expect"] == pytest.approx(truth["expect"], abs=0.3)


def test_times_count_from_the_start_of_the_clip(
    transcriber: Transcriber, heard: Transcript, spoken: Speech
) -> None:
    pause = np.zeros(3 * RATE_HZ, np.float32)
    later = transcriber(np.concatenate([pause, spoken.audio]))
    assert later.words[-1].start_s == pytest.approx(heard.words[-1].start_s + 3, abs=0.3)


def test_the_same_audio_gives_the_same_answer(
    transcriber: Transcriber, heard: Transcript, spoken: Speech
) -> None:
    assert transcriber(spoken.audio) == heard
    assert transcriber(spoken.audio, voiced=voiced_spans(spoken.audio)) == heard
    assert Transcriber(num_threads=2)(spoken.audio) == heard


def test_speaking_rate() -> None:
    def word(start_s: float, end_s: float) -> Word:
        return Word(word="a", start_s=start_s, end_s=end_s, probability=1.0)

    three = (word(1.0, 1.2), word(1.5, 2.0), word(2.5, 3.0))
    heard = Hearing()
    assert Transcript(text="a a a", language="en", words=three, hearing=heard).words_per_s == pytest.approx(
        1.5
    )
    assert Transcript(text="", language="", words=(), hearing=heard).words_per_s == 0


def test_a_directory_without_a_model_is_a_bad_call(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.bin"):
        Transcriber(tmp_path)


def test_words_that_are_made_up_are_not_kept(transcriber: Transcriber, nobody: np.ndarray) -> None:
    """For music, noise and silence Whisper writes "You" or a full stop, once it is forced to listen."""
    heard = transcriber(nobody, voiced=[(0.0, len(nobody) / RATE_HZ)])
    assert (heard.text, heard.words) == ("", ())
    if len(nobody) >= RATE_HZ // 10:
        assert heard.hearing.voiced_share == 1
        assert not heard.hearing.kept
        assert heard.hearing.no_speech > 0.6


def test_the_measures_of_the_guard_are_told(heard: Transcript, spoken: Speech) -> None:
    assert heard.hearing.kept
    assert 0.5 < heard.hearing.voiced_share <= 1
    assert heard.hearing.no_speech < 0.4
    assert -1 < heard.hearing.log_probability < 0
    assert 0 < heard.hearing.compression < 2.4


def level_of(clip: int) -> np.float32:
    return np.float32((clip + 1) / 64)


def recognise_levels(windows: Sequence[np.ndarray]) -> list[Segment]:
    """Hears the level of the sound as its words, one for each half second; nothing it believes below 1/32."""
    found = []
    for window in windows:
        halves = [window[first : first + RATE_HZ // 2] for first in range(0, len(window), RATE_HZ // 2)]
        words = tuple(
            (f" {round(float(np.median(half)) * 64) - 1}", index / 2, index / 2 + len(half) / RATE_HZ, 1.0)
            for index, half in enumerate(halves)
        )
        is_made_up = bool(np.any(window < level_of(1)))
        found.append(
            Segment(
                language="en",
                words=words,
                no_speech=0.0,
                log_probability=-2.0 if is_made_up else -0.5,
                compression=1.0,
            )
        )
    return found


def clip_of(number: int, seconds: float) -> Clip:
    return Clip(np.full(round(seconds * RATE_HZ), level_of(number), np.float32), [(0.0, seconds)])


@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 24)), max_size=6), max_size=4))
def test_each_clip_gets_its_own_words_whatever_it_was_packed_with(
    groups: list[list[tuple[int, int]]],
) -> None:
    """Clip 0 spoils every window that it is in; the others of such a window are heard alone."""
    sound = [[clip_of(number, seconds / 2) for number, seconds in clips] for clips in groups]
    for group, clips, found in zip(sound, groups, transcribed(recognise_levels, sound), strict=True):
        assert found == transcribed(recognise_levels, [group])[0]
        for (number, halves), heard in zip(clips, found, strict=True):
            if number == 0:
                assert (heard.text, heard.hearing.kept) == ("", False)
            else:
                assert heard.text.split() == [str(number)] * halves
                assert heard.hearing.kept
                assert [word.start_s for word in heard.words] == [half / 2 for half in range(halves)]


def test_a_long_sound_is_heard_window_by_window() -> None:
    (((heard),),) = transcribed(recognise_levels, [[clip_of(3, 75.0)]])
    assert heard.text.split() == ["3"] * 150
    assert heard.words[-1].end_s == 75.0
