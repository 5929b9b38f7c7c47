"""Fit a face model to the tracked landmarks of one clip: one least-squares solve over all of its frames.

Shapes: T frames, L landmarks (478), K expression coefficients. Crop pixels, radians and the model's cm.

What is minimised is in energy.py, how in solve.py. Identity and the resting offsets are found on at most
KEY_FRAMES frames spread over the clip, for neighbouring frames say the same about a person; then all frames
are solved together.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from style2talker.errors import Reject, UserError
from style2talker.face.energy import Energy, State
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS, FaceModel
from style2talker.face.prior import prior_mean, prior_sigma
from style2talker.face.shapes import Shapes
from style2talker.face.solve import minimise
from style2talker.face.start import carried, first_pose, first_state, wrapped
from style2talker.face.usable import interocular_px, near_the_clip, upright
from style2talker.threads import one_blas_thread

KEY_FRAMES = 24
MOST_STEPS = {np.float32: 20, np.float64: 60}
TOLERANCE = {np.float32: 1e-2, np.float64: 1e-13}  # share of the energy that one more step must save
LONGEST_GAP = 12  # frames without a face that are bridged; about half a second
NEAR = 0.04  # of the interocular distance: a landmark this near its place on the mesh is explained


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One clip's coefficients and how far to trust them, float32.

    Frames without a face are interpolated inside a gap of at most LONGEST_GAP frames, and NaN in longer gaps;
    the three measures are NaN, 0 and 0 in all of them.

    Attributes:
        identity_k: of the person, about unit variance per mode.
        expression_tk: inside the model's bounds.
        rotation_t3, translation_t3: as in geometry.py.
        error_t: mean distance of the landmarks from the fitted mesh, divided by the distance in the picture
            between the midpoints of the two eyes (each halfway between the eye's corners).
        visibility_t: share of the landmarks that lie on the side of the head turned to the camera.
        confidence_t: share of the landmarks that do and are within NEAR of the fitted mesh.
    """

    identity_k: np.ndarray
    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    translation_t3: np.ndarray
    error_t: np.ndarray
    visibility_t: np.ndarray
    confidence_t: np.ndarray


def fit_clip(
    landmarks_tl3: np.ndarray,
    *,
    blendshapes_tk: np.ndarray,
    model: FaceModel,
    face_found_t: np.ndarray,
    dtype: type[np.float32] | type[np.float64] = np.float32,
) -> Fit:
    """Identity of the clip, and expression and pose of each frame.

    Args:
        landmarks_tl3: [T, 478, 3] crop px, y down; z in px, smaller is nearer (used to start the pose only).
        blendshapes_tk: [T, 52] scores in the order of EXPRESSION_NAMES, the prior of the expression.
        face_found_t: bool [T]; other rows of the first two are ignored.
        dtype: float32, or float64 for the reference: double precision, solved to the very end.

    Frames whose landmarks are no face of this clip (usable.py) count as frames without one.

    Raises `UserError` for arrays that do not fit together or a picture upside down or mirrored,
    `Reject("no_face")` when no frame has a face, and `Reject("fit_diverged")` when there is no minimum.
    """
    with one_blas_thread():
        return _fitted(landmarks_tl3, blendshapes_tk, model, face_found_t, dtype)


