"""The mouth as one hears it: a small net from spectra to the lips' signals, and how sure its lag is.

Shapes: M mel steps at 80 Hz, F features, H hidden units, S mouth signals.
"""

import hashlib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from style2talker.errors import UserError

EMBEDDED = "sync.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncModel:
    """Two hidden layers and the calibration; `sync_learn` makes one.

    Attributes:
        mean_f: of the features. weight_*, bias_*: of the layers F to H to H to S.
        trust_3: see `sync.confidence`.
    """

    mean_f: np.ndarray
    weight_fh: np.ndarray
    bias_h: np.ndarray
    weight_hh: np.ndarray
    bias2_h: np.ndarray
    weight_hs: np.ndarray
    bias_s: np.ndarray
    trust_3: np.ndarray

    def mouth(self, feature_mf: np.ndarray) -> np.ndarray:
        """What the sound says of the mouth, float32 [M, S], in standard deviations of each signal."""
        hidden_mh = np.maximum((feature_mf - self.mean_f) @ self.weight_fh + self.bias_h, 0)
        hidden_mh = np.maximum(hidden_mh @ self.weight_hh + self.bias2_h, 0)
        return hidden_mh @ self.weight_hs + self.bias_s


def model_bytes(model: SyncModel) -> bytes:
    """The safetensors file of a model; the same model gives the same bytes."""
    return save({f.name: np.asarray(getattr(model, f.name), np.float32) for f in fields(SyncModel)})


def load_model(path: Path) -> SyncModel:
    """Read what `model_bytes` wrote.

    Raises:
        UserError: no such file, or not of this kind.
    """
    try:
        return SyncModel(**load(path.read_bytes()))
    except (OSError, SafetensorError, TypeError) as error:
        raise UserError(
            f"{path} is no sync model ({error}); `python -m style2talker.speech.sync_learn` makes one."
        ) from error


@cache
def embedded() -> SyncModel:
    """The model that ships with the package; SYNC.md beside it says what it was learned from."""
    return load_model(_embedded_path())


def embedded_sha256() -> str:
    return hashlib.sha256(_embedded_path().read_bytes()).hexdigest()


def _embedded_path() -> Path:
    return Path(str(files("style2talker.speech") / EMBEDDED))
