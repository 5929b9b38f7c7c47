"""Fit: landmarks in, coefficients of the face model out.

Reads    track: landmarks, blendshapes, face_found
Writes   face_model, face_model_sha256, identity, expression, rotation, translation, fit_error
Rejects  fit_diverged, face_lost
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from style2talker.corpus.schema import FIT_FIELDS
from style2talker.errors import Reject, UserError
from style2talker.media.footage import Footage


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    largest_error: float = 0.08
    """Landmark distance over interocular distance, median over the frames; a good fit has 0.01 to 0.02."""


def make(config: FitConfig, footage: Footage) -> Work:
    from style2talker.face.fit import LONGEST_GAP, fit_clip
    from style2talker.face.model import embedded

    model = embedded()

    def fit(clip: Row) -> Row:
        num_frames = len(clip["face_found"])
        found_t = np.array(clip["face_found"])
        try:
            result = fit_clip(
                clip["landmarks"].reshape(num_frames, -1, 3),
                blendshapes_tk=clip["blendshapes"],
                model=model,
                face_found_t=found_t,
            )
        except UserError as error:  # landmarks that are no face, such as a head turned away: the row's fault
            raise Reject("fit_diverged", str(error)) from error
        if not np.isfinite(result.expression_tk).all():
            raise Reject(
                "face_lost",
                f"The face is away for more than {LONGEST_GAP} frames; nothing can be said of those between.",
            )
        error = float(np.median(result.error_t[found_t]))
        if not error <= config.largest_error:  # also when it is NaN
            raise Reject(
                "fit_diverged",
                f"The fit misses the landmarks by {error:.1%} of the interocular distance; "
                f"{config.largest_error:.0%} is the limit.",
            )
        return {
            "clip_id": clip["clip_id"],
            "face_model": model.name,
            "face_model_sha256": model.sha256,
            "identity": result.identity_k,
            "expression": result.expression_tk,
            "rotation": result.rotation_t3,
            "translation": result.translation_t3,
            "fit_error": result.error_t,
        }

    return fit


def _face_model() -> dict[str, str]:
    from style2talker.face.model import embedded

    return {f"face-model-{embedded().name}": embedded().sha256}


STAGE = Stage(
    name="fit",
    version=2,
    schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *FIT_FIELDS]),
    config=FitConfig(),
    make=make,
    reads={"track": ("landmarks", "blendshapes", "face_found")},
    assets=_face_model,
    libraries=("numpy", "scipy"),
    isolated=True,
)
