"""From an upstream model's arrays to a `FaceModel` that is checked and in this project's coordinates.

Shapes: V vertices, F triangles, K modes. Unit cm; x to the picture's right, y up, z towards the viewer.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from style2talker.errors import UserError
from style2talker.face.model import FaceModel, check_model, model_bytes

EYE_DISTANCE_CM = (4.5, 8.5)  # between the midpoints of an adult's eyes, with room for caricature
EYES, MOUTH, NOSE_TIP = ((33, 133), (362, 263)), (61, 291), 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A model, and sentences on what of the upstream files was changed or left out."""

    model: FaceModel
    notes: tuple[str, ...] = ()


def assemble(model: FaceModel) -> FaceModel:
    """The model with its mean face centred on the origin and its `sha256`, once it proves to be a face.

    Raises `UserError` for arrays that do not fit together, NaN, a wrong unit or wrong axes.
    """
    reals = ("mean_v3", "identity_kv3", "expression_kv3", "landmark_weights_l3")
    numbers = ("triangles_f3", "landmark_l", "landmark_vertices_l3")
    model = replace(
        model,
        **{name: getattr(model, name).astype(np.float32) for name in reals},
        **{name: getattr(model, name).astype(np.int32) for name in numbers},
    )
    try:
        check_model(model)
    except ValueError as error:
        raise UserError(
            f"{model.name}: {error}; the upstream file is damaged or of another layout, fetch it again."
        ) from error
    check_axes(model)
    centred = replace(model, mean_v3=model.mean_v3 - model.mean_v3.mean(axis=0))
    return replace(centred, sha256=hashlib.sha256(model_bytes(centred)).hexdigest())


def check_triangles(triangles_f3: np.ndarray, vertices: int, *, source: object) -> np.ndarray:
    """`triangles_f3` as int32 [F, 3]. Raises `UserError` when one names a vertex that does not exist."""
    if triangles_f3.ndim != 2 or triangles_f3.shape[1] != 3 or not len(triangles_f3):
        raise UserError(f"{source}: triangles have shape {triangles_f3.shape}, expected (triangles, 3).")
    if triangles_f3.min() < 0 or triangles_f3.max() >= vertices:
        raise UserError(
            f"{source}: triangles name vertices {triangles_f3.min()} to {triangles_f3.max()}, but there are "
            f"{vertices}; the file is damaged or of another layout."
        )
    return triangles_f3.astype(np.int32)


def check_axes(model: FaceModel) -> None:
    """Raise `UserError` unless eyes, mouth and nose lie as in a face seen from the front, in centimetres."""
    place_3 = dict(zip(model.landmark_l.tolist(), model.at_landmarks(model.mean_v3), strict=True))
    wanted = {NOSE_TIP, *MOUTH, *EYES[0], *EYES[1]}
    if missing := sorted(wanted - place_3.keys()):
        raise UserError(
            f"{model.name}: landmarks {missing} have no place on the mesh, so it cannot be fitted."
        )
    right_3, left_3 = (np.mean([place_3[index] for index in eye], axis=0) for eye in EYES)
    mouth_3 = np.mean([place_3[index] for index in MOUTH], axis=0)
    nose_3 = place_3[NOSE_TIP]
    problem = None
    distance_cm = float(np.linalg.norm(left_3 - right_3))
    if not EYE_DISTANCE_CM[0] < distance_cm < EYE_DISTANCE_CM[1]:
        problem = (
            f"the eyes are {distance_cm:.3g} cm apart, expected {EYE_DISTANCE_CM[0]} to {EYE_DISTANCE_CM[1]}"
        )
    elif left_3[0] <= right_3[0]:
        problem = "the subject's left eye is not to the right in the picture (x)"
    elif mouth_3[1] >= min(left_3[1], right_3[1]):
        problem = "the mouth is not below the eyes (y)"
    elif nose_3[2] <= max(left_3[2], right_3[2], mouth_3[2]):
        problem = "the tip of the nose is not nearest to the viewer (z)"
    if problem:
        raise UserError(f"{model.name}: {problem}; the upstream files are of another layout, unit or axes.")
