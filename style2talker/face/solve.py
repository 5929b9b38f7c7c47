"""Levenberg-Marquardt for the energy of a fit, all frames of a clip at once.

Shapes: T frames, n = K + 6 unknowns of a frame, C clip coefficients.

The normal matrix is an arrow: one n x n block per frame, a border of C columns that all frames share, and
second differences that tie each frame to the two before and after it. Each step is solved by conjugate
gradients, with the arrow without the ties, inverted exactly by its Schur complement, as preconditioner.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve_banded, cholesky_banded, get_lapack_funcs

from style2talker.errors import Reject
from style2talker.face.energy import Energy, Point, State, second_difference, second_difference_transposed

NUM_POSE = 6
FREE = 0.3  # damping below which a step that gains little means that little is left to gain
MOST_REFUSALS = 8
SOLVED = 0.1  # of the residual's norm, in the preconditioner's metric: the next step mends the rest
MOST_CONJUGATE_STEPS = 40
STALE = 10  # conjugate steps that say the preconditioner has grown old


@dataclass(frozen=True, slots=True)
class _Arrow:
    """The damped normal matrix at one point; C = 0 leaves the clip coefficients alone."""

    own_tnn: np.ndarray
    to_clip_tnc: np.ndarray
    clip_cc: np.ndarray
    bend_tn: np.ndarray

    def times(self, step_tn: np.ndarray, step_c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ties_tn = second_difference_transposed(self.bend_tn * second_difference(step_tn))
        own_tn = _each(self.own_tnn, step_tn) + ties_tn
        if not len(step_c):
            return own_tn, step_c
        along_c = self.to_clip_tnc.reshape(-1, len(step_c)).T @ step_tn.ravel()
        return own_tn + self.to_clip_tnc @ step_c, along_c + self.clip_cc @ step_c


class _Preconditioner:
    """The arrow inverted, with pose tied over time as it is and expression as if its neighbours stood still.

    Expression is eliminated frame by frame; what is left of pose is a band matrix of 6 x 6 blocks.
    """

    def __init__(self, arrow: _Arrow) -> None:
        self.num_modes = arrow.own_tnn.shape[1] - NUM_POSE
        bend_tn, modes, index = arrow.bend_tn, self.num_modes, np.arange(arrow.own_tnn.shape[1])
        own_tnn = arrow.own_tnn.copy()
        own_tnn[:, index, index] += 4 * bend_tn
        own_tnn[1:, index, index] += bend_tn[:-1]
        own_tnn[:-1, index, index] += bend_tn[1:]
        self.inverse_tkk = _inverses(own_tnn[:, :modes, :modes])
        self.follow_tkp = self.inverse_tkk @ own_tnn[:, :modes, modes:]
        pose_tpp = own_tnn[:, modes:, modes:] - own_tnn[:, modes:, :modes] @ self.follow_tkp
        self.band = cholesky_banded(_pose_band(pose_tpp, bend_tn[:, modes:]), lower=True, check_finite=False)
        num_clip = arrow.to_clip_tnc.shape[2]
        if num_clip:
            self.flat_clip_mc = arrow.to_clip_tnc.reshape(-1, num_clip)
            columns_ctn = np.moveaxis(arrow.to_clip_tnc, 2, 0)
            self.through_mc = np.stack([self._frames(column_tn).ravel() for column_tn in columns_ctn], axis=1)
            self.schur_inverse_cc = np.linalg.inv(arrow.clip_cc - self.flat_clip_mc.T @ self.through_mc)

    def _frames(self, pull_tn: np.ndarray) -> np.ndarray:
        """The frames' part of the inverse."""
        pull_tk, modes = pull_tn[:, : self.num_modes], self.num_modes
        pull_tp = pull_tn[:, modes:] - (pull_tk[:, None] @ self.follow_tkp)[:, 0]
        step_tp = cho_solve_banded((self.band, True), pull_tp.ravel(), check_finite=False).reshape(
            pull_tp.shape
        )
        step_tk = _each(self.inverse_tkk, pull_tk) - _each(self.follow_tkp, step_tp)
        return np.concatenate([step_tk, step_tp], axis=1)

    def __call__(self, pull_tn: np.ndarray, pull_c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        step_tn = self._frames(pull_tn)
        if not len(pull_c):
            return step_tn, pull_c
        step_c = self.schur_inverse_cc @ (pull_c - self.flat_clip_mc.T @ step_tn.ravel())
        return step_tn - (self.through_mc @ step_c).reshape(step_tn.shape), step_c


def _pose_band(pose_tpp: np.ndarray, bend_tp: np.ndarray) -> np.ndarray:
    """Pose blocks and their ties as the lower band that LAPACK takes, row d the d-th diagonal."""
    num_frames = len(pose_tpp)
    band = np.zeros((2 * NUM_POSE + 1, num_frames, NUM_POSE), pose_tpp.dtype)
    for below in range(NUM_POSE):
        columns = np.arange(NUM_POSE - below)
        band[below][:, columns] = pose_tpp[:, columns + below, columns]
    band[NUM_POSE, :-1] = -2 * (bend_tp[:-1] + bend_tp[1:])
    band[2 * NUM_POSE, :-2] = bend_tp[1:-1]
    return band.reshape(len(band), -1)


def minimise(
    energy: Energy,
    state: State,
    *,
    with_clip: bool,
    most_steps: int,
    tolerance: float,
    damping: float = 1.0,
) -> tuple[State, Point]:
    """The state at the minimum near `state`, and the energy there.

    Args:
        with_clip: whether identity and resting offsets are unknowns too.
        tolerance: stop when a step lowers the energy by less than this share.
        damping: of the first step; less where the start is known to be near.
    """
    point, precondition = energy.at(state, with_clip=with_clip), None
    for _ in range(most_steps):
        own_tnn, to_clip_tnc, clip_cc = energy.curvature(state, point, with_clip=with_clip)
        for _ in range(MOST_REFUSALS):
            arrow = _Arrow(_damped(own_tnn, damping), to_clip_tnc, _damped(clip_cc, damping), point.bend_tn)
            precondition = precondition or _Preconditioner(arrow)
            step_tn, step_c, num_steps = _conjugate_gradients(
                arrow, precondition, -point.slope_tn, -point.slope_c
            )
            if num_steps > STALE:
                precondition = None
            trial = state.moved(step_tn, step_c)
            trial_point = energy.at(trial, with_clip=with_clip)
            if trial_point.energy <= point.energy:
                break
            damping *= 10
        else:
            return state, point  # no step however small lowers the energy: it is at its minimum
        gain = point.energy - trial_point.energy
        finished = gain < tolerance * trial_point.energy and damping < FREE
        state, point, damping = trial, trial_point, max(damping / 5, 1e-7)
        if finished:
            break
    return state, point


def _conjugate_gradients(
    arrow: _Arrow, precondition: _Preconditioner, pull_tn: np.ndarray, pull_c: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """The step that brings the pull to nothing, and the number of iterations it took."""
    step_tn, step_c = np.zeros_like(pull_tn), np.zeros_like(pull_c)
    left_tn, left_c = pull_tn, pull_c
    along_tn, along_c = precondition(left_tn, left_c)
    size = first_size = _dot(left_tn, along_tn) + float(left_c @ along_c)
    for num_steps in range(MOST_CONJUGATE_STEPS):
        if size <= SOLVED**2 * first_size:
            return step_tn, step_c, num_steps
        image_tn, image_c = arrow.times(along_tn, along_c)
        length = size / (_dot(along_tn, image_tn) + float(along_c @ image_c))
        step_tn, step_c = step_tn + length * along_tn, step_c + length * along_c
        left_tn, left_c = left_tn - length * image_tn, left_c - length * image_c
        better_tn, better_c = precondition(left_tn, left_c)
        new_size = _dot(left_tn, better_tn) + float(left_c @ better_c)
        along_tn, along_c = better_tn + new_size / size * along_tn, better_c + new_size / size * along_c
        size = new_size
    return step_tn, step_c, MOST_CONJUGATE_STEPS


def _inverses(matrix_tnn: np.ndarray) -> np.ndarray:
    """Inverses of symmetric positive definite matrices: a third of the time of NumPy's general ones."""
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (matrix_tnn,))
    inverse_tnn = np.empty_like(matrix_tnn)
    for inverse_nn, matrix_nn in zip(inverse_tnn, matrix_tnn, strict=True):
        factor_nn, failed = factorise(matrix_nn)
        if failed:
            raise Reject(
                "fit_diverged", "The curvature of a frame's energy is not positive: no face fits it."
            )
        upper_nn, _ = invert(factor_nn)
        inverse_nn[:] = upper_nn
    # LAPACK leaves the lower triangles as they were, after the factorisation zero.
    inverse_tnn += np.swapaxes(np.triu(inverse_tnn, 1), 1, 2)
    return inverse_tnn


def _damped(matrix: np.ndarray, damping: float) -> np.ndarray:
    """Marquardt's: the diagonal grown by a share of itself."""
    grown = matrix.copy()
    index = np.arange(matrix.shape[-1])
    grown[..., index, index] *= 1 + damping
    return grown


def _each(matrix_tnn: np.ndarray, vector_tn: np.ndarray) -> np.ndarray:
    return (matrix_tnn @ vector_tn[..., None])[..., 0]


def _dot(left_tn: np.ndarray, right_tn: np.ndarray) -> float:
    return float(np.vdot(left_tn, right_tn))
