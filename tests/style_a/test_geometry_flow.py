"""The flow prior is what the projected mesh says, and calm where the mesh says nothing."""

import numpy as np
import pytest

from style2talker.face.canonical import LIPS_LOWER_OUTER
from style2talker.style_a.geometry_flow import NUM_PLANES


def test_nothing_moves_when_source_and_target_are_equal(person) -> None:
    face = person.face(jaw_open=0.3, rotation=(0.1, -0.2, 0.05))
    prior = person.prior(face, face)
    assert prior.shape == (NUM_PLANES, 64, 64)
    assert prior.dtype == np.float32
    np.testing.assert_allclose(prior[:2], 0, atol=1e-6)


def test_a_translation_of_the_head_is_that_translation(person) -> None:
    """12 px right and 6 px up in the 256 px crop, all over the face and the hair around it."""
    prior = person.prior(person.face(), person.face(translation=(140.0, 122.0, 11.0)))
    on_face = prior[2] > 0.99
    assert on_face.sum() > 500
    np.testing.assert_allclose(prior[0][on_face], -12 * 2 / 256, atol=1e-5)
    np.testing.assert_allclose(prior[1][on_face], 6 * 2 / 256, atol=1e-5)
    hair_y, hair_x = np.argwhere(on_face).min(axis=0)[0] - 3, 35
    np.testing.assert_allclose(prior[:2, hair_y, hair_x], [-12 * 2 / 256, 6 * 2 / 256], atol=2e-3)


def test_flow_points_at_the_source_vertex(person) -> None:
    """At a lower lip point of the target the flow leads to the same point of the source."""
    source, target = person.face(), person.face(jaw_open=0.8, rotation=(0.0, 0.15, 0.0))
    prior = person.prior(source, target)
    for vertex in LIPS_LOWER_OUTER[3:8]:
        x, y = target.points_tv2[0, vertex] * 64 / 256 - 0.5
        flow_px = prior[:2, round(y), round(x)] * 256 / 2
        np.testing.assert_allclose(
            flow_px, source.points_tv2[0, vertex] - target.points_tv2[0, vertex], atol=2.5
        )


def test_an_opening_mouth_is_marked_as_unseen(person) -> None:
    closed, opened = person.face(), person.face(jaw_open=0.8)
    prior = person.prior(closed, opened)
    mouth = prior[4] > 0.9
    assert mouth.sum() > 10
    assert prior[3][mouth].mean() < 0.5
    assert person.prior(opened, closed)[4].sum() < 0.5 * prior[4].sum()


def test_the_far_corner_stays(person) -> None:
    small = (128.0, 128.0, 6.0)
    prior = person.prior(
        person.face(translation=small), person.face(translation=small, rotation=(0.0, 0.3, 0.0))
    )
    np.testing.assert_allclose(prior[:2, [0, 0, -1, -1], [0, -1, 0, -1]], 0, atol=1e-6)


@pytest.mark.parametrize("yaw", [-1.2, 1.2])
def test_a_profile_gives_finite_planes_in_range(person, yaw: float) -> None:
    prior = person.prior(person.face(), person.face(rotation=(0.0, yaw, 0.0)))
    assert np.isfinite(prior).all()
    assert prior[2:].min() >= 0
    assert prior[2:].max() <= 1
