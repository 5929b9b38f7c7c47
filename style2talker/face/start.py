"""Where a fit starts: the expected expression, and the pose that suits it.

Shapes: T frames, L landmarks, K expression coefficients, P pose numbers (6). Unit cm of the model, y up.
"""

import numpy as np

from style2talker.face.energy import State
from style2talker.face.geometry import rotation_angles
from style2talker.face.shapes import Shapes

EVERY = 7  # of the landmarks: a start needs no more
NUM_STEPS = 3
OUTLIER_CM = 0.15


def first_pose(points_t3l: np.ndarray, prior_tk: np.ndarray, shapes: Shapes) -> tuple[np.ndarray, np.ndarray]:
    """(pitch, yaw, roll, x and y shift in px, px per cm [T, 6]; median residual in cm [T]).

    Of the average person with the expected expression. Orthogonal Procrustes (Umeyama 1991) on all three
    coordinates, then Gauss-Newton on the picture alone, because the tracker's depth is biased.

    Args:
        points_t3l: x and y px, y up; z px towards the viewer.
    """
    expression_tk = np.clip(prior_tk, shapes.low, shapes.high)
    shape_ta = expression_tk @ shapes.flat_na[: shapes.num_modes].astype(np.float64)
    shape_t3l = shape_ta.reshape(len(shape_ta), 3, -1) + shapes.mean_3l
    # Every so many heights, so that both sides of a symmetric face are taken alike.
    _, height_l = np.unique(shapes.mean_3l[1], return_inverse=True)
    taken = height_l % EVERY == 0
    points_t3l, shape_t3l = points_t3l[..., taken], shape_t3l[..., taken]
    weight_l = shapes.weight_l[taken].astype(np.float64)
    rotation_t33, scale_t, shift_t2 = _procrustes(points_t3l, shape_t3l, weight_l / weight_l.sum())
    for _ in range(NUM_STEPS):
        turned_t3l = rotation_t33 @ shape_t3l
        residual_t2l = (points_t3l[:, :2] - shift_t2[..., None]) / scale_t[:, None, None] - turned_t3l[:, :2]
        length_t1l = np.linalg.norm(residual_t2l, axis=1, keepdims=True)
        residual_t2l *= np.minimum(1, OUTLIER_CM / np.maximum(length_t1l, 1e-9))
        x_tl, y_tl, z_tl = np.moveaxis(turned_t3l, 1, 0)
        one_tl, zero_tl = np.ones_like(x_tl), np.zeros_like(x_tl)
        # Columns: shift, log scale, a small turn w in the camera's frame with d(R X) = w x (R X).
        jacobian_t26l = np.stack(
            [
                np.stack([one_tl, zero_tl, x_tl, zero_tl, z_tl, -y_tl], axis=1),
                np.stack([zero_tl, one_tl, y_tl, -z_tl, zero_tl, x_tl], axis=1),
            ],
            axis=1,
        )
        weighted_t26l = jacobian_t26l * weight_l
        normal_t66 = (weighted_t26l @ np.swapaxes(jacobian_t26l, 2, 3)).sum(axis=1)
        pull_t61 = (weighted_t26l @ residual_t2l[..., None]).sum(axis=1)
        step_t6 = np.linalg.solve(normal_t66, pull_t61)[..., 0]
        shift_t2 = shift_t2 + scale_t[:, None] * step_t6[:, :2]
        scale_t = scale_t * np.exp(np.clip(step_t6[:, 2], -0.5, 0.5))
        rotation_t33 = _small_rotation(step_t6[:, 3:]) @ rotation_t33
    away_t2l = (points_t3l[:, :2] - shift_t2[..., None]) / scale_t[:, None, None]
    away_t2l -= (rotation_t33 @ shape_t3l)[:, :2]
    pose_tp = np.concatenate([rotation_angles(rotation_t33), shift_t2, scale_t[:, None]], axis=1)
    return pose_tp, np.median(np.linalg.norm(away_t2l, axis=1), axis=1)


def first_state(pose_tp: np.ndarray, prior_tk: np.ndarray, shapes: Shapes) -> tuple[State, float]:
    """The state at the expected expression and the pose of `first_pose`, and the clip's px per cm."""
    px_per_cm = float(np.median(pose_tp[:, 5]))
    # Angles of neighbouring frames may lie on both sides of a turn.
    middle_3 = np.median(pose_tp[:, :3], axis=0)
    angle_t3 = middle_3 + wrapped(pose_tp[:, :3] - middle_3)
    log_scale_t1 = np.log(pose_tp[:, 5:] / px_per_cm)
    pose_tp = np.concatenate([angle_t3, pose_tp[:, 3:5] / px_per_cm, log_scale_t1], axis=1)
    dtype = shapes.mean_3l.dtype
    expression_tk = np.clip(prior_tk, shapes.low, shapes.high).astype(dtype)
    return State(expression_tk, pose_tp.astype(dtype), np.zeros(shapes.num_clip, dtype)), px_per_cm


def carried(start: State, solved: State, key: np.ndarray) -> State:
    """All frames' start, moved as the key frames around each were moved."""
    grid_t = np.arange(len(start.pose_tp))

    def moved(all_tn: np.ndarray, key_tn: np.ndarray) -> np.ndarray:
        change_kn = key_tn - all_tn[key]
        between = [np.interp(grid_t, key, column) for column in change_kn.T]
        return all_tn + np.stack(between, axis=1).astype(all_tn.dtype)

    return State(
        moved(start.expression_tk, solved.expression_tk), moved(start.pose_tp, solved.pose_tp), solved.clip_c
    )


def wrapped(angle: np.ndarray) -> np.ndarray:
    """Angles in rad within half a turn."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def _procrustes(
    points_t3l: np.ndarray, shape_t3l: np.ndarray, weight_l: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotation, scale and shift in the picture that best bring the shape onto the points."""
    to_t3, from_t3 = points_t3l @ weight_l, shape_t3l @ weight_l
    target_t3l, source_t3l = points_t3l - to_t3[..., None], (shape_t3l - from_t3[..., None]) * weight_l
    u, singular_t3, vt = np.linalg.svd(target_t3l @ np.swapaxes(source_t3l, 1, 2))
    sign_t3 = np.ones_like(singular_t3)
    sign_t3[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation_t33 = (u * sign_t3[:, None]) @ vt
    spread_t = (source_t3l * (shape_t3l - from_t3[..., None])).sum(axis=(1, 2))
    scale_t = (singular_t3 * sign_t3).sum(axis=1) / spread_t
    shift_t2 = to_t3[:, :2] - scale_t[:, None] * (rotation_t33[:, :2] @ from_t3[..., None])[..., 0]
    return rotation_t33, scale_t, shift_t2


def _small_rotation(vector_t3: np.ndarray) -> np.ndarray:
    """Rotation matrices [T, 3, 3] of rotation vectors in rad (Rodrigues)."""
    angle_t11 = np.linalg.norm(vector_t3, axis=1)[:, None, None]
    x, y, z = (vector_t3 / np.maximum(angle_t11[:, 0], 1e-12)).T
    zero = np.zeros_like(x)
    cross_t33 = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    return np.eye(3) + np.sin(angle_t11) * cross_t33 + (1 - np.cos(angle_t11)) * cross_t33 @ cross_t33
