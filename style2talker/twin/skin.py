"""A face mesh made ready to be drawn: its holes, its rim, and where its vertices lie in the photograph.

Shape suffixes: v vertices of the face model, n vertices drawn, f triangles, p points of a loop, 2 px, 3 cm.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A hole in the skin: vertices of its upper and its lower rim, both from left to right in the picture."""

    upper: np.ndarray
    lower: np.ndarray

    @property
    def triangles_f3(self) -> np.ndarray:
        """Triangles that span the hole; they face forwards as long as upper is above lower."""
        above, below, triangles = self.upper.tolist(), self.lower.tolist(), []
        while len(above) > 1 or len(below) > 1:
            # go on along the rim of which more is left
            if len(above) * len(self.lower) >= len(below) * len(self.upper) and len(above) > 1:
                triangles.append((above.pop(0), below[0], above[0]))
            else:
                triangles.append((above[0], below.pop(0), below[0]))
        return np.array([corners for corners in triangles if len(set(corners)) == 3])


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """A face mesh.

    Attributes:
        weights_nv: drawn vertices from the model's; None where they are the model's own.
        triangles_f3: skin without openings, corners counter-clockwise seen from outside.
        photo_n2: where each vertex lies in the photograph, px.
        eyes: the subject's right eye, then the left. mouth: the inner rims of the lips.
        outline: the rim of a mask-like face, from its top on to the picture's right; empty for a whole head.
    """

    weights_nv: np.ndarray | None
    triangles_f3: np.ndarray
    photo_n2: np.ndarray
    eyes: tuple[Opening, Opening]
    mouth: Opening
    outline: np.ndarray

    def drawn(self, vertices_v3: np.ndarray) -> np.ndarray:
        """Vertices [N, 3] that are drawn."""
        return vertices_v3 if self.weights_nv is None else self.weights_nv @ vertices_v3


def rim_loops(triangles_f3: np.ndarray) -> list[np.ndarray]:
    """The closed loops of vertices along the edges that only one triangle has."""
    sides = triangles_f3[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    count = Counter(map(tuple, np.sort(sides, axis=1).tolist()))
    following = {a: b for a, b in sides.tolist() if count[min(a, b), max(a, b)] == 1}
    loops = []
    while following:
        loop = [next(iter(following))]
        while (after := following.pop(loop[-1])) != loop[0]:
            loop.append(after)
        loops.append(np.array(loop))
    return loops


def holes(triangles_f3: np.ndarray, vertices_v3: np.ndarray) -> tuple[Opening, Opening, Opening]:
    """Right eye, left eye and mouth of a head: its three smallest loops, each cut at its outermost points."""
    loops = sorted(rim_loops(triangles_f3), key=len)[:3]
    mouth, *eyes = sorted(loops, key=lambda loop_p: vertices_v3[loop_p, 1].mean())
    right, left = sorted(eyes, key=lambda loop_p: vertices_v3[loop_p, 0].mean())
    return _cut(right, vertices_v3), _cut(left, vertices_v3), _cut(mouth, vertices_v3)


def _cut(loop_p: np.ndarray, vertices_v3: np.ndarray) -> Opening:
    loop_p = np.roll(loop_p, -int(vertices_v3[loop_p, 0].argmin()))
    far = int(vertices_v3[loop_p, 0].argmax())
    halves = loop_p[: far + 1], np.append(loop_p[far:], loop_p[0])[::-1]
    lower, upper = sorted(halves, key=lambda half_p: vertices_v3[half_p, 1].mean())
    return Opening(upper=upper, lower=lower)
