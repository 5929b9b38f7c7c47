"""What scores say: resting scores say nothing, gaze is relative, unknown names are expected at zero."""

from dataclasses import replace

import numpy as np
import pytest

from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.face.prior import COMPONENT_SIGMA, SHUT, prior_mean, prior_sigma

MODEL = embedded()


def column(name: str) -> int:
    return EXPRESSION_NAMES.index(name)


def scores(frames: int = 40, **given: np.ndarray | float) -> np.ndarray:
    scores_tk = np.zeros((frames, len(EXPRESSION_NAMES)))
    for name, value in given.items():
        scores_tk[:, column(name)] = value
    return scores_tk


def test_a_score_that_never_moves_is_a_trait_up_to_a_point() -> None:
    rest_tk = prior_mean(scores(eyeSquintLeft=0.4, mouthSmileLeft=0.15), MODEL)
    assert rest_tk[:, column("eyeSquintLeft")].max() < 0
    assert rest_tk[:, column("mouthSmileLeft")].max() < 0
    held_tk = prior_mean(scores(mouthSmileLeft=0.8), MODEL)
    assert held_tk[:, column("mouthSmileLeft")].min() > 0.6  # nobody is born with such a smile


def test_a_full_score_is_a_full_movement() -> None:
    blink_t = np.zeros(40)
    blink_t[10:13] = 1.0
    expected_tk = prior_mean(scores(jawOpen=blink_t), MODEL)
    np.testing.assert_allclose(expected_tk[10:13, column("jawOpen")], 1.0)
    assert expected_tk[:10, column("jawOpen")].max() < 0


def test_shut_eyes_look_nowhere() -> None:
    """The network calls shut eyes two thirds of a blink and a strong look down."""
    shut_t = np.where(np.arange(40) == 20, SHUT, 0.05)
    down_t = np.where(np.arange(40) == 20, 0.8, 0.05)
    expected_tk = prior_mean(scores(eyeBlinkLeft=shut_t, eyeLookDownLeft=down_t), MODEL)
    assert expected_tk[20, column("eyeBlinkLeft")] == pytest.approx(1.0)
    assert expected_tk[20, column("eyeLookDownLeft")] == pytest.approx(0.0)
    open_eyes_tk = prior_mean(scores(eyeLookDownLeft=down_t), MODEL)
    assert open_eyes_tk[20, column("eyeLookDownLeft")] > 0.6


def test_gaze_is_where_it_goes_from_its_middle() -> None:
    glance_t = np.where(np.arange(40) > 30, 0.5, 0.2)
    expected_tk = prior_mean(scores(eyeLookOutLeft=glance_t, eyeLookInRight=glance_t), MODEL)
    for name in ("eyeLookOutLeft", "eyeLookInRight"):
        np.testing.assert_allclose(expected_tk[:31, column(name)], 0, atol=1e-9)
        np.testing.assert_allclose(expected_tk[31:, column(name)], 0.3)


def test_names_that_the_network_does_not_know_are_expected_at_zero() -> None:
    names = tuple(f"component{k}" for k in range(len(EXPRESSION_NAMES)))
    other = replace(MODEL, expression_names=names, expression_kind="components")
    assert not prior_mean(scores(jawOpen=1.0), other).any()
    assert prior_sigma(other) == COMPONENT_SIGMA
