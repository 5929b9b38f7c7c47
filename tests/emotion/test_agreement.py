"""Witnesses together: no veto, no vote from nothing, and a conflict only between two who are sure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.emotion.agreement import (
    OTHERS,
    TRUST,
    agreement,
    conflict,
    conflicts,
    sureness,
    together,
    votes_of,
)
from style2talker.emotion.opinion import Opinion
from style2talker.emotion.taxonomy import EMOTIONS

E = len(EMOTIONS)
UNIFORM = np.full(E, 1 / E)


def sure(emotion: str, share: float = 0.93) -> np.ndarray:
    vote_e = np.full(E, (1 - share) / (E - 1))
    vote_e[EMOTIONS.index(emotion)] = share
    return vote_e


votes = st.lists(st.floats(0.001, 1), min_size=E, max_size=E).map(
    lambda values: np.array(values) / sum(values)
)
modalities = st.sampled_from(sorted(TRUST))


@given(st.dictionaries(modalities, votes), modalities)
def test_a_witness_that_says_nothing_changes_nothing(said: dict, silent: str) -> None:
    said.pop(silent, None)
    before = votes_of([*said.items()])
    after = votes_of([*said.items(), (silent, UNIFORM)])  # type: ignore[list-item]
    assert np.allclose(together(before), together(after))
    assert agreement(after) == (None if not before else pytest.approx(agreement(before) or 1.0, abs=1e-6))


@given(votes, votes)
def test_a_conflict_is_mutual_and_bounded_and_none_with_oneself(
    one_e: np.ndarray, other_e: np.ndarray
) -> None:
    assert conflict(one_e, other_e) == pytest.approx(conflict(other_e, one_e))
    assert 0 <= conflict(one_e, other_e) <= 1
    assert conflict(one_e, one_e) == pytest.approx(0, abs=1e-9)


@given(st.permutations(range(E)), votes, votes)
def test_emotions_have_no_order(order: list[int], one_e: np.ndarray, other_e: np.ndarray) -> None:
    shuffled = together({"face": one_e[order], "voice": other_e[order]})
    assert np.allclose(shuffled, together({"face": one_e, "voice": other_e})[order])


@pytest.mark.parametrize("modality", sorted(TRUST))
def test_nobody_has_a_veto(modality: str) -> None:
    against = [(other, sure("happy")) for other in TRUST if other != modality]
    said = votes_of([(modality, sure("angry", 1.0)), *against])  # type: ignore[list-item]
    assert EMOTIONS[int(together(said).argmax())] == "happy"


def test_ten_witnesses_of_one_modality_have_one_vote() -> None:
    once = votes_of([("voice", sure("sad")), ("face", sure("happy"))])
    often = votes_of([("voice", sure("sad"))] * 10 + [("face", sure("happy"))])
    assert np.allclose(together(once), together(often))


def test_angry_words_contradict_a_neutral_face_and_plain_words_no_face_at_all() -> None:
    neutral_face, angry_face = ("face", sure("neutral")), ("face", sure("angry"))
    contradicted = votes_of([neutral_face, ("words", sure("angry"))])
    assert conflicts(contradicted)["face", "words"] > 0.5
    plain = votes_of([angry_face, ("words", sure("neutral"))])
    assert conflicts(plain)["face", "words"] < 0.05
    assert conflicts(votes_of([angry_face, ("words", sure("angry"))]))["face", "words"] < 0.05


@given(votes)
def test_words_of_no_feeling_say_nothing_however_the_rest_is_shared(rest_e: np.ndarray) -> None:
    plain_e = 0.99 * sure("neutral", 1.0) + 0.01 * rest_e
    (vote_e,) = votes_of([("words", plain_e)]).values()
    assert np.allclose(vote_e, UNIFORM, atol=0.01)
    assert conflicts(votes_of([("face", sure("angry", 0.99)), ("words", plain_e)]))["face", "words"] < 0.05


def test_the_label_is_held_against_all_others_together() -> None:
    said = votes_of([("face", sure("sad")), ("voice", sure("happy", 0.4)), ("label", sure("sad"))])
    assert conflicts(said)["label", OTHERS] < 0.1
    assert ("face", "label") not in conflicts(said)


def test_sureness_goes_from_nothing_to_no_doubt() -> None:
    assert sureness(UNIFORM) == pytest.approx(0, abs=1e-9)
    assert sureness(sure("sad", 1.0)) == pytest.approx(1)
    assert agreement(votes_of([("face", sure("sad"))])) is None


def test_an_opinion_is_a_distribution_and_survives_its_row() -> None:
    opinion = Opinion(probability_e=sure("fear"), measures={"arousal": 0.25}, text="A frown.")
    back = Opinion.from_row(opinion.row())
    assert back.probability_e is not None
    assert np.allclose(back.probability_e, sure("fear"), atol=1e-6)
    assert (back.measures, back.text) == ({"arousal": 0.25}, "A frown.")
    assert Opinion.from_row(Opinion().row()) == Opinion()
    for wrong in (np.ones(E), np.full(7, 1 / 7), np.r_[-0.5, 1.5, np.zeros(6)]):
        with pytest.raises(ValueError, match="add up to 1, in the order angry, contempt"):
            Opinion(probability_e=wrong)
