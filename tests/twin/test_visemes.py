"""Mouth shapes: each sound is seen in the frames in which it is heard."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.face.model import EXPRESSION_NAMES
from style2talker.twin.acting import perform
from style2talker.twin.sentences import SENTENCES
from style2talker.twin.speech import SILENCE, Voice, speak
from style2talker.twin.visemes import (
    JAW_OPEN,
    MOUTH_CLOSE,
    close_lips,
    mouth_shapes,
    split_phonemes,
    symbols_of,
)

REACH_CM = 1.7


def column(name: str) -> int:
    return EXPRESSION_NAMES.index(name)


def opening(expression_tk: np.ndarray) -> np.ndarray:
    return expression_tk[:, JAW_OPEN] - expression_tk[:, MOUTH_CLOSE]


def held(phone: str, neighbour: str = "ə", *, duration_s: float = 0.2) -> np.ndarray:
    """The mouth in the middle of a sound between two others."""
    start_s, end_s = 0.28 - duration_s / 2, 0.28 + duration_s / 2
    phonemes = [
        (neighbour, start_s - 0.15, start_s),
        (phone, start_s, end_s),
        (neighbour, end_s, end_s + 0.15),
    ]
    weights_tk, closure_t = mouth_shapes(phonemes, 14, reach_cm=REACH_CM)
    return close_lips(weights_tk, closure_t)[7:8]


@pytest.mark.parametrize("phone", ["p", "b", "m"])
@pytest.mark.parametrize("neighbour", ["ɑː", "uː", "iː"])
def test_bilabials_close_the_lips_between_any_vowels(phone, neighbour):
    assert opening(held(phone, neighbour))[0] < 0.02


def test_labiodentals_tuck_the_lower_lip():
    assert held("f")[0, column("mouthRollLower")] > 0.4


def test_open_vowels_open_and_rounded_vowels_pucker():
    assert opening(held("ɑː"))[0] > 0.7 > 0.3 > opening(held("iː"))[0]
    assert held("uː")[0, column("mouthPucker")] > 0.7 > 0.1 > held("iː")[0, column("mouthPucker")]
    assert held("iː")[0, column("mouthStretchLeft")] > 0.2


def test_a_tongue_sound_leaves_the_lips_to_its_neighbours():
    assert held("k", "uː", duration_s=0.07)[0, column("mouthPucker")] > 0.5
    assert held("k", "iː", duration_s=0.07)[0, column("mouthPucker")] == 0


@pytest.mark.parametrize("sentence", SENTENCES[::5])
def test_every_bilabial_of_a_sentence_is_closed_in_some_frame_it_covers(sentence):
    speech = speak(sentence, voice=Voice())
    num_frames = int(len(speech.audio) / 640) + 1
    weights_tk, closure_t = mouth_shapes(speech.phonemes, num_frames, reach_cm=REACH_CM)
    parted_t = opening(close_lips(weights_tk, closure_t))
    for symbol, start_s, end_s in split_phonemes(speech.phonemes):
        if symbol in "pbm":
            nearest = round((start_s + end_s) / 2 * 25)
            assert parted_t[nearest] < 0.03


def test_lips_touch_through_an_emotion_that_drops_the_jaw():
    act = perform(
        "My mum bought a map.",
        emotion="surprised",
        level=3,
        voice=Voice(),
        jaw_reach_cm=REACH_CM,
        rng=np.random.default_rng(0),
    )
    parted_t = opening(act.expression_tk)
    for symbol, start_s, end_s in split_phonemes(act.speech.phonemes):
        if symbol in "pbm":
            assert parted_t[round((start_s + end_s) / 2 * 25)] < 0.03
    assert parted_t.max() > 0.5


@given(
    st.lists(
        st.tuples(st.sampled_from(["p", "s", "ˈaɪ", "ɔːɹ", "tʃ", "?!", SILENCE]), st.floats(0.0, 0.3)),
        min_size=1,
    )
)
def test_any_phonemes_give_coefficients_in_range(parts):
    phonemes, time_s = [], 0.0
    for name, duration_s in parts:
        phonemes.append((name, time_s, time_s + duration_s))
        time_s += duration_s
    weights_tk, closure_t = mouth_shapes(phonemes, 20, reach_cm=REACH_CM)
    for value in (weights_tk, closure_t, close_lips(weights_tk, closure_t)):
        assert np.isfinite(value).all()
        assert value.min() >= 0
        assert value.max() <= 1


def test_diphthongs_are_two_shapes_and_stress_is_none():
    assert symbols_of("ˈaɪ") == ["a", "ɪ"]
    assert symbols_of("ɔːɹ") == ["ɔ", "ɹ"]
    assert symbols_of("tʃ") == ["tʃ"]
    [(_, start_s, middle_s), (_, _, end_s)] = split_phonemes([("aʊ", 1.0, 1.5)])
    assert (start_s, middle_s, end_s) == pytest.approx((1.0, 1.3, 1.5))
