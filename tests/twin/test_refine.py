"""Refining a mesh keeps its points and smooths its rims."""

import numpy as np

from style2talker.twin.refine import refine

NUM = 12
TURN = np.arange(NUM) * 2 * np.pi / NUM
DISC_V3 = np.stack([[*np.cos(TURN), 0], [*np.sin(TURN), 0], np.zeros(NUM + 1)], axis=1)
DISC_F3 = np.stack([np.full(NUM, NUM), np.arange(NUM), (np.arange(NUM) + 1) % NUM], axis=1)


def test_old_points_stay_and_flat_stays_flat() -> None:
    fine = refine(DISC_F3, NUM + 1)
    vertices_n3 = fine.weights_nv @ DISC_V3
    assert len(fine.triangles_f3) == 4 * len(DISC_F3)
    np.testing.assert_allclose(vertices_n3[: NUM + 1], DISC_V3, atol=1e-6)
    np.testing.assert_allclose(vertices_n3[:, 2], 0, atol=1e-6)
    np.testing.assert_allclose(fine.weights_nv.sum(axis=1), 1, atol=1e-5)


def rim_radius(*corners: int) -> np.ndarray:
    """Distance of the new points on the rim from its centre; the first lies between the points 0 and 1."""
    fine = refine(DISC_F3, NUM + 1, corners)
    rim = fine.along([*range(NUM), 0])[:-1]
    return np.linalg.norm((fine.weights_nv @ DISC_V3)[rim[1::2]], axis=1)


def test_a_round_rim_becomes_rounder() -> None:
    cut_short = 1 - np.cos(np.pi / NUM)  # by the middle of a polygon's edge
    assert np.abs(rim_radius() - 1).max() < 0.1 * cut_short


def test_a_rim_may_turn_at_a_corner() -> None:
    smooth, cornered = rim_radius(), rim_radius(0)
    assert (smooth - cornered)[[0, -1]].min() > 0.005
    assert np.abs(smooth - cornered)[3:-3].max() < 0.003


def test_new_triangles_are_wound_as_the_old() -> None:
    fine = refine(DISC_F3, NUM + 1)
    a, b, c = np.moveaxis((fine.weights_nv @ DISC_V3)[fine.triangles_f3], 1, 0)
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()
