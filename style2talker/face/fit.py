"""Fit a face model to the tracked landmarks of one clip.

Shapes: T frames, L landmarks = V vertices (478), K coefficients. Crop pixels, radians and the model's cm.

Weak perspective u = t + s (R X)_xy (1, -1) with X = mean + identity + expression, fitted by alternating three
closed-form steps over all frames at once: Gauss-Newton on the six pose numbers, expression as a ridge
towards the tracker's blendshape scores inside [0, 1] (cyclic coordinate descent), identity as a ridge with
a unit-variance prior. Because the camera is s R_2 per frame, the K x K normal matrices are sums over nine
fixed ones, so no step needs a matrix per frame and vertex. Outlying residuals are clipped, which is Huber's
loss by his method of modified residuals (Huber 1981, section 7.8) and keeps those matrices fixed.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import savgol_filter

from style2talker.errors import Reject, UserError
from style2talker.face.basis import Basis, pose_fields
from style2talker.face.canonical import OVAL
from style2talker.face.geometry import project, rotation_angles
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS, FaceModel

NUM_ROUNDS = 5
NUM_SWEEPS = 3
LANDMARK_SIGMA_CM = (0.04, 0.3)  # bounds on what the clip's own residuals say the landmarks' error is
NEIGHBOURS = 30  # landmarks that move as one; divides the evidence of 478 correlated points
PRIOR_SIGMA = 0.25  # how far the tracker's blendshape scores are trusted
IDENTITY_FRAMES = 4.0  # a clip's frames count as this many independent views of one person
CLIP_RESIDUAL = 3.0  # residuals beyond this many median residuals are outliers
POSE_WINDOW = 5  # frames of the quadratic filter on pose, 0.2 s
EYE_CORNERS = ((33, 133), (362, 263))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One clip's coefficients, float32. Frames without a face are interpolated and have `error_t` NaN.

    `error_t`: mean distance of all 478 landmarks from the projected vertices, divided by the distance in the
    picture between the midpoints of the two eyes (each midpoint halfway between the eye's corners).
    """

    identity_k: np.ndarray
    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    translation_t3: np.ndarray
    error_t: np.ndarray


def fit_clip(
    landmarks_tl3: np.ndarray, *, blendshapes_tk: np.ndarray, model: FaceModel, face_found_t: np.ndarray
) -> Fit:
    """Identity of the clip, and expression and pose of each frame.

    Args:
        landmarks_tl3: [T, 478, 3] crop px, y down; z in px, smaller is nearer (used to start the pose only).
        blendshapes_tk: [T, 52] scores in the order of EXPRESSION_NAMES, the prior of the expression.
        face_found_t: bool [T]; other rows of the first two are ignored.

    Raises `UserError` for arrays that do not fit together or a picture upside down or mirrored, and
    `Reject("no_face")` when no frame has a face.
    """
    landmarks_tl3 = np.asarray(landmarks_tl3, np.float64)
    found_t = np.asarray(face_found_t, bool)
    _check(landmarks_tl3, np.asarray(blendshapes_tk), found_t)
    seen = np.flatnonzero(found_t)
    solver = _Solver(model, landmarks_tl3[seen], np.clip(np.asarray(blendshapes_tk, np.float64)[seen], 0, 1))
    for _ in range(NUM_ROUNDS):
        solver.step_pose()
        solver.step_identity()
        solver.step_expression()
    solver.smooth(seen)
    solver.step_expression()

    coefficients_tn = np.concatenate(
        [solver.expression_tk, solver.rotation_t3, solver.translation_t3], axis=1
    )
    num_modes = coefficients_tn.shape[1] - 6
    # Angles of neighbouring frames may lie on both sides of a turn.
    coefficients_tn[:, num_modes : num_modes + 3] = np.unwrap(
        coefficients_tn[:, num_modes : num_modes + 3], axis=0
    )
    grid_t = np.arange(len(found_t))
    filled_tn = np.stack([np.interp(grid_t, seen, column) for column in coefficients_tn.T], axis=1)
    filled_tn = filled_tn.astype(np.float32)
    error_t = np.full(len(found_t), np.nan, np.float32)
    error_t[seen] = solver.error()
    return Fit(
        identity_k=solver.identity_k.astype(np.float32),
        expression_tk=filled_tn[:, :num_modes],
        rotation_t3=filled_tn[:, num_modes : num_modes + 3],
        translation_t3=filled_tn[:, num_modes + 3 :],
        error_t=error_t,
    )


