"""A word names one emotion at one level, and says nothing about the face."""

import re

import pytest

from style2talker.emotion.taxonomy import ADVERBS, EMOTIONS, LEVELS, emotion_words
from style2talker.errors import UserError

PAIRS = [(emotion, level) for emotion in EMOTIONS for level in LEVELS]


def test_mead_has_eight_emotions() -> None:
    assert EMOTIONS == ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")


@pytest.mark.parametrize(("emotion", "level"), PAIRS)
def test_six_words_or_more_for_every_emotion_and_level(emotion: str, level: int) -> None:
    words = emotion_words(emotion, level)
    assert len(set(words)) == len(words) >= 6


def test_no_word_is_part_of_another() -> None:
    words = [word for pair in PAIRS for word in emotion_words(*pair)]
    for word in words:
        inside = [other for other in words if re.search(rf"\b{re.escape(word)}\b", other)]
        assert inside == [word]


def test_adverbs_belong_to_one_level_and_to_no_emotion_word() -> None:
    adverbs = [adverb for level in ADVERBS.values() for adverb in level]
    assert len(set(adverbs)) == len(adverbs)
    words = " ".join(word for pair in PAIRS for word in emotion_words(*pair))
    assert not set(adverbs) & set(words.split())


@pytest.mark.parametrize(("emotion", "level"), [("joy", 1), ("happy", 0), ("happy", 4)])
def test_unknown_labels_are_refused_with_what_is_known(emotion: str, level: int) -> None:
    with pytest.raises(UserError, match=r"contempt.*data card"):
        emotion_words(emotion, level)
