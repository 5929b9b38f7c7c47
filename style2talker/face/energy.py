"""What a fit minimises: the energy of one clip's coefficients, its slope and its curvature.

Shapes: T frames, L landmarks, K expression coefficients, C clip coefficients, P pose numbers (6), A all shape
fields (K + C + 7). Landmarks and shapes lie as [3 or 2, L], so that axes are whole rows. Unit cm.

    E = 1/2 sum_tl w_l rho(|r_tl|)        r = (u - shift - s R_2 X)/s_ref, rho Huber's, s_ref one number
      + 1/2 sum_tk (e - m)^2 / sigma^2    m and sigma from prior.py
      + 1/2 sum_tk (outside of [0, 1])^2 / BOUND^2
      + 1/2 |c|^2 T / CLIP_VIEWS          identity, and the resting offset of each expression
      + 1/2 sum_t rho(second differences of e and pose) / SMOOTH^2

X = mean + c . clip fields + e . expression fields. The camera is weak perspective, one for the clip. Because
it is s R_2, every frame's K x K curvature is a sum over nine fixed matrices: nothing is summed over landmarks
per frame but the slope.
"""

from dataclasses import dataclass

import numpy as np

from style2talker.face.geometry import rotation_matrix
from style2talker.face.shapes import Shapes

OUTLIER_CM = 0.1  # residuals beyond it count linearly
BOUND_SIGMA = 0.03  # how far a coefficient may lean out of its bounds before it is cut
CLIP_VIEWS = 8.0  # a clip's frames tell as much about a person as this many independent pictures
SMOOTH_EXPRESSION = 0.18  # standard deviations of second differences, per frame squared
SMOOTH_POSE = (0.001, 0.001, 0.001, 0.01, 0.01, 0.003)  # rad, rad, rad, cm, cm, log scale
JUMP_EXPRESSION = 0.1  # second differences beyond it count linearly: a plosive is one sharp movement
JUMP_POSE = (0.003, 0.003, 0.003, 0.03, 0.03, 0.01)  # so do those of pose: heads shake


@dataclass(slots=True)
class State:
    """Coefficients of one clip: expression_tk, pose_tp (pitch, yaw, roll, x and y shift, log scale), clip_c.

    Shift is in units of `Energy.px_per_cm`, y up; log scale is relative to it.
    """

    expression_tk: np.ndarray
    pose_tp: np.ndarray
    clip_c: np.ndarray

    def moved(self, step_tn: np.ndarray, step_c: np.ndarray) -> "State":
        num_modes = self.expression_tk.shape[1]
        return State(
            self.expression_tk + step_tn[:, :num_modes],
            self.pose_tp + step_tn[:, num_modes:],
            self.clip_c + step_c if len(step_c) else self.clip_c,
        )


@dataclass(slots=True)
class Point:
    """The energy at one state with what its derivatives need; n = K + 6."""

    energy: float
    slope_tn: np.ndarray
    slope_c: np.ndarray
    rotation_t33: np.ndarray
    scale_t: np.ndarray
    bend_tn: np.ndarray  # weight of each second difference
    outside_tk: np.ndarray  # bool
    shape_3l: np.ndarray  # mean over the frames


