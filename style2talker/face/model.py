"""A linear 3D face: mean + identity + expression, vertex i being MediaPipe landmark i.

Shapes: T frames, V vertices (478), F triangles, K modes (identity or expression). Unit cm; x to the picture's
right (the subject's left), y up, z towards the viewer. In names, Left and Right are the subject's own.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from style2talker.errors import UserError

NUM_VERTICES = 478

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceModel:
    """Vertices are linear in the coefficients; an expression coefficient of 1 is the full named movement.

    `identity_kv3` is scaled so that people have about unit variance per mode. `sha256` is that of the file
    the model came from, and is stored beside every coefficient fitted with it.
    """

    name: str
    licence: str
    sha256: str
    mean_v3: np.ndarray
    identity_kv3: np.ndarray
    expression_kv3: np.ndarray
    triangles_f3: np.ndarray
    expression_names: tuple[str, ...]

    def shape(self, identity_k: np.ndarray, expression_tk: np.ndarray) -> np.ndarray:
        """Vertices [T, V, 3] in cm before pose, for one person's `identity_k` and frames of expression."""
        neutral_v3 = self.mean_v3 + np.tensordot(identity_k, self.identity_kv3, axes=1)
        return neutral_v3 + np.tensordot(expression_tk, self.expression_kv3, axes=1)


def model_bytes(model: FaceModel) -> bytes:
    """The safetensors file of a model; the same model always gives the same bytes (`sha256` is not in it)."""
    tensors = {
        # Adding zero turns -0 into 0: they are equal, their bytes are not.
        "mean_v3": model.mean_v3.astype(np.float32) + 0,
        "identity_kv3": model.identity_kv3.astype(np.float32) + 0,
        "expression_kv3": model.expression_kv3.astype(np.float32) + 0,
        "triangles_f3": model.triangles_f3.astype(np.int32),
    }
    words = {
        "name": model.name,
        "licence": model.licence,
        "expression_names": " ".join(model.expression_names),
    }
    # Safetensors keeps metadata in a hash map, so several keys would come out in a different order each time.
    text = "\n".join(words[key] for key in ("name", "licence", "expression_names"))
    return save(
        {key: np.ascontiguousarray(value) for key, value in tensors.items()}, metadata={"model": text}
    )


def load_model(path: Path) -> FaceModel:
    """Read a face model that `model_bytes` wrote. Raises `UserError` when the file is not one."""
    try:
        with safe_open(path, framework="numpy") as file:
            name, licence, expression_names = (file.metadata() or {}).get("model", "").split("\n")
        content = path.read_bytes()
        tensors = load(content)
        return FaceModel(
            name=name,
            licence=licence,
            sha256=hashlib.sha256(content).hexdigest(),
            mean_v3=tensors["mean_v3"],
            identity_kv3=tensors["identity_kv3"],
            expression_kv3=tensors["expression_kv3"],
            triangles_f3=tensors["triangles_f3"],
            expression_names=tuple(expression_names.split(" ")),
        )
    except (SafetensorError, KeyError, ValueError) as error:
        raise UserError(
            f"{path} is not a face model ({error}); `python -m style2talker.face.learn` writes one."
        ) from error


@cache
def embedded() -> FaceModel:
    """The face model that ships with the package; EMBEDDED.md says what it was learned from."""
    return load_model(Path(str(files("style2talker.face") / "embedded.safetensors")))
