"""Speech: exact times, the same bytes every time, whatever was spoken before."""

import numpy as np
import pytest

from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import UserError
from style2talker.twin.acting import VOICE_CHANGES
from style2talker.twin.identity import LOOKS
from style2talker.twin.sentences import SENTENCES
from style2talker.twin.speech import RATE_HZ, Voice, speak


@pytest.mark.parametrize("sentence", SENTENCES[::7])
def test_phonemes_tile_the_audio_without_gap_or_overlap(sentence):
    speech = speak(sentence, voice=Voice())
    assert speech.phonemes[0][1] == 0
    for (_, _, end_s), (_, start_s, _) in zip(speech.phonemes, speech.phonemes[1:], strict=False):
        assert start_s == pytest.approx(end_s, abs=1e-6)
    assert all(start_s <= end_s for _, start_s, end_s in speech.phonemes)
    assert speech.phonemes[-1][2] == pytest.approx(len(speech.audio) / RATE_HZ, abs=1e-6)


def test_words_are_those_of_the_sentence_in_order_inside_the_audio():
    sentence = SENTENCES[0]
    speech = speak(sentence, voice=Voice())
    assert [word for word, _, _ in speech.words] == sentence.rstrip(".").split()
    starts_s = [start_s for _, start_s, _ in speech.words]
    assert starts_s == sorted(starts_s)
    assert speech.words[-1][2] <= len(speech.audio) / RATE_HZ


def test_a_vowel_is_loud_where_its_times_say_and_silence_is_silent():
    speech = speak("A paper bag.", voice=Voice())

    def level(name: str) -> float:
        [(start_s, end_s)] = [(a, b) for phone, a, b in speech.phonemes if phone.strip("ˈˌː") == name]
        return float(np.abs(speech.audio[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]).mean())

    assert level("æ") > 0.03
    assert np.abs(speech.audio[: round(speech.phonemes[0][2] * RATE_HZ) - 80]).max() == 0


def test_the_same_call_gives_the_same_bytes_after_other_speech():
    voice = Voice(name="en-us+f2")
    first = speak(SENTENCES[1], voice=voice)
    speak(SENTENCES[2], voice=Voice(name="en-us+m3", pitch=30))
    again = speak(SENTENCES[1], voice=voice)
    assert first.audio.tobytes() == again.audio.tobytes()
    assert first.phonemes == again.phonemes


def test_a_voice_that_does_not_exist_is_named():
    with pytest.raises(UserError, match="no-such-voice"):
        speak("Hello.", voice=Voice(name="no-such-voice"))


def test_every_person_has_a_voice():
    for look in LOOKS:
        assert np.abs(speak("Hello.", voice=look.voice).audio).max() > 0.05


def test_sentences_are_distinct_and_short():
    assert len(set(SENTENCES)) == len(SENTENCES) == 40
    assert max(len(sentence.split()) for sentence in SENTENCES) <= 11


def test_a_pitch_change_is_heard():
    low, high = (speak("We are home.", voice=Voice(pitch=pitch, pitch_range=0)) for pitch in (20, 80))

    def pitch_hz(audio: np.ndarray) -> float:
        """Strongest repetition between 60 and 400 Hz (autocorrelation)."""
        middle = audio[len(audio) // 3 : len(audio) // 3 + 4000]
        repeats = np.correlate(middle, middle, "full")[len(middle) - 1 :]
        shortest, longest = RATE_HZ // 400, RATE_HZ // 60
        return RATE_HZ / (shortest + int(repeats[shortest:longest].argmax()))

    assert pitch_hz(high.audio) > 1.3 * pitch_hz(low.audio)


def test_every_emotion_has_a_voice():
    assert set(VOICE_CHANGES) == set(EMOTIONS)
