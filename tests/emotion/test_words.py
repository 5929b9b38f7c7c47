"""What is said: feelings are found in sentences that no anchor was chosen for, plain speech is neutral."""

import numpy as np
import pytest

from style2talker.emotion.anchors import ANCHORS
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.words import SaidEmotion, sentences_of
from style2talker.errors import UserError
from style2talker.nets.text import TextEncoder

SAID = {
    "angry": (
        "I am outraged by this, I am absolutely disgusted.",
        "You broke your promise and I am really cross with you.",
        "Take your hands off me, you bastard!",
        "I'm livid, they charged me twice and nobody even apologised.",
        "For the last time, turn that damn music down!",
    ),
    "contempt": (
        "You are nothing, a nobody.",
        "He is so dumb, it is almost funny.",
        "I have no respect for such people.",
    ),
    "disgusted": (
        "Yuck, there is a hair in my soup.",
        "The rotten meat stank so badly that I retched.",
        "That toilet was so filthy, it made me sick.",
    ),
    "fear": (
        "I'm frightened, please stay with me.",
        "There is a man outside with a gun, call the police!",
        "I panicked, I thought that we were all going to die.",
        "I dread the operation next week.",
    ),
    "happy": (
        "I'm so glad, this is wonderful!",
        "Yay, we did it, I am so proud of us!",
        "We had a fantastic time at the party.",
        "I'm in love and life is beautiful.",
    ),
    "sad": (
        "My grandfather passed away and I miss him terribly.",
        "I have been crying all night.",
        "I feel so unhappy and alone.",
        "It is over, there is no hope left for us.",
    ),
    "surprised": (
        "Gosh, I would never have thought of that!",
        "What on earth? How is that possible?",
        "I was so astonished when the door opened and there you were.",
    ),
    "neutral": (
        "bin blue at F two now",
        "lay white by S zero again",
        "set white with P two soon",
        "She had your dark suit in greasy wash water all year.",
        "The bus stops in front of the library.",
        "We sampled forty schools in three districts.",
        "Next, I would like to explain how the machine works.",
        "The blue book is on top of the shelf.",
        "They painted the fence and repaired the roof.",
        "Last year our exports grew by four percent.",
        "He walked slowly across the square.",
        "So what I did was, I took the second exit.",
        "The bank note has a picture of a bridge on its back.",
        "In the heart of my district there are many vineyards.",
        "Please write your name at the top of the sheet.",
    ),
}


@pytest.fixture(scope="module")
def said() -> SaidEmotion:
    try:
        return SaidEmotion(TextEncoder())
    except UserError as error:
        pytest.skip(f"no text encoder: {error}")


def test_no_test_sentence_is_an_anchor() -> None:
    anchors = {sentence.lower() for of in ANCHORS.values() for sentence in of}
    assert not anchors & {sentence.lower() for of in SAID.values() for sentence in of}
    assert set(ANCHORS) == set(EMOTIONS)


def test_a_plain_statement_says_no_feeling(said: SaidEmotion) -> None:
    neutral = [said(sentence)[EMOTIONS.index("neutral")] for sentence in SAID["neutral"]]
    assert np.mean(np.array(neutral) > 0.5) == 1
    assert np.mean(neutral) > 0.85


def test_feelings_are_found(said: SaidEmotion) -> None:
    right, probability, missed = [], [], []
    for emotion, sentences in SAID.items():
        for sentence in sentences if emotion != "neutral" else ():
            found_e = said(sentence)
            right.append(EMOTIONS[int(np.argmax(found_e))] == emotion)
            probability.append(found_e[EMOTIONS.index(emotion)])
            missed.append(found_e[EMOTIONS.index("neutral")])
    assert np.mean(right) >= 0.8
    assert np.mean(missed) < 0.15
    assert abs(np.mean(right) - np.mean(probability)) < 0.2  # about as sure as it is right


def test_outrage_is_anger_and_disgust(said: SaidEmotion) -> None:
    found_e = said("I am outraged by this. I am absolutely disgusted.")
    assert found_e[EMOTIONS.index("angry")] + found_e[EMOTIONS.index("disgusted")] > 0.9
    assert found_e[EMOTIONS.index("neutral")] < 0.05


def test_one_feeling_among_plain_sentences_is_enough(said: SaidEmotion) -> None:
    plain = "The bus stops in front of the library. It takes ten minutes."
    both_e = said(f"{plain} I'm frightened, please stay with me.")
    assert EMOTIONS[int(np.argmax(both_e))] == "fear"
    assert said(plain)[EMOTIONS.index("neutral")] > 0.8


def test_a_long_talk_is_no_moved_one(said: SaidEmotion) -> None:
    talk = [sentence.capitalize().rstrip(".") + "." for sentence in SAID["neutral"]]
    least = min(said(sentence)[EMOTIONS.index("neutral")] for sentence in talk)
    assert said(" ".join(talk))[EMOTIONS.index("neutral")] == pytest.approx(least, abs=0.02)


def test_who_says_nothing_is_no_witness(said: SaidEmotion) -> None:
    assert said("") is None
    assert said(" ... 42!") is None


def test_sentences_are_cut() -> None:
    assert sentences_of("One two. Three! Four?") == ["One two.", "Three!", "Four?"]
    assert [len(part.split()) for part in sentences_of("word " * 60)] == [25, 25, 10]
