"""The solve of face/fit.py against SciPy on the same energy, frame by frame.

Draws    landmarks of a ten-second clip from the embedded model, with noise, and scores with errors
Prints   frames per second of one core for the whole clip's solve and for scipy.optimize.least_squares on each
         of a few frames (identity known, no ties over time: less work than ours), with its own numerical and
         with the exact Jacobian; the ratio; and how far apart the two results are
Run      OMP_NUM_THREADS=1 python benchmarks/fit.py

Axes: T frames, L landmarks, K coefficients.
"""

import time
from collections.abc import Callable

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from scipy.optimize import OptimizeResult, least_squares

from style2talker.face.energy import BOUND_SIGMA, OUTLIER_CM, Energy, State
from style2talker.face.fit import fit_clip
from style2talker.face.geometry import depth, project, rotation_matrix
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.face.prior import prior_mean, prior_sigma
from style2talker.face.shapes import Shapes

NOISE_PX = 0.5
SCORE_NOISE = 0.1


def drawn_clip(num_frames: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(landmarks_tl3 in crop px, scores_tk) of a talking, turning face."""
    model, random = embedded(), np.random.default_rng(seed)
    time_t1 = np.arange(num_frames)[:, None] / 25
    wave_tn = np.sin(2 * np.pi * time_t1 * random.uniform(0.2, 3, 58) + random.uniform(0, 6, 58))
    expression_tk = np.clip(wave_tn[:, :52] * 0.5 - 0.2, 0, 1)
    rotation_t3 = np.radians([5, 15, 5]) * np.sin(time_t1 * [0.7, 0.9, 0.5])
    translation_t3 = np.array([128, 132, 11]) + wave_tn[:, 55:] * [3, 3, 0.2]
    identity_k = random.normal(size=len(model.identity_kv3))
    vertices_tv3 = model.shape(identity_k, expression_tk)
    z_tv1 = -depth(vertices_tv3, rotation_t3)[..., None] * translation_t3[:, None, 2:]
    landmarks_tl3 = np.concatenate([project(vertices_tv3, rotation_t3, translation_t3), z_tv1], axis=2)
    scores_tk = np.clip(expression_tk + random.normal(0, SCORE_NOISE, expression_tk.shape), 0, 1)
    return landmarks_tl3 + random.normal(0, NOISE_PX, landmarks_tl3.shape), scores_tk


class FrameProblem:
    """One frame's energy as the sum of squares that SciPy wants; x = expression, then pose."""

    def __init__(self, energy: Energy, clip_c: np.ndarray) -> None:
        self.energy, self.clip_c, self.modes = energy, clip_c, energy.shapes.num_modes

    def state(self, x: np.ndarray) -> State:
        return State(x[None, : self.modes], x[None, self.modes :], self.clip_c)

    def residuals(self, x: np.ndarray) -> np.ndarray:
        energy, state = self.energy, self.state(x)
        residual_2l = energy.residual(state, energy.shape(state))[0][0]
        length_l = np.maximum(np.linalg.norm(residual_2l, axis=0), 1e-12)
        # Huber's loss as a square: the residual's length is replaced by the root of the loss.
        root_l = np.sqrt(length_l**2 - np.maximum(length_l - OUTLIER_CM, 0) ** 2) / length_l
        expression_k = x[: self.modes]
        leaning_k = np.minimum(expression_k, 0) + np.maximum(expression_k - 1, 0)
        return np.concatenate(
            [
                (residual_2l * root_l * np.sqrt(energy.shapes.weight_l)).ravel(),
                np.sqrt(energy.prior_precision) * (expression_k - energy.prior_tk[0]),
                leaning_k / BOUND_SIGMA,
            ]
        )

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Exact but for the change of Huber's weights."""
        energy, state = self.energy, self.state(x)
        shape_3l = energy.shape(state)[0]
        residual_2l, _, camera_123 = energy.residual(state, shape_3l[None])
        length_l = np.maximum(np.linalg.norm(residual_2l[0], axis=0), 1e-12)
        root_l = np.sqrt(length_l**2 - np.maximum(length_l - OUTLIER_CM, 0) ** 2) / length_l
        weight_l = root_l * np.sqrt(energy.shapes.weight_l)
        columns = [-(camera_123[0] @ field_3l) for field_3l in energy.shapes.fields_n3l[: self.modes]]
        small = 1e-6
        for axis in range(3):
            angle_13 = x[None, self.modes : self.modes + 3]
            change = (rotation_matrix(angle_13 + small * np.eye(3)[axis]) - rotation_matrix(angle_13)) / small
            columns.append(-np.exp(x[-1]) * (change[0, :2] @ shape_3l))
        one_l, zero_l = np.ones(shape_3l.shape[1]), np.zeros(shape_3l.shape[1])
        columns += [-np.stack([one_l, zero_l]), -np.stack([zero_l, one_l]), -(camera_123[0] @ shape_3l)]
        expression_k = x[: self.modes]
        out_k = ((expression_k < 0) | (expression_k > 1)) / BOUND_SIGMA
        no_pose = np.zeros((self.modes, 6))
        return np.concatenate(
            [
                np.stack([(column * weight_l).ravel() for column in columns], axis=1),
                np.concatenate([np.sqrt(energy.prior_precision) * np.eye(self.modes), no_pose], axis=1),
                np.concatenate([np.diag(out_k), no_pose], axis=1),
            ]
        )


def core_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main(num_frames: int = 250, scipy_frames: int = 12, rounds: int = 5, seed: int = 0) -> None:
    model = embedded()
    landmarks_tl3, scores_tk = drawn_clip(num_frames, seed)
    found_t = np.ones(num_frames, bool)

    def ours() -> object:
        return fit_clip(landmarks_tl3, blendshapes_tk=scores_tk, model=model, face_found_t=found_t)

    fit = fit_clip(landmarks_tl3, blendshapes_tk=scores_tk, model=model, face_found_t=found_t)
    shapes = Shapes(model, np.float64)
    clip_c = np.zeros(shapes.num_clip)
    clip_c[: shapes.num_identity] = fit.identity_k
    px_per_cm = float(np.median(fit.translation_t3[:, 2]))
    chosen = np.linspace(0, num_frames - 1, scipy_frames).round().astype(int)
    prior_tk = prior_mean(scores_tk, model)
    points_t2l = np.swapaxes(landmarks_tl3[..., :2] * [1, -1], 1, 2)
    problems = [
        FrameProblem(
            Energy(
                shapes,
                points_t2l[[t]],
                prior_tk=prior_tk[[t]],
                prior_sigma=prior_sigma(model),
                px_per_cm=px_per_cm,
                joined_t=np.zeros(1, bool),
            ),
            clip_c,
        )
        for t in chosen
    ]
    middle = np.median(fit.translation_t3, axis=0)
    start = np.concatenate([np.zeros(len(EXPRESSION_NAMES) + 3), middle[:2] / px_per_cm * [1, -1], [0.0]])

    def scipy(exact: bool) -> list[OptimizeResult]:
        return [
            least_squares(each.residuals, start, jac=each.jacobian)  # pyright: ignore[reportArgumentType]
            if exact
            else least_squares(each.residuals, start)
            for each in problems
        ]

    # Interleaved, so that a busy machine is busy for all; the medians are compared.
    seconds: dict[str, list[float]] = {"ours": [], "scipy, exact Jacobian": [], "scipy, its own Jacobian": []}
    for _ in range(rounds):
        seconds["ours"].append(core_seconds(ours) / num_frames)
        seconds["scipy, exact Jacobian"].append(core_seconds(lambda: scipy(True)) / scipy_frames)
    seconds["scipy, its own Jacobian"].append(core_seconds(lambda: scipy(False)) / scipy_frames)
    mean = np.median(seconds["ours"])
    table = Table("solve", "frames per second of a core", "times ours", title=f"{num_frames} frames")
    for name, values in seconds.items():
        table.add_row(name, f"{1 / np.median(values):,.1f}", f"{np.median(values) / mean:,.1f}")
    Console().print(table)

    gap = []
    for t, result in zip(chosen, scipy(True), strict=True):
        gap.append(np.abs(np.clip(result.x[:52], 0, 1) - fit.expression_tk[t]).mean())
    Console().print(
        f"mean difference of the two expressions: {np.mean(gap):.4f} (ours is also tied over time)"
    )


if __name__ == "__main__":
    typer.run(main)
