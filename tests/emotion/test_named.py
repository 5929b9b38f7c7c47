"""Emotion words of free texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.emotion.named import named_emotions
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS, emotion_words


def named(text: str) -> str | None:
    probability_e = named_emotions(text)
    return None if probability_e is None else EMOTIONS[int(probability_e.argmax())]


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_every_word_of_the_corpus_names_its_emotion(emotion: str) -> None:
    for level in LEVELS:
        for word in emotion_words(emotion, level, at_rest=True):
            assert named(f"The person in the picture looks {word}, with open eyes.") == emotion, word


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Her brows are drawn together. She shows Anger.", "angry"),
        ("He is not angry but sad.", "sad"),
        ("There is no sign of fear or worry; the face is neutral.", "neutral"),
        ("She isn't happy. She looks frightened, almost terrified, and a little sad.", "fear"),
        ("A man in a suit speaks.", None),
        ("He is neither angry nor afraid.", None),
    ],
)
def test_what_is_named_counts_and_what_is_denied_does_not(text: str, emotion: str | None) -> None:
    assert named(text) == emotion


@given(
    st.lists(st.sampled_from(["angry", "calm", "joy", "not", "the", "terrified", ".", "dog"]), max_size=12)
)
def test_an_answer_is_a_distribution_or_none(words: list[str]) -> None:
    probability_e = named_emotions(" ".join(words))
    if probability_e is None:
        return
    assert probability_e.sum() == pytest.approx(1)
    assert (probability_e > 0).all()


def test_one_mention_is_no_certainty_and_repeating_it_adds_nothing() -> None:
    once, twice = named_emotions("angry"), named_emotions("angry, very angry")
    more = named_emotions("angry, furious")
    assert once is not None
    assert twice is not None
    assert more is not None
    assert once.max() == twice.max() < more.max() < 0.9
