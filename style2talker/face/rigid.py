"""The seven ways in which a shape moves without changing.

Shapes: V vertices. Unit cm.
"""

import numpy as np


def pose_fields(vertices_v3: np.ndarray) -> np.ndarray:
    """How vertices move under three shifts, three turns and growth, [7, V, 3]."""
    centred_v3 = vertices_v3 - vertices_v3.mean(axis=0)
    shifts = [np.broadcast_to(axis, vertices_v3.shape) for axis in np.eye(3)]
    return np.stack([*shifts, *(np.cross(axis, centred_v3) for axis in np.eye(3)), centred_v3])
