"""A z-buffered triangle rasteriser in torch: many frames' meshes at once, on a CPU or a GPU.

Shapes: B frames, V points, F triangles, H W picture, G pairs of frame and triangle that may show something, N
pixels of these pairs' bounding boxes, D pixels that a triangle covers.

The rules are those of face/raster.py, which draws one picture on one core and is the faster one there. Here
every triangle asks every pixel of its bounding box, and the nearest is kept with two scattered maxima, which
give the same result in whatever order a GPU takes them.
"""

from itertools import pairwise

import torch

EDGE_PX = 1e-6  # a pixel centre this close outside still counts, so that neighbours leave no hole
EDGE_WEIGHT = 1e-7
SMALLEST_AREA = 1e-9  # twice the area, px squared
MOST_PIXELS = 200_000  # of bounding boxes at a time: about 30 MB, and a CPU's cache is no larger


def rasterise_batched(
    points_bv2: torch.Tensor,
    depth_bv: torch.Tensor,
    triangles_f3: torch.Tensor,
    height_px: int,
    width_px: int,
    *,
    front_only: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Which triangle each pixel centre shows, and where in it, for each frame.

    Pixel (row, column) has its centre at x = column, y = row. `depth_bv`: larger is nearer. Of triangles
    equally near the last is seen. Points that are not finite draw nothing.

    Args:
        points_bv2: px, y down. triangles_f3: integer, the same for all frames. All on one device.
        front_only: leave out triangles whose corners run clockwise when y is up.

    Returns:
        triangle_bhw int64, -1 where nothing is drawn, and barycentric_bhw3 float32 (sums to 1; 0 where
        nothing is).
    """
    frames, device = len(points_bv2), points_bv2.device
    corner_bf32 = points_bv2.double()[:, triangles_f3]
    (ax, ay), (bx, by), (cx, cy) = (corner_bf32[:, :, i].unbind(-1) for i in range(3))
    area_bf = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    # Weights are affine in the pixel, weight = across x + down y + at_origin; depth is affine in the weights.
    b_bf3 = torch.stack([cy - ay, ax - cx, (cx - ax) * ay - (cy - ay) * ax], -1) / area_bf[..., None]
    c_bf3 = torch.stack([ay - by, bx - ax, (by - ay) * ax - (bx - ax) * ay], -1) / area_bf[..., None]
    near_bf3 = depth_bv.double()[:, triangles_f3]
    rises_bf2 = near_bf3[..., 1:] - near_bf3[..., :1]

    last_2 = torch.tensor([width_px - 1, height_px - 1], dtype=torch.float64, device=device)
    low_bf2 = (corner_bf32.amin(2) - EDGE_PX).ceil().clamp(min=0).nan_to_num(1)
    high_bf2 = torch.minimum((corner_bf32.amax(2) + EDGE_PX).floor(), last_2).nan_to_num(0)
    sides_bf2 = (high_bf2 - low_bf2 + 1).clamp(min=0)
    shown_bf = (-area_bf if front_only else area_bf.abs()) > SMALLEST_AREA
    num_bf = (sides_bf2.prod(-1) * shown_bf).long()

    frame_g, triangle_g = torch.nonzero(num_bf, as_tuple=True)
    num_g = num_bf[frame_g, triangle_g]
    nearest_p = torch.full((frames * height_px * width_px,), -torch.inf, dtype=torch.float64, device=device)
    triangle_p = torch.full_like(nearest_p, -1, dtype=torch.long)
    for part in _parts(num_g):
        frame_n, face_n = (each_g[part].repeat_interleave(num_g[part]) for each_g in (frame_g, triangle_g))
        at_n = (frame_n, face_n)
        first_g = num_g[part].cumsum(0) - num_g[part]
        within_n = torch.arange(len(face_n), device=device) - first_g.repeat_interleave(num_g[part])
        across_n = sides_bf2[..., 0].long()[at_n]
        x_n = within_n % across_n + low_bf2[..., 0].long()[at_n]
        y_n = within_n // across_n + low_bf2[..., 1].long()[at_n]
        b_n, c_n = (_affine(w_bf3[at_n], x_n, y_n) for w_bf3 in (b_bf3, c_bf3))
        inside_n = torch.minimum(torch.minimum(b_n, c_n), 1 - b_n - c_n) >= -EDGE_WEIGHT
        frame_d, face_d, x_d, y_d, b_d, c_d = (n[inside_n] for n in (frame_n, face_n, x_n, y_n, b_n, c_n))
        rises_d2 = rises_bf2[frame_d, face_d]
        near_d = near_bf3[frame_d, face_d, 0] + rises_d2[:, 0] * b_d + rises_d2[:, 1] * c_d
        pixel_d = (frame_d * height_px + y_d) * width_px + x_d
        before_d = nearest_p[pixel_d]
        nearest_p.scatter_reduce_(0, pixel_d, near_d, "amax")
        nearest_d = nearest_p[pixel_d]
        triangle_p[pixel_d[nearest_d > before_d]] = -1
        wins_d = near_d == nearest_d
        triangle_p.scatter_reduce_(0, pixel_d[wins_d], face_d[wins_d], "amax")

    triangle_bhw = triangle_p.reshape(frames, height_px, width_px)
    barycentric_bhw3 = torch.zeros((*triangle_bhw.shape, 3), device=device)
    seen = torch.nonzero(triangle_bhw >= 0, as_tuple=True)
    at = (seen[0], triangle_bhw[seen])
    b, c = (_affine(w_bf3[at], seen[2], seen[1]).clamp(0, 1) for w_bf3 in (b_bf3, c_bf3))
    barycentric_bhw3[seen] = torch.stack([1 - b - c, b, c], -1).float()
    return triangle_bhw, barycentric_bhw3


def _affine(weight_n3: torch.Tensor, x_n: torch.Tensor, y_n: torch.Tensor) -> torch.Tensor:
    return weight_n3[:, 0] * x_n + weight_n3[:, 1] * y_n + weight_n3[:, 2]


def _parts(num_g: torch.Tensor) -> list[slice]:
    """Runs of pairs with about MOST_PIXELS pixels each."""
    part_g = (num_g.cumsum(0) - 1) // MOST_PIXELS
    edges = [0, *(torch.nonzero(part_g.diff())[:, 0] + 1).tolist(), len(num_g)]
    return [slice(begin, end) for begin, end in pairwise(edges)]