def interocular_px(landmarks_tl3: np.ndarray) -> np.ndarray:
    """Distance [T] in the picture between the midpoints of the two eyes' corners."""
    right_t2, left_t2 = (landmarks_tl3[:, list(pair), :2].mean(axis=1) for pair in EYE_CORNERS)
    return np.linalg.norm(left_t2 - right_t2, axis=1)


def _check(landmarks_tl3: np.ndarray, blendshapes_tk: np.ndarray, found_t: np.ndarray) -> None:
    frames = len(found_t)
    expected = (frames, NUM_LANDMARKS, 3), (frames, len(EXPRESSION_NAMES))
    if (landmarks_tl3.shape, blendshapes_tk.shape) != expected:
        raise UserError(
            f"landmarks {landmarks_tl3.shape} and blendshapes {blendshapes_tk.shape} do not fit {frames} "
            f"frames; expected {expected[0]} and {expected[1]}."
        )
    if not found_t.any():
        raise Reject("no_face", f"none of {frames} frames has a face to fit")
    if not (np.isfinite(landmarks_tl3[found_t]).all() and np.isfinite(blendshapes_tk[found_t]).all()):
        raise UserError(
            "landmarks or blendshapes hold NaN in a frame whose face_found is True; mark it False."
        )
    right_t2, left_t2 = (landmarks_tl3[found_t][:, list(pair), :2].mean(axis=1) for pair in EYE_CORNERS)
    across_t2, down_t2 = left_t2 - right_t2, landmarks_tl3[found_t][:, 152, :2] - right_t2
    turn_t = across_t2[:, 0] * down_t2[:, 1] - across_t2[:, 1] * down_t2[:, 0]
    if np.median(np.sign(turn_t)) < 0:
        raise UserError(
            "the landmarks are mirrored: the chin is not below the eyes in image coordinates; expected x "
            "to the right and y down, with the subject's right eye first."
        )


