"""A linear 3D face: mean + identity + expression, with its correspondence to the 478 MediaPipe landmarks.

Shapes: T frames, V vertices, L landmarks with a place on the mesh, F triangles, K modes (identity or
expression). Unit cm; x to the picture's right (the subject's left), y up, z towards the viewer. In names,
Left and Right are the subject's own.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from style2talker.errors import UserError

NUM_LANDMARKS = 478  # of MediaPipe's face landmarker

# The 52 expression names and their order: Apple ARKit, ARFaceAnchor.BlendShapeLocation.
EXPRESSION_NAMES = (
    *("eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft"),
    *("eyeSquintLeft", "eyeWideLeft"),
    *("eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight"),
    *("eyeSquintRight", "eyeWideRight"),
    *("jawForward", "jawLeft", "jawRight", "jawOpen"),
    *("mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight"),
    *("mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight"),
    *("mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight"),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    *("mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight"),
    *("mouthUpperUpLeft", "mouthUpperUpRight"),
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut"),
)

_KINDS: dict[str, Literal["blendshapes", "components"]] = {
    "blendshapes": "blendshapes",
    "components": "components",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceModel:
    """Vertices are linear in the coefficients.

    Attributes:
        sha256: of the file the model came from; stored beside every coefficient fitted with it.
        identity_kv3: scaled so that people have about unit variance per mode.
        expression_kv3: `blendshapes`: 1 is the full named movement and coefficients lie in [0, 1], names are
            ARKit's or else the model's own; `components`: principal components scaled to unit variance,
            numbered names.
        landmark_l: which MediaPipe landmarks have a place on the mesh, ascending.
        landmark_vertices_l3, landmark_weights_l3: that place, three vertices and weights that sum to 1.
    """

    name: str
    licence: str
    sha256: str
    mean_v3: np.ndarray
    identity_kv3: np.ndarray
    expression_kv3: np.ndarray
    triangles_f3: np.ndarray
    expression_names: tuple[str, ...]
    expression_kind: Literal["blendshapes", "components"]
    landmark_l: np.ndarray
    landmark_vertices_l3: np.ndarray
    landmark_weights_l3: np.ndarray

    @property
    def expression_bounds(self) -> tuple[float, float]:
        """Smallest and largest expression coefficient; three standard deviations for components."""
        return (0.0, 1.0) if self.expression_kind == "blendshapes" else (-3.0, 3.0)

    def at_landmarks(self, field_nv3: np.ndarray) -> np.ndarray:
        """A per-vertex field [..., V, 3] (vertices or modes) at the L landmarks [..., L, 3]."""
        corners = field_nv3[..., self.landmark_vertices_l3, :]
        return np.einsum("...lcx,lc->...lx", corners, self.landmark_weights_l3)

    def shape(self, identity_k: np.ndarray, expression_tk: np.ndarray) -> np.ndarray:
        """Vertices [T, V, 3] in cm before pose, for one person's `identity_k` and frames of expression."""
        neutral_v3 = self.mean_v3 + np.tensordot(identity_k, self.identity_kv3, axes=1)
        return neutral_v3 + np.tensordot(expression_tk, self.expression_kv3, axes=1)


def own_landmarks() -> dict[str, np.ndarray]:
    """The correspondence of a mesh whose vertex i is MediaPipe landmark i, as keyword arguments."""
    every = np.arange(NUM_LANDMARKS, dtype=np.int32)
    weights_l3 = np.tile(np.array([1, 0, 0], np.float32), (NUM_LANDMARKS, 1))
    return {
        "landmark_l": every,
        "landmark_vertices_l3": np.repeat(every[:, None], 3, axis=1),
        "landmark_weights_l3": weights_l3,
    }


