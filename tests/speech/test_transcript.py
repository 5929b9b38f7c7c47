"""Words come from speech alone, at their true times, the same each time."""

from pathlib import Path

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.speech.transcript import Transcriber, Transcript, Word
from style2talker.speech.vad import RATE_HZ, voiced_spans
from style2talker.twin.speech import Speech


@pytest.fixture(scope="module")
def heard(transcriber: Transcriber, spoken: Speech) -> Transcript:
    return transcriber(spoken.audio)


def test_nobody_speaks(transcriber: Transcriber, nobody: np.ndarray) -> None:
    assert transcriber(nobody) == Transcript(text="", language="", words=())


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
    assert Transcript(text="a a a", language="en", words=three).words_per_s == pytest.approx(1.5)
    assert Transcript(text="", language="", words=()).words_per_s == 0


def test_a_directory_without_a_model_is_a_bad_call(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.bin"):
        Transcriber(tmp_path)


def test_a_transcript_needs_letters(transcriber: Transcriber, nobody: np.ndarray) -> None:
    """Whisper writes a full stop for music; forced to listen, it must not become a word."""
    text = transcriber(nobody, voiced=[(0.0, len(nobody) / RATE_HZ)]).text
    assert text == "" or any(letter.isalnum() for letter in text)
