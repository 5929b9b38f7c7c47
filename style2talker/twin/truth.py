"""What is known about a twin clip because we drew it, and its JSON sidecar.

Shape suffixes: t frames, k coefficients, 3 rotation or translation.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

SUFFIX = ".truth.json"
DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth of one clip; pictures are 320 px, 25 fps.

    Attributes:
        name: file name without suffix. speaker: `twin03`. seed: of the whole clip.
        emotion, level, action_units: FACS number -> intensity of the emotion held through the clip.
        transcript: the sentence. phonemes, words: (name, start_s, end_s).
        face_model, face_model_sha256: which model the coefficients belong to.
        expression_names: names of the 52 columns of expression_tk.
        identity_k, expression_tk: coefficients of that model.
        rotation_t3: (pitch, yaw, roll) rad. translation_t3: (x px, y px, px per cm) in the picture's px.
    """

    name: str
    speaker: str
    seed: int
    emotion: str
    level: int
    action_units: dict[int, float]
    transcript: str
    phonemes: tuple[tuple[str, float, float], ...]
    words: tuple[tuple[str, float, float], ...]
    face_model: str
    face_model_sha256: str
    expression_names: tuple[str, ...]
    identity_k: np.ndarray
    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    translation_t3: np.ndarray
    synthetic: bool = True

    def write(self, path: Path) -> None:
        """Write the sidecar; six decimals, keys sorted: the same truth is the same bytes."""
        path.write_text(json.dumps(_plain(asdict(self)), sort_keys=True) + "\n", encoding="utf-8")


def read_truth(path: Path) -> Truth:
    """Read a sidecar that `Truth.write` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    for key in ("identity_k", "expression_tk", "rotation_t3", "translation_t3"):
        data[key] = np.array(data[key], np.float32)
    for key in ("phonemes", "words"):
        data[key] = tuple((name, start_s, end_s) for name, start_s, end_s in data[key])
    data["action_units"] = {int(unit): amount for unit, amount in data["action_units"].items()}
    data["expression_names"] = tuple(data["expression_names"])
    return Truth(**{field.name: data[field.name] for field in fields(Truth)})


def _plain(value: Any) -> Any:
    match value:
        case np.ndarray():
            return np.round(value.astype(np.float64), DECIMALS).tolist()
        case float():
            return round(value, DECIMALS)
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
