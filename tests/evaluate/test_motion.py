"""Lip error: zero for the truth, and the guesses that hear nothing are fair."""

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.evaluate.motion import (
    TrueMotion,
    draw_opening,
    lip_error_percent,
    lip_measures,
    motion_table,
    score_motion,
)
from style2talker.face.model import EXPRESSION_NAMES, embedded

JAW = EXPRESSION_NAMES.index("jawOpen")


def clip(name: str, jaw_t: np.ndarray) -> TrueMotion:
    model = embedded()
    expression_tk = np.zeros((len(jaw_t), len(EXPRESSION_NAMES)), dtype=np.float32)
    expression_tk[:, JAW] = jaw_t
    return TrueMotion(
        clip_id=name,
        identity_k=np.zeros(len(model.identity_kv3), dtype=np.float32),
        expression_tk=expression_tk,
        valid_t=np.ones(len(jaw_t), dtype=bool),
    )


def test_opening_grows_with_the_jaw() -> None:
    each = clip("a", np.linspace(0, 1, 5))
    opening_t = lip_measures(embedded(), each.identity_k, each.expression_tk)[:, 0]
    assert (np.diff(opening_t) > 0).all()


def test_measures_do_not_depend_on_the_unit_of_length() -> None:
    from dataclasses import replace

    model = embedded()
    metres = replace(
        model,
        mean_v3=model.mean_v3 / 100,
        identity_kv3=model.identity_kv3 / 100,
        expression_kv3=model.expression_kv3 / 100,
    )
    each = clip("a", np.linspace(0, 1, 5))
    np.testing.assert_allclose(
        lip_measures(metres, each.identity_k, each.expression_tk),
        lip_measures(model, each.identity_k, each.expression_tk),
        rtol=1e-4,
    )


def test_the_truth_scores_zero_and_beats_both_guesses() -> None:
    waves = [clip(str(k), 0.5 + 0.5 * np.sin(np.arange(40 + 10 * k) / (2 + k))) for k in range(3)]
    mean_k = np.concatenate([wave.expression_tk for wave in waves]).mean(axis=0)
    scores = score_motion(embedded(), waves, lambda wave: wave.expression_tk, mean_expression_k=mean_k)
    assert scores.generated_n.max() == 0
    assert scores.beats_both
    still = score_motion(
        embedded(), waves, lambda w: np.tile(mean_k, (len(w.expression_tk), 1)), mean_expression_k=mean_k
    )
    np.testing.assert_allclose(still.generated_n, still.mean_motion_n)
    assert not still.beats_both
    assert "another clip's motion" in motion_table(still)


def test_frames_without_a_face_do_not_count() -> None:
    truth_t2 = np.zeros((4, 2))
    wrong_t2 = np.array([[0, 0], [0, 0], [9, 9], [9, 9]], dtype=float)
    assert lip_error_percent(wrong_t2, truth_t2, valid_t=np.array([1, 1, 0, 0])) == 0
    with pytest.raises(UserError, match="no frame"):
        lip_error_percent(wrong_t2, truth_t2, valid_t=np.zeros(4))
    with pytest.raises(UserError, match="cut to one length"):
        lip_error_percent(wrong_t2[:3], truth_t2)


def test_one_clip_has_no_other_to_compare_with() -> None:
    with pytest.raises(UserError, match="at least 2"):
        score_motion(
            embedded(), [clip("a", np.ones(40))], lambda c: c.expression_tk, mean_expression_k=np.zeros(52)
        )


def test_the_picture_shows_both_curves() -> None:
    picture_hw3 = draw_opening(np.linspace(0, 5, 50), np.linspace(5, 0, 50))
    assert picture_hw3.shape == (160, 640, 3)
    assert (picture_hw3[..., 0] > picture_hw3[..., 1] + 100).any()
    assert (picture_hw3.max(axis=2) < 90).any()
