"""A confidence of 0.7 is right in seven of ten: known truth, and the curve's invariants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.emotion.calibration import confidence, expected_calibration_error, fit_curve

RNG = np.random.default_rng(0)


def test_an_overconfident_judge_is_found_out() -> None:
    probability_c = RNG.uniform(0.3, 0.99, 4000)
    agreement_c = RNG.uniform(0.2, 1, 4000)
    truth_c = 1 / (1 + np.exp(-(0.5 * np.log(probability_c / (1 - probability_c)) + 2 * (agreement_c - 1))))
    right_c = RNG.random(4000) < truth_c
    curve = fit_curve(probability_c, agreement_c, right_c)
    assert curve == pytest.approx((0, 0.5, 2), abs=0.3)
    before = expected_calibration_error(probability_c, right_c)
    calibrated_c = np.array(
        [confidence(p, a, curve=curve) for p, a in zip(probability_c, agreement_c, strict=True)]
    )
    assert before > 0.15
    assert expected_calibration_error(calibrated_c, right_c) < 0.04


def test_few_clips_move_the_curve_little() -> None:
    curve = fit_curve(np.array([0.9]), np.array([1.0]), np.array([False]), weight=10.0)
    assert curve == pytest.approx((0, 1, 0), abs=0.4)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 1))
def test_surer_is_not_less_confident(low: float, high: float, agreement: float) -> None:
    low, high = sorted((low, high))
    curve = (0.1, 0.6, 1.5)
    assert confidence(low, agreement, curve=curve) <= confidence(high, agreement, curve=curve)
    assert confidence(high, agreement, curve=curve) <= confidence(high, None, curve=curve)


def test_the_error_is_none_for_who_knows_and_all_for_who_is_always_wrong() -> None:
    right_c = np.array([True, False] * 50)
    assert expected_calibration_error(right_c.astype(float), right_c) == 0
    assert expected_calibration_error(1 - right_c.astype(float), right_c) == 1
    assert expected_calibration_error(np.full(100, 0.5), right_c) == 0