class _Solver:
    """The state of one fit: u_tv2 has y up; every residual is measured in cm of the model."""

    def __init__(self, model: FaceModel, landmarks_tl3: np.ndarray, prior_tk: np.ndarray) -> None:
        self.prior_tk = prior_tk
        self.landmarks_tl3 = landmarks_tl3
        self.u_tv2 = landmarks_tl3[..., :2] * [1.0, -1.0]
        self.expression_tk = prior_tk.copy()
        self.identity_k = np.zeros(len(model.identity_kv3))
        self.mean_v3 = model.mean_v3.astype(np.float64)
        self.identity_kv3 = model.identity_kv3.astype(np.float64)
        self.expression_kn = model.expression_kv3.astype(np.float64).reshape(len(model.expression_kv3), -1)
        # The oval's landmarks slide along the silhouette as the head turns, so they say less about shape.
        self.weight_v = np.ones(NUM_LANDMARKS)
        self.weight_v[list(OVAL)] = 0.3
        pose_kv3 = pose_fields(self.mean_v3)
        self.expression = Basis(model.expression_kv3, pose_kv3, self.weight_v)
        self.identity = Basis(model.identity_kv3, pose_kv3, self.weight_v)
        self._start_pose()

    def shape(self) -> np.ndarray:
        neutral_v3 = self.mean_v3 + np.tensordot(self.identity_k, self.identity_kv3, axes=1)
        return neutral_v3 + (self.expression_tk @ self.expression_kn).reshape(-1, NUM_LANDMARKS, 3)

    def _start_pose(self) -> None:
        """Orthogonal Procrustes (Umeyama 1991) on the tracker's three coordinates."""
        w_v1 = self.weight_v[:, None] / self.weight_v.sum()
        target_tv3 = self.landmarks_tl3 * [1, -1, -1]
        source_tv3 = self.shape()
        target_tv3 = target_tv3 - (w_v1 * target_tv3).sum(axis=1, keepdims=True)
        centre_t13 = (w_v1 * source_tv3).sum(axis=1, keepdims=True)
        source_tv3 = source_tv3 - centre_t13
        u, singular, vt = np.linalg.svd(np.swapaxes(target_tv3 * w_v1, 1, 2) @ source_tv3)
        sign_t3 = np.ones((len(u), 3))
        sign_t3[:, 2] = np.sign(np.linalg.det(u @ vt))
        self.r_t33 = (u * sign_t3[:, None]) @ vt
        self.scale_t = (singular * sign_t3).sum(axis=1) / (w_v1 * source_tv3**2).sum(axis=(1, 2))
        turned_t2 = np.einsum("tij,tj->ti", self.r_t33[:, :2], centre_t13[:, 0])
        self.shift_t2 = (w_v1 * self.u_tv2).sum(axis=1) - self.scale_t[:, None] * turned_t2

    def step_pose(self) -> None:
        """One Gauss-Newton step on shift, log scale and a small rotation w: d(R X) = w x (R X)."""
        turned_tv3 = self.shape() @ np.swapaxes(self.r_t33, 1, 2)
        x_tv, y_tv, z_tv = np.moveaxis(turned_tv3, 2, 0)
        one, zero = np.ones_like(x_tv), np.zeros_like(x_tv)
        jacobian = np.concatenate(
            [
                np.stack([one, zero, x_tv, zero, z_tv, -y_tv], axis=2),
                np.stack([zero, one, y_tv, -z_tv, zero, x_tv], axis=2),
            ],
            axis=1,
        )
        residual_tn1 = np.moveaxis(_clipped(self._residual()), 2, 1).reshape(len(x_tv), -1, 1)
        weighted = np.swapaxes(jacobian * np.tile(self.weight_v, 2)[:, None], 1, 2)
        normal_t66, pull_t61 = weighted @ jacobian, weighted @ residual_tn1
        step_t6 = np.linalg.solve(normal_t66, pull_t61)[..., 0]
        self.shift_t2 = self.shift_t2 + self.scale_t[:, None] * step_t6[:, :2]
        self.scale_t = self.scale_t * np.exp(np.clip(step_t6[:, 2], -0.5, 0.5))
        self.r_t33 = _small_rotation(step_t6[:, 3:]) @ self.r_t33

    def _residual(self) -> np.ndarray:
        turned_tv2 = self.shape() @ np.swapaxes(self.r_t33[:, :2], 1, 2)
        return (self.u_tv2 - self.shift_t2[:, None]) / self.scale_t[:, None, None] - turned_tv2

    def evidence(self) -> float:
        """Precision of one landmark in 1/cm^2, from the residuals the present fit leaves."""
        sigma_cm = (
            np.median(np.linalg.norm(self._residual(), axis=2)) / 1.177
        )  # median of a 2D Gaussian's length
        return 1 / (NEIGHBOURS * np.clip(sigma_cm, *LANDMARK_SIGMA_CM) ** 2)

    def _pull_back(self) -> np.ndarray:
        """Clipped residual turned into the model's frame, R_2^T r, [T, 3V] in cm."""
        clipped_tv2 = _clipped(self._residual())
        return (clipped_tv2 @ self.r_t33[:, :2]).reshape(len(clipped_tv2), -1)

    def step_identity(self) -> None:
        per_frame = self.evidence() * IDENTITY_FRAMES / len(self.u_tv2)
        gram_tkk, pull_tk = self.identity.normal(self._seen(), self._pull_back())
        gram_kk, pull_k = gram_tkk.sum(axis=0) * per_frame, pull_tk.sum(axis=0) * per_frame
        right_k = pull_k + gram_kk @ self.identity_k
        self.identity_k = np.linalg.solve(gram_kk + np.eye(len(gram_kk)), right_k)

    def step_expression(self) -> None:
        gram_tkk, pull_tk = self.expression.normal(self._seen(), self._pull_back())
        right_tk = pull_tk + np.einsum("tkl,tl->tk", gram_tkk, self.expression_tk)
        precision = 1 / (self.evidence() * PRIOR_SIGMA**2)
        right_tk += precision * self.prior_tk
        modes = np.arange(right_tk.shape[1])
        gram_tkk[:, modes, modes] += precision
        value_tk = self.expression_tk
        for _ in range(NUM_SWEEPS):
            for k in modes:
                slope_t = right_tk[:, k] - np.einsum("tl,tl->t", gram_tkk[:, k], value_tk)
                value_tk[:, k] = np.clip(value_tk[:, k] + slope_t / gram_tkk[:, k, k], 0, 1)

    def _seen(self) -> np.ndarray:
        """R_2^T R_2 [T, 3, 3]: what each frame's camera keeps of a movement."""
        return np.swapaxes(self.r_t33[:, :2], 1, 2) @ self.r_t33[:, :2]

    def smooth(self, seen: np.ndarray) -> None:
        """A quadratic filter on pose only: a plosive closes the lips for just one or two frames."""
        for run in np.split(np.arange(len(seen)), np.flatnonzero(np.diff(seen) > 1) + 1):
            if len(run) < POSE_WINDOW:
                continue
            u, _, vt = np.linalg.svd(np.asarray(savgol_filter(self.r_t33[run], POSE_WINDOW, 2, axis=0)))
            self.r_t33[run] = u @ vt
            self.shift_t2[run] = savgol_filter(self.shift_t2[run], POSE_WINDOW, 2, axis=0)
            self.scale_t[run] = savgol_filter(self.scale_t[run], POSE_WINDOW, 2)

    @property
    def rotation_t3(self) -> np.ndarray:
        return rotation_angles(self.r_t33)

    @property
    def translation_t3(self) -> np.ndarray:
        return np.concatenate([self.shift_t2 * [1.0, -1.0], self.scale_t[:, None]], axis=1)

    def error(self) -> np.ndarray:
        points_tv2 = project(self.shape(), self.rotation_t3, self.translation_t3)
        distance_t = np.linalg.norm(points_tv2 - self.landmarks_tl3[..., :2], axis=2).mean(axis=1)
        return distance_t / interocular_px(self.landmarks_tl3)


def _clipped(residual_tv2: np.ndarray) -> np.ndarray:
    """Residuals shortened to CLIP_RESIDUAL medians of their frame, never below a tenth of a millimetre."""
    length_tv1 = np.linalg.norm(residual_tv2, axis=2, keepdims=True)
    limit_t11 = np.maximum(CLIP_RESIDUAL * np.median(length_tv1, axis=1, keepdims=True), 0.01)
    return residual_tv2 * np.minimum(1, limit_t11 / np.maximum(length_tv1, 1e-12))


def _small_rotation(vector_t3: np.ndarray) -> np.ndarray:
    """Rotation matrices [T, 3, 3] of rotation vectors in rad (Rodrigues)."""
    angle_t11 = np.linalg.norm(vector_t3, axis=1)[:, None, None]
    axis_t3 = vector_t3 / np.maximum(angle_t11[:, 0], 1e-12)
    x, y, z = axis_t3.T
    zero = np.zeros_like(x)
    cross_t33 = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    return np.eye(3) + np.sin(angle_t11) * cross_t33 + (1 - np.cos(angle_t11)) * cross_t33 @ cross_t33
