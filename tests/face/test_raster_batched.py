"""The batched rasteriser shows what the one for single pictures shows."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.face import raster_batched
from style2talker.face.geometry import depth, project
from style2talker.face.model import embedded
from style2talker.face.raster import rasterise
from style2talker.face.raster_batched import rasterise_batched


def both(
    points_bv2: np.ndarray, depth_bv: np.ndarray, triangles_f3: np.ndarray, size_px: int, *, front_only: bool
) -> None:
    """Assert that both rasterisers agree."""
    triangle_bhw, weight_bhw3 = rasterise_batched(
        torch.from_numpy(points_bv2),
        torch.from_numpy(depth_bv),
        torch.from_numpy(triangles_f3),
        size_px,
        size_px,
        front_only=front_only,
    )
    for frame in range(len(points_bv2)):
        expected_hw, expected_hw3 = rasterise(
            points_bv2[frame], depth_bv[frame], triangles_f3, size_px, size_px, front_only=front_only
        )
        np.testing.assert_array_equal(triangle_bhw[frame].numpy(), expected_hw)
        np.testing.assert_allclose(weight_bhw3[frame].numpy(), expected_hw3, atol=1e-6)


@pytest.mark.parametrize("front_only", [False, True])
@pytest.mark.parametrize("most_pixels", [1_000, 10_000_000])
def test_turned_faces_are_drawn_as_one_by_one(
    front_only: bool, most_pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raster_batched, "MOST_PIXELS", most_pixels)  # in many parts, and at once
    model, random = embedded(), np.random.default_rng(0)
    rotation_t3 = random.normal(0, 0.5, (4, 3))
    vertices_tv3 = model.shape(random.normal(size=len(model.identity_kv3)), random.uniform(0, 0.5, (4, 52)))
    points_tv2 = project(vertices_tv3, rotation_t3, np.array([[40.0, 38, 4]] * 4))
    both(points_tv2, depth(vertices_tv3, rotation_t3), model.triangles_f3, 80, front_only=front_only)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), front_only=st.booleans())
def test_any_triangles_on_and_over_the_border_agree(seed: int, front_only: bool) -> None:
    random = np.random.default_rng(seed)
    some = random.permutation(84)[:6]  # no triangle twice: of two in one place either may be seen
    triangles_f3 = random.permuted(np.array(list(combinations(range(9), 3)))[some], axis=1)
    points_bv2, depth_bv = random.uniform(-4, 16, (2, 9, 2)), random.uniform(size=(2, 9))
    both(points_bv2, depth_bv, triangles_f3, 12, front_only=front_only)


def test_the_nearer_triangle_hides_the_other_frame_by_frame() -> None:
    square_v2 = torch.tensor([[0.0, 0], [15, 0], [15, 15], [0, 15]])
    points_bv2 = torch.cat([square_v2, square_v2]).expand(2, 8, 2)
    depth_bv = torch.tensor([[0.0] * 4 + [1.0] * 4, [1.0] * 4 + [0.0] * 4])
    triangles_f3 = torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    triangle_bhw, _ = rasterise_batched(points_bv2, depth_bv, triangles_f3, 16, 16)
    assert (triangle_bhw[0] >= 2).all()
    assert ((triangle_bhw[1] >= 0) & (triangle_bhw[1] < 2)).all()


def test_points_that_are_nowhere_draw_nothing() -> None:
    points_bv2 = torch.full((1, 3, 2), torch.nan)
    triangle_bhw, weight_bhw3 = rasterise_batched(
        points_bv2, torch.zeros(1, 3), torch.tensor([[0, 1, 2]]), 8, 8
    )
    assert (triangle_bhw == -1).all()
    assert not weight_bhw3.any()
