"""The rasteriser leaves no holes, and the nearer triangle wins."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.face.geometry import depth, project
from style2talker.face.model import embedded
from style2talker.face.raster import rasterise

QUAD_V2 = np.array([[0.0, 0], [63, 0], [63, 47], [0, 47]])
QUAD_F3 = np.array([[0, 1, 2], [0, 2, 3]])


def test_a_full_screen_quad_covers_every_pixel() -> None:
    triangle_hw, barycentric_hw3 = rasterise(QUAD_V2, np.zeros(4), QUAD_F3, 48, 64)
    assert triangle_hw.shape == (48, 64)
    assert (triangle_hw >= 0).all()
    assert set(np.unique(triangle_hw)) == {0, 1}
    np.testing.assert_allclose(barycentric_hw3.sum(axis=2), 1, atol=1e-6)


def test_barycentric_coordinates_give_back_the_pixel() -> None:
    triangle_hw, barycentric_hw3 = rasterise(QUAD_V2, np.zeros(4), QUAD_F3, 48, 64)
    corner_hw32 = QUAD_V2[QUAD_F3[triangle_hw]]
    point_hw2 = (corner_hw32 * barycentric_hw3[..., None]).sum(axis=2)
    rows, columns = np.mgrid[:48, :64]
    np.testing.assert_allclose(point_hw2, np.stack([columns, rows], axis=2), atol=1e-4)


def test_the_nearer_of_two_triangles_is_seen() -> None:
    points_v2 = np.concatenate([QUAD_V2, QUAD_V2])
    depth_v = np.array([0.0] * 4 + [1.0] * 4)
    for triangles_f3 in (np.vstack([QUAD_F3, QUAD_F3 + 4]), np.vstack([QUAD_F3 + 4, QUAD_F3])):
        seen_hw, _ = rasterise(points_v2, depth_v, triangles_f3, 48, 64)
        assert (triangles_f3[seen_hw] >= 4).all()


@settings(deadline=None)  # the first call of a busy machine may be slow
@given(cut=st.floats(0.01, 0.99), tilt=st.floats(-0.4, 0.4), turn=st.booleans())
def test_no_hole_along_a_shared_edge_whatever_its_slope_and_winding(
    cut: float, tilt: float, turn: bool
) -> None:
    top, bottom = 31 * np.clip(cut + tilt, 0, 1), 31 * np.clip(cut - tilt, 0, 1)
    points_v2 = np.array([[0, 0], [top, 0], [31, 0], [31, 31], [bottom, 31], [0, 31]])
    triangles_f3 = np.array([[0, 1, 5], [1, 4, 5], [1, 2, 4], [2, 3, 4]])
    if turn:
        triangles_f3 = triangles_f3[:, ::-1]
    triangle_hw, _ = rasterise(points_v2, np.zeros(6), triangles_f3, 32, 32)
    assert (triangle_hw >= 0).all()


def test_what_lies_outside_the_picture_is_left_out() -> None:
    triangle_hw, barycentric_hw3 = rasterise(QUAD_V2 + 1000, np.zeros(4), QUAD_F3, 48, 64)
    assert (triangle_hw == -1).all()
    assert not barycentric_hw3.any()


def test_the_embedded_face_is_drawn_in_one_piece() -> None:
    model = embedded()
    rotation_t3 = np.array([[0.1, 0.3, 0.05]])
    points_v2 = project(model.mean_v3[None], rotation_t3, np.array([[64.0, 64, 6]]))[0]
    triangle_hw, _ = rasterise(
        points_v2, depth(model.mean_v3[None], rotation_t3)[0], model.triangles_f3, 128, 128
    )
    for row in (triangle_hw >= 0)[40:90]:
        columns = np.flatnonzero(row)
        assert len(columns) == columns[-1] - columns[0] + 1


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), front_only=st.booleans())
def test_every_pixel_shows_the_nearest_triangle_there(seed: int, front_only: bool) -> None:
    random = np.random.default_rng(seed)
    points_v2, depth_v = random.uniform(-4, 16, (9, 2)), random.uniform(size=9)
    triangles_f3 = np.array([random.permutation(9)[:3] for _ in range(6)])
    pixels = np.stack([*np.mgrid[:10, :12][::-1], np.ones((10, 12))])
    depth_fhw, weights_fhw3 = np.full((6, 10, 12), -np.inf), np.zeros((6, 10, 12, 3))
    for number, corners in enumerate(triangles_f3):
        edges = np.vstack([points_v2[corners].T, np.ones(3)])
        weights_fhw3[number] = np.einsum("ij,jhw->hwi", np.linalg.inv(edges), pixels)
        if not front_only or np.linalg.det(edges) < 0:
            inside_hw = weights_fhw3[number].min(axis=2) >= 0
            depth_fhw[number][inside_hw] = (weights_fhw3[number] @ depth_v[corners])[inside_hw]

    seen_hw, barycentric_hw3 = rasterise(points_v2, depth_v, triangles_f3, 10, 12, front_only=front_only)
    np.testing.assert_array_equal(seen_hw >= 0, np.isfinite(depth_fhw.max(axis=0)))
    rows, columns = np.nonzero(seen_hw >= 0)
    seen_n = seen_hw[rows, columns]
    np.testing.assert_allclose(depth_fhw[seen_n, rows, columns], depth_fhw.max(axis=0)[rows, columns])
    np.testing.assert_allclose(barycentric_hw3[rows, columns], weights_fhw3[seen_n, rows, columns], atol=1e-5)
