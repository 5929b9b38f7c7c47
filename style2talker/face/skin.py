"""Spread a few handle displacements smoothly over the skin of the canonical mesh.

Shapes: V vertices (478), C channels, n fixed vertices. Unit cm.
"""

import numpy as np

from style2talker.face.canonical import open_triangles

Handles = dict[int, tuple[float, float, float]]
NUM_SKIN = 468


class SkinFill:
    """Spreads handle displacements over the canonical skin."""

    def __init__(self, vertices_v3: np.ndarray, triangles_f3: np.ndarray, mirror_v: np.ndarray) -> None:
        self.vertices_v3, self.mirror_v = vertices_v3, mirror_v
        skin_f3 = triangles_f3[open_triangles(triangles_f3)]
        weight_vv = np.zeros((NUM_SKIN, NUM_SKIN))
        for first, second in ((0, 1), (1, 2), (2, 0)):
            a, b = skin_f3[:, first], skin_f3[:, second]
            weight_vv[a, b] = weight_vv[b, a] = 1 / np.linalg.norm(vertices_v3[a] - vertices_v3[b], axis=1)
        laplacian_vv = np.eye(NUM_SKIN) - weight_vv / weight_vv.sum(axis=1, keepdims=True)
        self.bending_vv = laplacian_vv.T @ laplacian_vv

    def solve(self, fixed: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Values [V, C] that equal `value` [n, C] at `fixed` [n] and bend least elsewhere."""
        free = np.setdiff1d(np.arange(NUM_SKIN), fixed)
        result = np.zeros((NUM_SKIN, value.shape[1]))
        result[fixed] = value
        right = -self.bending_vv[np.ix_(free, fixed)] @ value
        result[free] = np.linalg.solve(self.bending_vv[np.ix_(free, free)], right)
        return result

    def field(self, handles: Handles, *, radius: float) -> np.ndarray:
        """Displacement [V, 3] of all 478 vertices; irises move only when they are handles themselves."""
        result_v3 = np.zeros((len(self.vertices_v3), 3))
        skin = np.array(sorted(index for index in handles if index < NUM_SKIN))
        goal = np.array([handles[index] for index in skin])
        distance = np.linalg.norm(self.vertices_v3[:NUM_SKIN, None] - self.vertices_v3[skin], axis=-1).min(
            axis=1
        )
        still = np.flatnonzero(distance > radius)
        fixed = np.concatenate([skin, still])
        result_v3[:NUM_SKIN] = self.solve(fixed, np.concatenate([goal, np.zeros((len(still), 3))]))
        for iris in range(NUM_SKIN, len(self.vertices_v3)):
            result_v3[iris] = handles.get(iris, (0, 0, 0))
        return result_v3

    def both_sides(self, handles: Handles, *, radius: float) -> np.ndarray:
        """A symmetric field [V, 3] from handles on the left and the middle."""
        mirrored = {int(self.mirror_v[i]): (-x, y, z) for i, (x, y, z) in handles.items()}
        field_v3 = self.field({**mirrored, **handles}, radius=radius)
        return (field_v3 + self.mirror(field_v3)) / 2

    def mirror(self, field_v3: np.ndarray) -> np.ndarray:
        return field_v3[..., self.mirror_v, :] * np.array([-1, 1, 1])
