"""Refine a coarse mesh: every edge gets a vertex, placed so that the surface bends least.

Shapes: V vertices, N vertices after refinement, F triangles, B boundary edges.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import splu


@dataclass(frozen=True, slots=True, kw_only=True)
class Refined:
    """A mesh cut finer.

    Attributes:
        weights_nv: float32; vertices_nv3 = weights_nv @ vertices_v3, the first V of them unchanged.
        triangles_f3: int32, four for each that there was, wound the same way.
    """

    weights_nv: np.ndarray
    triangles_f3: np.ndarray
    _middle: dict[tuple[int, int], int]

    def along(self, line: Sequence[int]) -> np.ndarray:
        """The refined vertices along a line of neighbouring vertices, the new ones between the old."""
        between = [self._middle[min(a, b), max(a, b)] for a, b in pairwise(line)]
        return np.array([v for pair in zip(line, [*between, -1], strict=True) for v in pair][:-1])


def refine(triangles_f3: np.ndarray, num_vertices: int, corners: Iterable[int] = ()) -> Refined:
    """Cut every triangle in four.

    The new vertices minimise the squared umbrella operator (Kobbelt et al. 1998) with the old ones held where
    they are, so that known points stay on the surface. Along a rim the operator looks only along the rim:
    rims become smooth curves, except at `corners`, where they may turn. Vertices without a triangle stay.
    """
    edge_e2, owner_f3, _ = _edges(triangles_f3)
    middle_e = num_vertices + np.arange(len(edge_e2))
    a, b, c = triangles_f3.T
    ab, bc, ca = middle_e[owner_f3].T
    fine_f3 = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    operator_nn = _umbrella(fine_f3, num_vertices + len(edge_e2), corners)
    new_nn = operator_nn[:, num_vertices:]
    solve = splu((new_nn.T @ new_nn).tocsc())
    weights_ev = solve.solve(-(new_nn.T @ operator_nn[:, :num_vertices]).toarray())
    weights_nv = np.concatenate([np.eye(num_vertices), weights_ev]).astype(np.float32)
    middle = {(int(first), int(second)): int(e) for (first, second), e in zip(edge_e2, middle_e, strict=True)}
    return Refined(weights_nv=weights_nv, triangles_f3=fine_f3.astype(np.int32), _middle=middle)


def _edges(triangles_f3: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(edges [E, 2], which edge each side of a triangle is [F, 3], triangles per edge [E])."""
    sides = np.sort(triangles_f3[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    edge_e2, owner, count_e = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    return edge_e2, owner.reshape(-1, 3), count_e


def _umbrella(triangles_f3: np.ndarray, num_vertices: int, corners: Iterable[int]) -> csr_matrix:
    """Each vertex minus the mean of its neighbours; on a rim, of its neighbours on the rim."""
    edge_e2, _, count_e = _edges(triangles_f3)
    rim_e = count_e == 1
    on_rim_n = np.zeros(num_vertices, bool)
    on_rim_n[edge_e2[rim_e]] = True
    first, second = np.concatenate([edge_e2, edge_e2[:, ::-1]]).T
    along = np.tile(rim_e, 2)
    kept = along | ~on_rim_n[first]
    near_nn = csr_matrix((np.ones(kept.sum()), (first[kept], second[kept])), (num_vertices,) * 2)
    degree_n = np.asarray(near_nn.sum(1)).ravel()
    asks_n = (degree_n > 0).astype(float)
    asks_n[list(corners)] = 0
    scale = csr_matrix((asks_n / np.maximum(degree_n, 1), (np.arange(num_vertices),) * 2))
    held = csr_matrix((asks_n, (np.arange(num_vertices),) * 2))
    return csr_matrix(held - scale @ near_nn)
