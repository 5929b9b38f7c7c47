"""Deep3D's vectors: every number has one place, and comes back to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from style2talker.errors import UserError
from style2talker.face.convert.deep3d import Deep3d, MotionRows

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


def arrays(width: int) -> st.SearchStrategy[np.ndarray]:
    return st_numpy.arrays(
        np.float32, st.tuples(st.integers(1, 4), st.just(width)), elements=FINITE, fill=FINITE
    )


@settings(max_examples=40, deadline=None)
@given(vectors_tn=arrays(257) | arrays(260))
def test_vectors_come_back_to_the_bit(vectors_tn: np.ndarray) -> None:
    assert Deep3d.from_vectors(vectors_tn).vectors(vectors_tn.shape[1]).tobytes() == vectors_tn.tobytes()


@settings(max_examples=40, deadline=None)
@given(rows_tn=arrays(73) | arrays(70))
def test_rows_come_back_to_the_bit(rows_tn: np.ndarray) -> None:
    assert MotionRows.from_rows(rows_tn).rows(rows_tn.shape[1]).tobytes() == rows_tn.tobytes()


def test_the_places_are_those_of_deep3d_and_of_pirender() -> None:
    # id 80, exp 64, tex 80, angle 3, gamma 27, trans 3, then ratio, t0, t1; rows are exp, angle, trans, crop.
    vector = np.arange(260, dtype=np.float32)[None]
    named = Deep3d.from_vectors(vector)
    assert (named.identity_tk[0, -1], named.texture_tk[0, 0], named.gamma_tk[0, 0]) == (79, 144, 227)
    expected = [*range(80, 144), 224, 225, 226, 254, 255, 256, 257, 258, 259]
    np.testing.assert_array_equal(named.motion.rows(73)[0], expected)
    np.testing.assert_array_equal(named.motion.rows(70)[0], expected[:70])


def test_a_crop_that_is_not_known_is_not_made_up() -> None:
    named = Deep3d.from_vectors(np.zeros((2, 257), np.float32))
    for wanted in (lambda: named.vectors(260), lambda: named.motion.rows(73)):
        with pytest.raises(UserError, match="ratio, t0 and t1"):
            wanted()


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((257, 4)),
        np.zeros(257),
        np.zeros((0, 257)),
        np.zeros((3, 256)),
        np.full((3, 257), np.nan),
        np.full((3, 257), np.inf),
        np.full((3, 257), "0"),
    ],
    ids=["transposed", "one axis", "no frames", "one short", "NaN", "infinity", "text"],
)
def test_anything_else_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(UserError, match="the coefficients"):
        Deep3d.from_vectors(wrong)


def test_parts_of_different_lengths_are_refused() -> None:
    parts = MotionRows(expression_tk=np.zeros((3, 64)), angle_t3=np.zeros((3, 3)), trans_t3=np.zeros((2, 3)))
    with pytest.raises(UserError, match="same number"):
        parts.rows(70)
    with pytest.raises(UserError, match="no layout has 64"):
        parts.rows(64)
