"""A z-buffered triangle rasteriser in NumPy, for pictures of a few hundred pixels.

Shapes: V points, F triangles, D of them drawn, H W picture, P its pixels, R rows of all triangles laid end to
end, N pixels of all these rows.
"""

import numpy as np

EDGE_PX = 1e-6  # a pixel centre this close outside still counts, so that neighbours leave no hole
EDGE_WEIGHT = 1e-7


def rasterise(
    points_v2: np.ndarray,
    depth_v: np.ndarray,
    triangles_f3: np.ndarray,
    height_px: int,
    width_px: int,
    *,
    front_only: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Which triangle each pixel centre shows, and where in it.

    Pixel (row, column) has its centre at x = column, y = row. A pixel on an edge belongs to both triangles,
    so neighbours leave no hole. Where triangles lie over each other the one that is nearer at this very pixel
    is seen. `depth_v`: larger is nearer.

    Args:
        front_only: leave out triangles that turn their back, that is whose corners run clockwise when y is
            up (counter-clockwise in px, y down); otherwise either winding is drawn.

    Returns:
        triangle_hw int32, -1 where nothing is drawn, and barycentric_hw3 float32 (sums to 1; 0 where
        nothing is).
    """
    triangle_p = np.full(height_px * width_px, -1, np.int32)
    barycentric_p3 = np.zeros((height_px * width_px, 3), np.float32)

    corner_f32 = np.asarray(points_v2, np.float64)[triangles_f3]
    (ax, ay), (bx, by), (cx, cy) = (corner_f32[:, i].T for i in range(3))
    area_f = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    top_f = np.maximum(np.ceil(np.nan_to_num(corner_f32[..., 1].min(axis=1)) - EDGE_PX), 0)
    bottom_f = np.floor(np.nan_to_num(corner_f32[..., 1].max(axis=1), nan=-1.0) + EDGE_PX)
    num_rows_f = np.minimum(bottom_f, height_px - 1) - top_f + 1
    drawn_f = np.flatnonzero(((-area_f if front_only else np.abs(area_f)) > 1e-9) & (num_rows_f > 0))

    # Weights are affine in the pixel, weight = across x + down y + at_origin; depth is affine in the weights.
    unit_f = 1 / area_f[drawn_f]
    ax, ay, bx, by, cx, cy = (each[drawn_f] for each in (ax, ay, bx, by, cx, cy))
    b_d3 = np.stack([cy - ay, ax - cx, (cx - ax) * ay - (cy - ay) * ax], axis=1) * unit_f[:, None]
    c_d3 = np.stack([ay - by, bx - ax, (by - ay) * ax - (bx - ax) * ay], axis=1) * unit_f[:, None]
    num_rows_d = num_rows_f[drawn_f].astype(np.int64)
    owner_r = np.repeat(np.arange(len(drawn_f)), num_rows_d)
    y_r = top_f[drawn_f][owner_r] + _within(num_rows_d)

    # Where each row of pixel centres enters and leaves the triangle: all three weights are positive between.
    left_r, right_r = np.zeros(len(y_r)), np.full(len(y_r), width_px - 1.0)
    b_r, c_r = (w_d3[owner_r, 1] * y_r + w_d3[owner_r, 2] for w_d3 in (b_d3, c_d3))
    across_b_r, across_c_r = b_d3[owner_r, 0], c_d3[owner_r, 0]
    for at_r, across_r in ((b_r, across_b_r), (c_r, across_c_r), (1 - b_r - c_r, -across_b_r - across_c_r)):
        with np.errstate(divide="ignore", invalid="ignore"):
            zero_r = -(at_r + EDGE_WEIGHT) / across_r
        left_r = np.where(across_r > 0, np.maximum(left_r, zero_r), left_r)
        right_r = np.where(across_r < 0, np.minimum(right_r, zero_r), right_r)
        right_r[(across_r == 0) & (at_r < -EDGE_WEIGHT)] = -1
    left_r = np.ceil(np.minimum(left_r, width_px))
    num_r = np.maximum(np.floor(np.maximum(right_r, -1)) - left_r + 1, 0).astype(np.int64)

    # Every pixel of every row, and the nearest of those that fall on one pixel.
    along_n = _within(num_r).astype(np.float64)
    b_n = np.repeat(b_r + across_b_r * left_r, num_r) + along_n * np.repeat(across_b_r, num_r)
    c_n = np.repeat(c_r + across_c_r * left_r, num_r) + along_n * np.repeat(across_c_r, num_r)
    pixel_n = np.repeat((y_r * width_px + left_r).astype(np.int64), num_r) + along_n.astype(np.int64)
    depth_d3 = np.asarray(depth_v, np.float64)[triangles_f3[drawn_f]]
    rise_b_r, rise_c_r = ((depth_d3[:, i] - depth_d3[:, 0])[owner_r] for i in (1, 2))
    near_r = (
        depth_d3[owner_r, 0] + rise_b_r * (b_r + across_b_r * left_r) + rise_c_r * (c_r + across_c_r * left_r)
    )
    nearer_r = rise_b_r * across_b_r + rise_c_r * across_c_r
    near_n = np.repeat(near_r, num_r) + along_n * np.repeat(nearer_r, num_r)
    nearest_p = np.full(height_px * width_px, -np.inf)
    np.maximum.at(nearest_p, pixel_n, near_n)
    seen_n = np.flatnonzero(near_n == nearest_p[pixel_n])
    pixel_n, b_n, c_n = pixel_n[seen_n], np.clip(b_n[seen_n], 0, 1), np.clip(c_n[seen_n], 0, 1)
    triangle_p[pixel_n] = drawn_f[np.repeat(owner_r, num_r)[seen_n]]
    barycentric_p3[pixel_n] = np.stack([1 - b_n - c_n, b_n, c_n], axis=1)
    return triangle_p.reshape(height_px, width_px), barycentric_p3.reshape(height_px, width_px, 3)


def _within(num_g: np.ndarray) -> np.ndarray:
    """0, 1, ... within each of the groups of the given sizes, laid end to end."""
    return np.arange(num_g.sum()) - np.repeat(np.cumsum(num_g) - num_g, num_g)