class Energy:
    """The energy of some frames of one clip.

    Args:
        points_t2l: landmarks in px, y up.
        prior_tk: what the expression is expected to be.
        px_per_cm: the clip's typical scale; all residuals are measured in px over this.
        joined_t: bool [T], whether frame t follows frame t - 1 without a gap.
    """

    def __init__(
        self,
        shapes: Shapes,
        points_t2l: np.ndarray,
        *,
        prior_tk: np.ndarray,
        prior_sigma: float,
        px_per_cm: float,
        joined_t: np.ndarray,
    ) -> None:
        self.shapes = shapes
        dtype = shapes.mean_3l.dtype
        self.px_per_cm = px_per_cm
        self.points_t2l = (points_t2l / px_per_cm).astype(dtype)
        self.prior_tk = prior_tk.astype(dtype)
        self.prior_precision = 1 / prior_sigma**2
        self.clip_precision = max(len(points_t2l) / CLIP_VIEWS, 1.0)
        sigma_n = np.r_[np.full(shapes.num_modes, SMOOTH_EXPRESSION), SMOOTH_POSE]
        inner_t1 = np.zeros((len(points_t2l), 1))
        inner_t1[1:-1, 0] = joined_t[1:-1] & joined_t[2:]
        self.bending_tn = (inner_t1 / sigma_n**2).astype(dtype)
        self.jump_n = np.r_[np.full(shapes.num_modes, JUMP_EXPRESSION), JUMP_POSE].astype(dtype)

    def shape(self, state: State) -> np.ndarray:
        """Landmarks on the mesh before pose [T, 3, L]."""
        shapes = self.shapes
        neutral_a = shapes.mean_3l.ravel() + state.clip_c @ shapes.flat_na[shapes.num_modes :]
        shape_ta = state.expression_tk @ shapes.flat_na[: shapes.num_modes] + neutral_a
        return shape_ta.reshape(len(shape_ta), 3, -1)

    def residual(self, state: State, shape_t3l: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(residual_t2l, the head's rotation_t33, the camera's 2 x 3 matrices with scale)."""
        rotation_t33 = rotation_matrix(state.pose_tp[:, :3])
        camera_t23 = rotation_t33[:, :2] * np.exp(state.pose_tp[:, 5])[:, None, None]
        residual_t2l = camera_t23 @ shape_t3l
        np.subtract(self.points_t2l, residual_t2l, out=residual_t2l)
        residual_t2l -= state.pose_tp[:, 3:5, None]
        return residual_t2l, rotation_t33, camera_t23

    def at(self, state: State, *, with_clip: bool) -> Point:
        """Energy and slope at `state`; `slope_c` is empty unless the clip's coefficients are unknowns."""
        shapes = self.shapes
        shape_t3l = self.shape(state)
        residual_t2l, rotation_t33, camera_t23 = self.residual(state, shape_t3l)
        length_tl = np.sqrt(residual_t2l[:, 0] ** 2 + residual_t2l[:, 1] ** 2)
        beyond_tl = np.maximum(length_tl - OUTLIER_CM, 0)
        energy = ((length_tl**2 - beyond_tl**2) @ shapes.weight_l).sum(dtype=np.float64)
        residual_t2l *= (shapes.weight_l * (1 - beyond_tl / np.maximum(length_tl, 1e-9)))[:, None]
        force_t3l = np.swapaxes(camera_t23, 1, 2) @ residual_t2l
        fields_na = shapes.flat_na if with_clip else shapes.flat_na[: shapes.num_modes]
        pull_tn = force_t3l.reshape(len(force_t3l), -1) @ fields_na.T
        pull_c = pull_tn[:, shapes.num_modes :].sum(axis=0)

        moment_t33 = force_t3l @ np.swapaxes(shape_t3l, 1, 2)  # sum over landmarks of F_i X_j
        turn_t3 = moment_t33[:, (2, 0, 1), (1, 2, 0)] - moment_t33[:, (1, 2, 0), (2, 0, 1)]  # sum of X x F
        growth_t1 = np.trace(moment_t33, axis1=1, axis2=2)[:, None]
        angle_t3 = np.einsum("tia,ti->ta", turn_axes(state.pose_tp, rotation_t33), turn_t3)
        pose_slope_tp = -np.concatenate([angle_t3, residual_t2l.sum(axis=2), growth_t1], axis=1)

        from_prior_tk = state.expression_tk - self.prior_tk
        leaning_tk = np.minimum(state.expression_tk - shapes.low, 0) + np.maximum(
            state.expression_tk - shapes.high, 0
        )
        energy += self.prior_precision * (from_prior_tk**2).sum(dtype=np.float64)
        energy += (leaning_tk**2).sum(dtype=np.float64) / BOUND_SIGMA**2
        energy += self.clip_precision * float(state.clip_c @ state.clip_c)

        state_tn = np.concatenate([state.expression_tk, state.pose_tp], axis=1)
        bend_tn = second_difference(state_tn)
        size_tn = np.abs(bend_tn)
        jump_tn = np.maximum(size_tn - self.jump_n, 0)
        weight_tn = self.bending_tn * (1 - jump_tn / np.maximum(size_tn, 1e-9))
        energy += (self.bending_tn * (bend_tn**2 - jump_tn**2)).sum(dtype=np.float64)

        slope_tn = second_difference_transposed(weight_tn * bend_tn)
        slope_tn[:, : shapes.num_modes] += self.prior_precision * from_prior_tk + leaning_tk / BOUND_SIGMA**2
        slope_tn[:, : shapes.num_modes] -= pull_tn[:, : shapes.num_modes]
        slope_tn[:, shapes.num_modes :] += pose_slope_tp
        return Point(
            energy=energy / 2,
            slope_tn=slope_tn,
            slope_c=self.clip_precision * state.clip_c[: len(pull_c)] - pull_c,
            rotation_t33=rotation_t33,
            scale_t=np.exp(state.pose_tp[:, 5]),
            bend_tn=weight_tn,
            outside_tk=leaning_tk != 0,
            shape_3l=shape_t3l.mean(axis=0),
        )

    def curvature(
        self, state: State, point: Point, *, with_clip: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gauss-Newton blocks without the temporal part: [T, n, n], [T, n, C] and [C, C].

        Huber's weights are left at one, an upper bound of the true curvature (Huber 1981, section 7.8), and
        the pose fields are those of the mean shape.
        """
        modes, frames = self.shapes.num_modes, len(state.pose_tp)
        gram_9aa = self.shapes.with_pose(point.shape_3l, with_clip=with_clip)
        camera_t23 = point.rotation_t33[:, :2] * point.scale_t[:, None, None]
        seen_t9 = (np.swapaxes(camera_t23, 1, 2) @ camera_t23).reshape(frames, 9)
        size = gram_9aa.shape[1]
        gram_taa = (seen_t9 @ gram_9aa.reshape(9, -1)).reshape(frames, size, size)
        # Pose numbers as amounts of the seven fields: shifts along the camera's axes, turns, growth.
        fields_t7p = np.zeros((frames, 7, 6), gram_taa.dtype)
        fields_t7p[:, 3:6, :3] = turn_axes(state.pose_tp, point.rotation_t33)
        fields_t7p[:, :3, 3:5] = np.swapaxes(camera_t23, 1, 2) / (point.scale_t**2)[:, None, None]
        fields_t7p[:, 6, 5] = 1
        pose = slice(size - 7, size)
        across_tap = gram_taa[:, :, pose] @ fields_t7p
        own_tnn = np.empty((frames, modes + 6, modes + 6), gram_taa.dtype)
        own_tnn[:, :modes, :modes] = gram_taa[:, :modes, :modes]
        own_tnn[:, :modes, modes:] = across_tap[:, :modes]
        own_tnn[:, modes:, :modes] = np.swapaxes(across_tap[:, :modes], 1, 2)
        own_tnn[:, modes:, modes:] = np.swapaxes(fields_t7p, 1, 2) @ across_tap[:, pose]
        diagonal = np.arange(modes)
        own_tnn[:, diagonal, diagonal] += self.prior_precision + point.outside_tk / np.float32(BOUND_SIGMA**2)
        clip = slice(modes, size - 7)
        to_clip_tnc = np.concatenate(
            [gram_taa[:, :modes, clip], np.swapaxes(across_tap[:, clip], 1, 2)], axis=1
        )
        clip_cc = gram_taa[:, clip, clip].sum(axis=0)
        return own_tnn, to_clip_tnc, clip_cc + self.clip_precision * np.eye(len(clip_cc), dtype=clip_cc.dtype)


def turn_axes(pose_tp: np.ndarray, rotation_t33: np.ndarray) -> np.ndarray:
    """Axes in the model's frame of growing pitch, yaw and roll, as columns [T, 3, 3]."""
    pitch_t, zero_t = pose_tp[:, 0], np.zeros_like(pose_tp[:, 0])
    axis_t3a = np.stack(
        [
            np.stack([zero_t + 1, zero_t, zero_t], axis=1),
            np.stack([zero_t, np.cos(pitch_t), -np.sin(pitch_t)], axis=1),
            rotation_t33[:, 2],
        ],
        axis=2,
    )
    return axis_t3a


def second_difference(values_tn: np.ndarray) -> np.ndarray:
    """x_(t-1) - 2 x_t + x_(t+1), 0 at both ends."""
    bend_tn = np.zeros_like(values_tn)
    bend_tn[1:-1] = values_tn[2:] - 2 * values_tn[1:-1] + values_tn[:-2]
    return bend_tn


def second_difference_transposed(bend_tn: np.ndarray) -> np.ndarray:
    """The transpose of `second_difference`."""
    values_tn = np.zeros_like(bend_tn)
    values_tn[1:-1] -= 2 * bend_tn[1:-1]
    values_tn[2:] += bend_tn[1:-1]
    values_tn[:-2] += bend_tn[1:-1]
    return values_tn
