"""The nearest place on a triangle mesh.

Shapes: N points, V vertices, F triangles, C candidate triangles of a point.
"""

import numpy as np
from scipy.spatial import KDTree

NUM_CANDIDATES = 32  # triangles looked at per point; enough where triangles are of similar size


def triangle_normals(vertices_v3: np.ndarray, triangles_f3: np.ndarray) -> np.ndarray:
    """Unit normals [F, 3]; zero where a triangle has no area."""
    a_f3, b_f3, c_f3 = (vertices_v3[triangles_f3[:, corner]] for corner in range(3))
    normal_f3 = np.cross(b_f3 - a_f3, c_f3 - a_f3)
    return normal_f3 / np.maximum(np.linalg.norm(normal_f3, axis=1, keepdims=True), 1e-12)


def vertex_normals(vertices_v3: np.ndarray, triangles_f3: np.ndarray) -> np.ndarray:
    """Unit normals [V, 3], the mean of the triangles around each vertex; zero where there is none."""
    normal_f3 = triangle_normals(vertices_v3, triangles_f3)
    normal_v3 = np.zeros_like(vertices_v3)
    for corner in range(3):
        np.add.at(normal_v3, triangles_f3[:, corner], normal_f3)
    return normal_v3 / np.maximum(np.linalg.norm(normal_v3, axis=1, keepdims=True), 1e-12)


def nearest_on_mesh(
    points_n3: np.ndarray,
    vertices_v3: np.ndarray,
    triangles_f3: np.ndarray,
    *,
    normals_n3: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(corner vertices int [N, 3], weights [N, 3] that sum to 1, distance [N]) of the nearest surface point.

    With `normals_n3`, only triangles that face the same way as the point count, so that a lip does not stick
    to the other one; the distance is infinite where no triangle nearby does.
    """
    corner_f33 = np.asarray(vertices_v3, np.float64)[triangles_f3]
    count = min(NUM_CANDIDATES, len(triangles_f3))
    _, near_nc = KDTree(corner_f33.mean(axis=1)).query(points_n3, k=count)
    near_nc = np.asarray(near_nc).reshape(len(points_n3), count)
    weights_nc3 = _nearest_weights(points_n3[:, None], corner_f33[near_nc])
    place_nc3 = np.einsum("ncw,ncwx->ncx", weights_nc3, corner_f33[near_nc])
    distance_nc = np.linalg.norm(place_nc3 - points_n3[:, None], axis=2)
    if normals_n3 is not None:
        facing_nc = np.einsum("ncx,nx->nc", triangle_normals(vertices_v3, triangles_f3)[near_nc], normals_n3)
        distance_nc = np.where(facing_nc > 0.3, distance_nc, np.inf)
    best_n = distance_nc.argmin(axis=1)
    every = np.arange(len(points_n3))
    triangle_n = near_nc[every, best_n]
    return triangles_f3[triangle_n], weights_nc3[every, best_n], distance_nc[every, best_n]


def _nearest_weights(points_n13: np.ndarray, corner_nc33: np.ndarray) -> np.ndarray:
    """Barycentric weights [N, C, 3] of the point of each triangle that is nearest to its point."""
    a, b, c = (corner_nc33[:, :, corner] for corner in range(3))
    best_weights = _inside_weights(points_n13, a, b, c)
    best_distance = np.where(
        (best_weights >= 0).all(axis=2), _distance(points_n13, corner_nc33, best_weights), np.inf
    )
    # Outside, the nearest point lies on one of the three edges.
    for first, second in ((0, 1), (1, 2), (2, 0)):
        start, edge = corner_nc33[:, :, first], corner_nc33[:, :, second] - corner_nc33[:, :, first]
        along = ((points_n13 - start) * edge).sum(axis=2) / np.maximum((edge**2).sum(axis=2), 1e-18)
        along = np.clip(along, 0, 1)
        weights = np.zeros_like(best_weights)
        weights[..., first], weights[..., second] = 1 - along, along
        distance = _distance(points_n13, corner_nc33, weights)
        better = distance < best_distance
        best_weights = np.where(better[..., None], weights, best_weights)
        best_distance = np.where(better, distance, best_distance)
    return best_weights


def _inside_weights(point: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Barycentric weights of the foot of the perpendicular; negative outside the triangle."""
    ab, ac, ap = b - a, c - a, point - a
    d00, d01, d11 = (ab**2).sum(-1), (ab * ac).sum(-1), (ac**2).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    area = np.maximum(d00 * d11 - d01**2, 1e-18)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    return np.stack([1 - v - w, v, w], axis=-1)


def _distance(points_n13: np.ndarray, corner_nc33: np.ndarray, weights_nc3: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.einsum("ncw,ncwx->ncx", weights_nc3, corner_nc33) - points_n13, axis=2)
