"""Head pose and the camera.

Shapes: T frames, V vertices. rotation_t3 = (pitch, yaw, roll) in rad, R = Rz(roll) Ry(yaw) Rx(pitch),
right-handed in model space (x picture right, y up, z to the viewer): +pitch turns the nose down, +yaw to
the picture's right, +roll counter-clockwise in the picture. translation_t3 = (x px, y px, px per cm): weak
perspective.
"""

import numpy as np


def rotation_matrix(rotation_t3: np.ndarray) -> np.ndarray:
    """Angles [T, 3] in rad to matrices [T, 3, 3]."""
    pitch_t, yaw_t, roll_t = np.moveaxis(np.asarray(rotation_t3), -1, 0)
    cp, sp, cy, sy = np.cos(pitch_t), np.sin(pitch_t), np.cos(yaw_t), np.sin(yaw_t)
    cr, sr = np.cos(roll_t), np.sin(roll_t)
    rows = [
        [cr * cy, cr * sy * sp - sr * cp, cr * sy * cp + sr * sp],
        [sr * cy, sr * sy * sp + cr * cp, sr * sy * cp - cr * sp],
        [-sy, cy * sp, cy * cp],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def rotation_angles(rotation_t33: np.ndarray) -> np.ndarray:
    """Matrices [T, 3, 3] to angles [T, 3] in rad; inverts `rotation_matrix` for |yaw| below a right angle."""
    r = np.asarray(rotation_t33)
    pitch_t = np.arctan2(r[..., 2, 1], r[..., 2, 2])
    yaw_t = np.arctan2(-r[..., 2, 0], np.hypot(r[..., 2, 1], r[..., 2, 2]))
    roll_t = np.arctan2(r[..., 1, 0], r[..., 0, 0])
    return np.stack([pitch_t, yaw_t, roll_t], axis=-1)


def project(vertices_tv3: np.ndarray, rotation_t3: np.ndarray, translation_t3: np.ndarray) -> np.ndarray:
    """Picture coordinates [T, V, 2] in px (x right, y down): t_xy + s (R X)_xy * (1, -1)."""
    rotation_t23 = rotation_matrix(rotation_t3)[..., :2, :]
    flat_tv2 = np.einsum("...ij,...vj->...vi", rotation_t23, vertices_tv3)
    translation_t13 = np.asarray(translation_t3)[..., None, :]
    return translation_t13[..., :2] + translation_t13[..., 2:] * flat_tv2 * np.array(
        [1.0, -1.0], flat_tv2.dtype
    )


def depth(vertices_tv3: np.ndarray, rotation_t3: np.ndarray) -> np.ndarray:
    """Depth [T, V] in cm towards the viewer after the head's turn: larger is nearer."""
    return np.einsum("...j,...vj->...v", rotation_matrix(rotation_t3)[..., 2, :], vertices_tv3)
