"""A triangle rasteriser for small meshes, in NumPy, for pictures of a few hundred pixels.

Shapes: V points, F triangles, H W picture, N candidate pixels (all bounding boxes laid end to end).
"""

import numpy as np


def rasterise(
    points_v2: np.ndarray, depth_v: np.ndarray, triangles_f3: np.ndarray, height_px: int, width_px: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which triangle each pixel centre shows, and where in it.

    Pixel (row, column) has its centre at x = column, y = row. A pixel on an edge belongs to both triangles,
    so neighbours leave no hole; the one drawn later wins. Triangles are drawn far to near (painter's order
    by mean depth), either winding. `depth_v`: larger is nearer.

    Returns:
        triangle_hw int32, -1 where nothing is drawn, and barycentric_hw3 float32 (sums to 1; 0 where
        nothing is).
    """
    triangle_hw = np.full(height_px * width_px, -1, np.int32)
    barycentric_hw3 = np.zeros((height_px * width_px, 3), np.float32)

    corner_f32 = np.asarray(points_v2, np.float64)[triangles_f3]
    first_f2 = np.maximum(np.ceil(np.nan_to_num(corner_f32.min(axis=1), nan=0.0) - 1e-6), 0).astype(np.int64)
    last_f2 = np.floor(np.nan_to_num(corner_f32.max(axis=1), nan=-1.0) + 1e-6)
    last_f2 = np.minimum(last_f2, [width_px - 1, height_px - 1]).astype(np.int64)
    size_f2 = np.maximum(last_f2 - first_f2 + 1, 0)

    (ax, ay), (bx, by), (cx, cy) = (corner_f32[:, i].T for i in range(3))
    area_f = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    num_f = np.where(np.abs(area_f) > 1e-9, size_f2.prod(axis=1), 0)
    order_f = np.argsort(np.asarray(depth_v)[triangles_f3].mean(axis=1), kind="stable")
    order_f = order_f[num_f[order_f] > 0]
    num_f = num_f[order_f]
    if not len(order_f):
        return triangle_hw.reshape(height_px, width_px), barycentric_hw3.reshape(height_px, width_px, 3)

    # One flat list of every pixel of every bounding box, far triangles first.
    owner_n = np.repeat(order_f, num_f)
    within_n = np.arange(len(owner_n)) - np.repeat(np.cumsum(num_f) - num_f, num_f)
    dy_n, dx_n = np.divmod(within_n, size_f2[owner_n, 0])
    x_n, y_n = first_f2[owner_n, 0] + dx_n, first_f2[owner_n, 1] + dy_n

    # Barycentric coordinates are affine in the pixel: weight = at_origin + by_x x + by_y y.
    b_f3 = (
        np.stack([cy - ay, -(cx - ax), -(cy - ay) * ax + (cx - ax) * ay], axis=1)
        / np.where(area_f, area_f, 1)[:, None]
    )
    c_f3 = (
        np.stack([-(by - ay), bx - ax, (by - ay) * ax - (bx - ax) * ay], axis=1)
        / np.where(area_f, area_f, 1)[:, None]
    )
    b_n = b_f3[owner_n, 0] * x_n + b_f3[owner_n, 1] * y_n + b_f3[owner_n, 2]
    c_n = c_f3[owner_n, 0] * x_n + c_f3[owner_n, 1] * y_n + c_f3[owner_n, 2]
    inside_n = (b_n >= -1e-7) & (c_n >= -1e-7) & (b_n + c_n <= 1 + 1e-7)

    pixel_n = (y_n * width_px + x_n)[inside_n]
    b_n, c_n = b_n[inside_n], c_n[inside_n]
    # NumPy assigns repeated indices in order, so the nearest triangle is the one that stays.
    slot_hw = np.full(height_px * width_px, -1, np.int64)
    slot_hw[pixel_n] = np.arange(len(pixel_n))
    seen = slot_hw >= 0
    kept = slot_hw[seen]
    triangle_hw[seen] = owner_n[inside_n][kept]
    b_k, c_k = np.clip(b_n[kept], 0, 1), np.clip(c_n[kept], 0, 1)
    barycentric_hw3[seen] = np.stack([1 - b_k - c_k, b_k, c_k], axis=1)
    return triangle_hw.reshape(height_px, width_px), barycentric_hw3.reshape(height_px, width_px, 3)
