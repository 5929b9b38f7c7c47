"""Nets and units, each alone, joined, and relative to the speaker's neutral.

Axes: T frames, N nets, E = 8 emotions, R unit readings.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from style2talker.emotion.action_units import (
    MARKS,
    UNITS,
    blendshapes_of,
    profile_blendshapes,
    witness_readings,
)
from style2talker.emotion.face_nets import FaceNets, looks
from style2talker.emotion.facial import (
    face_probability,
    lopsidedness,
    nets_answer,
    unit_match,
    units_answer,
)
from style2talker.emotion.taxonomy import EMOTIONS

FOUND_T = np.ones(50, dtype=bool)
NO_NETS = np.zeros((0, len(EMOTIONS)))
HAPPY, NEUTRAL, CONTEMPT = (EMOTIONS.index(name) for name in ("happy", "neutral", "contempt"))

distributions = hnp.arrays(np.float64, (3, 8), elements=st.floats(1e-3, 1)).map(
    lambda net_ne: net_ne / net_ne.sum(axis=1, keepdims=True)
)


def held(face_k: np.ndarray) -> np.ndarray:
    return np.tile(face_k, (len(FOUND_T), 1))


def readings_of(face_k: np.ndarray) -> np.ndarray:
    readings = witness_readings(held(face_k), FOUND_T, expression_tk=held(face_k))
    return np.array([[readings[w][unit].left, readings[w][unit].right] for w in MARKS for unit in UNITS])


def named(probability_e: np.ndarray) -> str:
    return EMOTIONS[int(probability_e.argmax())]


def leaning(emotion: str, share: float) -> np.ndarray:
    """Three nets that give `share` to one of the seven emotions they know."""
    answer_e = np.full(len(EMOTIONS), (1 - share) / 6)
    answer_e[EMOTIONS.index(emotion)] = share
    answer_e[CONTEMPT] = 0
    return np.tile(answer_e, (3, 1))


ANGRY_R2 = readings_of(profile_blendshapes("angry", 3))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_the_units_of_an_emotion_point_to_it(emotion: str) -> None:
    readings_r2 = readings_of(profile_blendshapes(emotion, 3))
    assert named(units_answer(unit_match(readings_r2))) == emotion
    rest_r2 = readings_of(blendshapes_of({}))
    assert named(units_answer(unit_match(readings_r2, rest_r2))) == emotion


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_plain_units_win_over_unsure_nets(emotion: str) -> None:
    unsure_ne = leaning("sad" if emotion == "neutral" else "neutral", 0.35)
    assert named(face_probability(unsure_ne, readings_of(profile_blendshapes(emotion, 3)))) == emotion


def test_a_smile_that_only_the_nets_see_is_none() -> None:
    assert named(face_probability(leaning("happy", 0.9), readings_of(blendshapes_of({})))) == "neutral"
    smile_r2 = readings_of(blendshapes_of({12: 1.0}))
    assert named(face_probability(leaning("happy", 0.9), smile_r2)) == "happy"


@given(distributions)
def test_a_face_like_the_speakers_neutral_is_neutral_whatever_the_nets_call_it(net_ne: np.ndarray) -> None:
    assert named(nets_answer(net_ne, net_ne)) == "neutral"
    said_e = face_probability(net_ne, ANGRY_R2, neutral_net_ne=net_ne, neutral_r2=ANGRY_R2)
    assert named(said_e) == "neutral"


@given(distributions, st.lists(st.floats(0.1, 10), min_size=8, max_size=8))
def test_a_persons_resting_bias_cancels(net_ne: np.ndarray, bias: list[float]) -> None:
    """A bias multiplies what the nets say to clip and neutral alike, as a prior does."""
    net_ne = np.clip(net_ne, 0.05, None)
    plain_e = net_ne[0] / net_ne[0].sum()
    rest_e = net_ne[1] / net_ne[1].sum()

    def biased(answer_e: np.ndarray) -> np.ndarray:
        weights_e = np.delete(answer_e * np.array(bias), CONTEMPT)
        return np.insert(weights_e / weights_e.sum(), CONTEMPT, 0)[None]

    emotions = [index for index in range(8) if index not in (CONTEMPT, NEUTRAL)]
    clip_ne, neutral_ne = biased(plain_e), biased(rest_e)
    if min(np.delete(clip_ne, CONTEMPT).min(), np.delete(neutral_ne, CONTEMPT).min()) < 0.01:
        return  # below the floor nothing is heard
    ratio_e = nets_answer(clip_ne, neutral_ne)[emotions]
    expected_e = (plain_e / rest_e)[emotions]
    np.testing.assert_allclose(ratio_e / ratio_e.sum(), expected_e / expected_e.sum(), rtol=1e-6)


def test_a_resting_smile_hides_nothing_from_the_relative_answer() -> None:
    """The person looks happy to the nets at rest; sad, she looks a little less so."""
    rest_ne, sad_ne = leaning("happy", 0.8), leaning("happy", 0.6)
    sad_ne[:, EMOTIONS.index("sad")] += 0.2 - 0.2 / 6
    sad_ne /= sad_ne.sum(axis=1, keepdims=True)
    assert named(nets_answer(sad_ne)) == "happy"
    assert named(nets_answer(sad_ne, rest_ne)) == "sad"


def test_units_are_counted_from_the_speakers_neutral() -> None:
    rest_r2 = readings_of(blendshapes_of({12: 0.4}))
    same_r2, more_r2 = rest_r2, readings_of(blendshapes_of({12: 0.8}))
    assert unit_match(same_r2)[HAPPY] > 0.3
    assert unit_match(same_r2, rest_r2)[HAPPY] == 0
    assert unit_match(more_r2, rest_r2)[HAPPY] > 0.5


def test_a_crooked_rest_is_no_contempt() -> None:
    crooked_r2 = readings_of(blendshapes_of({12: 0.8, 14: 0.8}, left_only={12, 14}))
    assert lopsidedness(crooked_r2) == 1
    assert lopsidedness(crooked_r2, crooked_r2) == 0
    other_r2 = readings_of(blendshapes_of({}))
    assert lopsidedness(other_r2, crooked_r2) == 1  # the other side moved


@given(distributions)
def test_nets_that_do_not_know_contempt_neither_help_nor_hinder_it(net_ne: np.ndarray) -> None:
    for answer_e in (nets_answer(net_ne), nets_answer(net_ne, net_ne[::-1])):
        assert answer_e.sum() == pytest.approx(1)
        assert answer_e[CONTEMPT] == pytest.approx(1 / 8)


@given(distributions)
def test_one_sure_net_does_not_silence_two_others(net_ne: np.ndarray) -> None:
    """A log-linear pool with a floor: a net that excludes an emotion lowers it, and cannot veto it."""
    vetoing_ne = net_ne.copy()
    vetoing_ne[0, HAPPY] = 0
    assert nets_answer(vetoing_ne)[HAPPY] > nets_answer(net_ne)[HAPPY] * (0.01 ** (1 / 3)) / 2


def test_without_nets_the_units_decide() -> None:
    smile_r2 = readings_of(profile_blendshapes("happy", 2))
    np.testing.assert_allclose(
        face_probability(NO_NETS, smile_r2), units_answer(unit_match(smile_r2)), rtol=1e-6
    )


def test_acted_emotions_are_recognised(nets: FaceNets, read_face) -> None:
    def of(clip: str) -> tuple[np.ndarray, np.ndarray]:
        face = read_face(f"mead_silent/M030_front_{clip}_001.mp4")
        look_n = looks(face.landmarks_tl3)
        by_net = nets(face.frames_thw3[look_n], face.landmarks_tl3[look_n])
        readings = witness_readings(face.blendshapes_tk, face.found_t, expression_tk=face.blendshapes_tk)
        readings_r2 = [[readings[w][unit].left, readings[w][unit].right] for w in MARKS for unit in UNITS]
        return np.stack(list(by_net.values())), np.array(readings_r2)

    neutral_net_ne, neutral_r2 = of("neutral_level1")
    for emotion in ("happy", "sad", "surprised", "contempt"):
        net_ne, readings_r2 = of(f"{emotion}_level3")
        answer_e, again_e = (
            face_probability(net_ne, readings_r2, neutral_net_ne=neutral_net_ne, neutral_r2=neutral_r2)
            for _ in range(2)
        )
        assert named(answer_e) == emotion
        assert answer_e.dtype == np.float32
        assert answer_e.sum() == pytest.approx(1, abs=1e-6)
        assert (answer_e == again_e).all()