def _fitted(
    landmarks_tl3: np.ndarray,
    blendshapes_tk: np.ndarray,
    model: FaceModel,
    face_found_t: np.ndarray,
    dtype: type[np.float32] | type[np.float64],
) -> Fit:
    landmarks_tl3 = np.asarray(landmarks_tl3, np.float64)
    found_t = np.asarray(face_found_t, bool)
    blendshapes_tk = np.asarray(blendshapes_tk, np.float64)
    _check(landmarks_tl3, blendshapes_tk, found_t)
    seen = np.flatnonzero(found_t)
    seen = seen[upright(landmarks_tl3[seen])]
    if not len(seen):
        raise Reject("no_face", f"the landmarks of all {len(found_t)} frames lie in one point or line")
    shapes = Shapes(model, dtype)

    # x and y px, y up, z towards the viewer
    points_t3l = np.swapaxes(landmarks_tl3[np.ix_(seen, model.landmark_l)] * [1, -1, -1], 1, 2)
    prior_tk = prior_mean(blendshapes_tk[seen], model)
    pose_tp, residual_t = first_pose(points_t3l, prior_tk, shapes)
    usable_t = near_the_clip(residual_t, pose_tp[:, 5])
    if not usable_t.any():
        raise Reject("fit_diverged", f"The {len(seen)} frames with a face show no two faces alike.")
    if not usable_t.all():
        seen, points_t3l = seen[usable_t], points_t3l[usable_t]
        prior_tk, pose_tp = prior_tk[usable_t], pose_tp[usable_t]
    landmarks_tl3 = landmarks_tl3[seen]
    state, px_per_cm = first_state(pose_tp, prior_tk, shapes)
    joined_t = np.diff(seen, prepend=-2) == 1

    def energy(frames: np.ndarray | slice, joined_t: np.ndarray) -> Energy:
        return Energy(
            shapes,
            points_t3l[frames, :2],
            prior_tk=prior_tk[frames],
            prior_sigma=prior_sigma(model),
            px_per_cm=px_per_cm,
            joined_t=joined_t,
        )

    key = np.unique(np.linspace(0, len(seen) - 1, KEY_FRAMES).round().astype(int))
    key_state = State(state.expression_tk[key], state.pose_tp[key], state.clip_c)
    key_state, _ = minimise(
        energy(key, np.zeros(len(key), bool)),
        key_state,
        with_clip=True,
        most_steps=MOST_STEPS[dtype],
        tolerance=TOLERANCE[dtype],
    )
    state = carried(state, key_state, key)
    whole = energy(slice(None), joined_t)
    state, _ = minimise(
        whole, state, with_clip=False, most_steps=MOST_STEPS[dtype], tolerance=TOLERANCE[dtype], damping=0.1
    )
    state = State(np.clip(state.expression_tk, shapes.low, shapes.high), state.pose_tp, state.clip_c)

    coefficients_tn = np.concatenate([state.expression_tk, _pose(state, px_per_cm)], axis=1)
    filled_tn = _bridged(coefficients_tn, seen, len(found_t), turning=slice(shapes.num_modes, -3))
    measures_tn = np.tile(np.array([np.nan, 0, 0], np.float32), (len(found_t), 1))
    measures_tn[seen] = _measures(whole, state, landmarks_tl3)
    return Fit(
        identity_k=state.clip_c[: shapes.num_identity].astype(np.float32),
        expression_tk=filled_tn[:, : shapes.num_modes],
        rotation_t3=filled_tn[:, shapes.num_modes : -3],
        translation_t3=filled_tn[:, -3:],
        error_t=measures_tn[:, 0],
        visibility_t=measures_tn[:, 1],
        confidence_t=measures_tn[:, 2],
    )


def _pose(state: State, px_per_cm: float) -> np.ndarray:
    """Rotation and translation [T, 6] as geometry.py has them: px, y down."""
    scale_t1 = px_per_cm * np.exp(state.pose_tp[:, 5:])
    return np.concatenate(
        [state.pose_tp[:, :3], state.pose_tp[:, 3:5] * [px_per_cm, -px_per_cm], scale_t1], axis=1
    )


def _bridged(values_tn: np.ndarray, seen: np.ndarray, num_frames: int, *, turning: slice) -> np.ndarray:
    """Rows for all frames: linear between neighbours across short gaps, the nearest at the ends, else NaN."""
    grid_t = np.arange(num_frames)
    filled_tn = np.stack([np.interp(grid_t, seen, column) for column in values_tn.T], axis=1)
    edges = np.concatenate([[-1], seen, [num_frames]])
    for before, after in pairwise(edges):
        if after - before - 1 > LONGEST_GAP:
            filled_tn[before + 1 : after] = np.nan
    filled_tn[:, turning] = wrapped(filled_tn[:, turning])
    return filled_tn.astype(np.float32)


def _measures(energy: Energy, state: State, landmarks_tl3: np.ndarray) -> np.ndarray:
    """Error, visibility and confidence [T, 3], of the face that identity and expression alone draw."""
    shapes = energy.shapes
    resting_c = np.where(np.arange(len(state.clip_c)) < shapes.num_identity, state.clip_c, 0)
    shape_t3l = energy.shape(State(state.expression_tk, state.pose_tp, resting_c.astype(state.clip_c.dtype)))
    residual_t2l, rotation_t33, _ = energy.residual(state, shape_t3l)
    distance_tl = np.linalg.norm(residual_t2l, axis=1) * energy.px_per_cm
    return measures(distance_tl, rotation_t33, landmarks_tl3, shapes)


def measures(
    distance_tl: np.ndarray, rotation_t33: np.ndarray, landmarks_tl3: np.ndarray, shapes: Shapes
) -> np.ndarray:
    """Error, visibility and confidence [T, 3] of a fit whose mesh lies distance_tl px from the landmarks."""
    distance_tl = distance_tl / interocular_px(landmarks_tl3)[:, None]
    facing_tl = np.einsum("ti,il->tl", rotation_t33[:, 2], shapes.outward_3l) > 0
    return np.stack(
        [distance_tl.mean(axis=1), facing_tl.mean(axis=1), (facing_tl & (distance_tl < NEAR)).mean(axis=1)],
        axis=1,
    )


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