def model_bytes(model: FaceModel) -> bytes:
    """The safetensors file of a model; the same model always gives the same bytes (`sha256` is not in it)."""
    tensors = {
        # Adding zero turns -0 into 0: they are equal, their bytes are not.
        "mean_v3": model.mean_v3.astype(np.float32) + 0,
        "identity_kv3": model.identity_kv3.astype(np.float32) + 0,
        "expression_kv3": model.expression_kv3.astype(np.float32) + 0,
        "triangles_f3": model.triangles_f3.astype(np.int32),
        "landmark_l": model.landmark_l.astype(np.int32),
        "landmark_vertices_l3": model.landmark_vertices_l3.astype(np.int32),
        "landmark_weights_l3": model.landmark_weights_l3.astype(np.float32) + 0,
    }
    # Safetensors keeps metadata in a hash map, so several keys would come out in a different order each time.
    text = "\n".join([model.name, model.licence, model.expression_kind, " ".join(model.expression_names)])
    return save(
        {key: np.ascontiguousarray(value) for key, value in tensors.items()}, metadata={"model": text}
    )


def load_model(path: Path) -> FaceModel:
    """Read a face model that `model_bytes` wrote.

    Raises `UserError` when there is no such file, or its arrays do not fit together.
    """
    if not path.is_file():
        raise UserError(f"there is no file {path}; `style2talker face-model import` or `learn` writes one.")
    try:
        with safe_open(path, framework="numpy") as file:
            name, licence, kind, expression_names = (file.metadata() or {}).get("model", "").split("\n")
        content = path.read_bytes()
        tensors = load(content)
        model = FaceModel(
            name=name,
            licence=licence,
            sha256=hashlib.sha256(content).hexdigest(),
            mean_v3=tensors["mean_v3"],
            identity_kv3=tensors["identity_kv3"],
            expression_kv3=tensors["expression_kv3"],
            triangles_f3=tensors["triangles_f3"],
            expression_names=tuple(expression_names.split(" ")),
            expression_kind=_KINDS[kind],
            landmark_l=tensors["landmark_l"],
            landmark_vertices_l3=tensors["landmark_vertices_l3"],
            landmark_weights_l3=tensors["landmark_weights_l3"],
        )
        check_model(model)
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is not a face model, or a damaged one ({error}); `style2talker face-model import` or "
            "`learn` writes one."
        ) from error
    return model


def check_model(model: FaceModel) -> None:
    """Raise `ValueError` for arrays of other shapes or types, NaN, or vertices that do not exist."""
    vertices, landmarks = len(model.mean_v3), len(model.landmark_l)
    expressions = len(model.expression_names)
    shapes = {
        "mean_v3": (vertices, 3),
        "identity_kv3": (len(model.identity_kv3), vertices, 3),
        "expression_kv3": (expressions, vertices, 3),
        "triangles_f3": (len(model.triangles_f3), 3),
        "landmark_l": (landmarks,),
        "landmark_vertices_l3": (landmarks, 3),
        "landmark_weights_l3": (landmarks, 3),
    }
    limits = {"triangles_f3": vertices, "landmark_vertices_l3": vertices, "landmark_l": NUM_LANDMARKS}
    for name, shape in shapes.items():
        array = getattr(model, name)
        dtype = np.dtype(np.int32 if name in limits else np.float32)
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, expected {dtype} {shape}")
        if array.size == 0 and name != "identity_kv3":
            raise ValueError(f"{name} is empty")
        if name not in limits and not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinity")
        if name in limits and not (array.min() >= 0 and array.max() < limits[name]):
            raise ValueError(f"{name} holds {array.min()} to {array.max()}, expected 0 to {limits[name] - 1}")
    if len(set(model.expression_names)) < expressions or not all(model.expression_names):
        raise ValueError("expression names repeat or are empty")
    if (np.diff(model.landmark_l) <= 0).any():
        raise ValueError("landmark_l does not ascend")
    if (np.abs(model.landmark_weights_l3.sum(axis=1, dtype=np.float64) - 1) > 1e-3).any():
        raise ValueError("landmark_weights_l3 do not sum to 1")


@cache
def embedded() -> FaceModel:
    """The face model that ships with the package; EMBEDDED.md says what it was learned from."""
    return load_model(Path(str(files("style2talker.face") / "embedded.safetensors")))
