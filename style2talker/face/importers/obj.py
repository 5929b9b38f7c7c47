"""Wavefront OBJ: vertices and polygons, which is all that face models keep in it."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from style2talker.errors import UserError


def read_vertices(path: Path) -> np.ndarray:
    """The `v` lines [V, 3] float32, in order. Raises `UserError` when there is none or one is no triple."""
    lines = [line[2:] for line in path.read_bytes().splitlines() if line.startswith(b"v ")]
    try:
        numbers = np.array(b" ".join(lines).split(), np.float64)
    except ValueError as error:
        raise UserError(f"{path} is not an OBJ file of numbers ({error}); fetch it again.") from error
    if not lines or numbers.size != 3 * len(lines):
        raise UserError(f"{path} has {len(lines)} vertices of {numbers.size} numbers, expected three each.")
    return numbers.reshape(-1, 3).astype(np.float32)


def read_triangles(path: Path) -> np.ndarray:
    """The `f` lines as triangles int64 [F, 3] from 0; a polygon becomes a fan around its first corner."""
    triangles = []
    for line in path.read_bytes().splitlines():
        if line.startswith(b"f "):
            try:
                corners = [int(word.split(b"/", 1)[0]) - 1 for word in line.split()[1:]]
            except ValueError as error:
                raise UserError(f"{path} has the face {line!r}, expected indices; fetch it again.") from error
            triangles += [(corners[0], *pair) for pair in pairwise(corners[1:])]
    return np.array(triangles, np.int64).reshape(-1, 3)
