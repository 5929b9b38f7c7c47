"""Refine a clip's fit on its pictures: a point of the skin has one colour in all frames, but for the light.

Shapes: T frames, K expression coefficients, n = K + 6 unknowns of a frame.

What is minimised is in photo_energy.py; the Levenberg-Marquardt is the fit's own, solve.py. Off unless asked
for: it needs the pictures, and takes a hundred times as long as the fit.

An error that the fit makes in every frame is painted into the colours and stays; what pictures tell is
movement. Landmarks alone -> with pictures, means over clips, `benchmarks/photometric.py`:

    drawn with the embedded model, 2 held out: rotation without its constant part 0.87 -> 0.55 deg; brows'
    correlation 0.960 -> 0.989 and slope 0.74 -> 0.92; lips' correlation 0.988 -> 0.992; expression error
    0.0583 -> 0.0576, without its constant part 0.0400 -> 0.0385

    drawn with ICT-FaceKit, 1 held out: rotation 0.69 -> 0.33 deg; correlation of brows 0.968 -> 0.989, of
    lips 0.953 -> 0.969, of lids 0.990 -> 0.986

    filmed, 4: correlation with Deep3D's pitch 0.910 -> 0.934, yaw 0.941 -> 0.965, roll 0.987 -> 0.989, with
    their quick movement 0.42 -> 0.45, 0.52 -> 0.55, 0.46 -> 0.50; jitter of rotation a quarter more, of
    expression 8 % more; jawOpen with the blendshape net's score, which was its prior, 0.894 -> 0.848

One core refines 15 to 20 frames per second.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import torch

from style2talker.errors import UserError
from style2talker.face.energy import State
from style2talker.face.fit import Fit
from style2talker.face.model import FaceModel
from style2talker.face.photo_energy import PhotometricEnergy, flat
from style2talker.face.prior import prior_sigma
from style2talker.face.shapes import Shapes
from style2talker.face.solve import minimise
from style2talker.face.surface import Surface
from style2talker.threads import one_thread

ROUNDS = 2  # of looking at colours; a third gains nothing
MOST_STEPS = 3
TOLERANCE = 1e-4  # share of the energy that one more step must save


def refine(
    fit: Fit,
    frames: np.ndarray | Iterable[np.ndarray],
    *,
    model: FaceModel,
    device: str = "cpu",
    after_round: Callable[[], None] | None = None,
) -> Fit:
    """The fit with expression and pose moved to where the clip's colours agree best over time.

    Identity stays, and the three measures, which are those of the fit given. So does a clip with fewer than
    two faces. A CPU uses one core.

    Args:
        fit: of `fit_clip`, with the same model.
        frames: uint8 RGB [T, H, W, 3], or one frame at a time: the pictures whose pixels the fit is in, of
            about the 256-px crop's scale, for which blur and weight were chosen.
        device: where torch looks at pictures; the solve is the CPU's.
        after_round: called after each of ROUNDS rounds, of a part with faces.

    Raises `UserError` for frames that do not belong to the fit.
    """
    frames_thw3 = frames if isinstance(frames, np.ndarray) else np.stack(list(frames))
    expected = (len(fit.error_t), *frames_thw3.shape[1:3], 3)
    if frames_thw3.shape != expected or frames_thw3.dtype != np.uint8:
        raise UserError(
            f"frames {frames_thw3.shape} of {frames_thw3.dtype} do not fit {len(fit.error_t)} fitted frames; "
            f"expected uint8 [{len(fit.error_t)}, height, width, 3]."
        )
    seen = np.flatnonzero(np.isfinite(fit.error_t))
    if len(seen) < 2:
        return fit
    shapes = Shapes(model, np.float32)
    px_per_cm = float(np.median(fit.translation_t3[seen, 2]))
    start = _state(fit, seen, shapes, px_per_cm)
    with one_thread():
        energy = PhotometricEnergy(
            shapes,
            Surface(model, torch.device(device)),
            frames_thw3[seen],
            start,
            prior_sigma=prior_sigma(model),
            px_per_cm=px_per_cm,
            joined_t=np.diff(seen, prepend=-2) == 1,
        )
        state = start
        for number in range(ROUNDS):
            if number:
                energy.look(state)
            state, _ = minimise(
                energy, state, with_clip=False, most_steps=MOST_STEPS, tolerance=TOLERANCE, damping=1e-3
            )
            if after_round is not None:
                after_round()
    return _moved(fit, flat(state) - flat(start), seen, shapes, px_per_cm)


def _state(fit: Fit, seen: np.ndarray, shapes: Shapes, px_per_cm: float) -> State:
    """The fitted frames as the solver has them."""
    translation_t3 = fit.translation_t3[seen].astype(np.float64)
    pose_tp = np.concatenate(
        [
            np.unwrap(fit.rotation_t3[seen].astype(np.float64), axis=0),
            translation_t3[:, :2] / [px_per_cm, -px_per_cm],
            np.log(translation_t3[:, 2:] / px_per_cm),
        ],
        axis=1,
    )
    clip_c = np.zeros(shapes.num_clip, np.float32)
    clip_c[: shapes.num_identity] = fit.identity_k
    return State(fit.expression_tk[seen], pose_tp.astype(np.float32), clip_c)


def _moved(fit: Fit, change_tn: np.ndarray, seen: np.ndarray, shapes: Shapes, px_per_cm: float) -> Fit:
    """The fit changed; frames without a face as their neighbours, which they were drawn between."""
    grid_t, modes = np.arange(len(fit.error_t)), shapes.num_modes
    change_tn = np.stack([np.interp(grid_t, seen, column) for column in change_tn.T], axis=1)
    expression_tk = np.clip(fit.expression_tk + change_tn[:, :modes], shapes.low, shapes.high)
    shift_t2 = change_tn[:, modes + 3 : modes + 5] * [px_per_cm, -px_per_cm]
    translation_t3 = np.concatenate(
        [
            fit.translation_t3[:, :2] + shift_t2,
            fit.translation_t3[:, 2:] * np.exp(change_tn[:, modes + 5 :]),
        ],
        axis=1,
    )
    return replace(
        fit,
        expression_tk=expression_tk.astype(np.float32),
        rotation_t3=(fit.rotation_t3 + change_tn[:, modes : modes + 3]).astype(np.float32),
        translation_t3=translation_t3.astype(np.float32),
    )
