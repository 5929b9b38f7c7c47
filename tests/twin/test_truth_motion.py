"""Lips of a truth clip touch, and never pass through each other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.twin.truth_embedded import MEASURES
from style2talker.twin.truth_motion import SOFT_CM, TruthSpec, lips_touch, motion
from style2talker.twin.visemes import JAW_OPEN, MOUTH_CLOSE

PARTS_K = MEASURES.parts(embedded().expression_kv3)
PRESSES = [EXPRESSION_NAMES.index(name) for name in ("mouthPressLeft", "mouthPressRight", "mouthShrugLower")]


@given(jaw=st.floats(0, 1), close=st.floats(0, 1), press=st.floats(0, 1))
def test_lips_that_would_cross_meet_and_others_stay(jaw: float, close: float, press: float) -> None:
    expression_tk = np.zeros((1, len(EXPRESSION_NAMES)))
    expression_tk[0, JAW_OPEN], expression_tk[0, MOUTH_CLOSE] = jaw, close
    expression_tk[0, PRESSES] = press
    touching_tk = lips_touch(expression_tk, PARTS_K)
    apart_cm = float(expression_tk[0] @ PARTS_K)
    assert np.isclose(touching_tk[0] @ PARTS_K, max(apart_cm, -SOFT_CM), atol=1e-5)
    kept = np.delete(np.arange(len(EXPRESSION_NAMES)), [JAW_OPEN, MOUTH_CLOSE])
    np.testing.assert_array_equal(touching_tk[:, kept], expression_tk[:, kept])
    assert touching_tk.min() >= 0


def test_an_angry_mouth_is_pressed_shut_in_every_closure_and_not_further() -> None:
    moves = motion(TruthSpec(person=0, performance=2, emotion="angry", level=3), parts_k=PARTS_K)
    apart_t = moves.expression_tk @ PARTS_K
    assert apart_t.min() > -SOFT_CM - 1e-4
    assert len(moves.closure_n) > 2
    assert apart_t[moves.closure_n].max() < 0.05
    assert apart_t.max() > 0.5
