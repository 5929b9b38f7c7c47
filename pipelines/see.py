"""See: pictures, blendshapes and fitted expression in, emotion and action units out.

Reads    track: jpeg, landmarks, blendshapes, face_found; fit: expression
Writes   emotion, emotion_level, emotion_probability, action_units
Rejects  no_face
"""

from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from pipelines.track import decode_jpeg
from style2talker.corpus.schema import SEE_FIELDS
from style2talker.media.footage import Footage

EMOTION_NETS = ("fer-mini", "facex", "face-api-expression")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeConfig:
    nets: tuple[str, ...] = EMOTION_NETS
    """The facial-emotion nets whose answers are averaged."""


def make(config: SeeConfig, footage: Footage) -> Work:
    from style2talker.emotion.action_units import action_units
    from style2talker.emotion.facial import FacialEmotion, emotion_level
    from style2talker.emotion.taxonomy import EMOTIONS

    facial = FacialEmotion(names=config.nets)

    def see(clip: Row) -> Row:
        found_t = np.array(clip["face_found"])
        landmarks_tl3 = clip["landmarks"].reshape(len(found_t), -1, 3)
        blendshapes_tk, expression_tk = clip["blendshapes"], clip["expression"]
        frames_thw3 = np.stack([decode_jpeg(data) for data in clip["jpeg"]])
        probability = facial(
            frames_thw3,
            landmarks_tl3,
            blendshapes_tk=blendshapes_tk,
            found_t=found_t,
            expression_tk=expression_tk,
        )
        emotion = EMOTIONS[int(np.argmax(probability))]
        units = action_units(blendshapes_tk, found_t, expression_tk=expression_tk)
        return {
            "clip_id": clip["clip_id"],
            "emotion": emotion,
            "emotion_level": emotion_level(emotion, blendshapes_tk, found_t, expression_tk=expression_tk),
            "emotion_probability": probability,
            "action_units": [asdict(unit) for unit in units],
        }

    return see


def stage(nets: tuple[str, ...] = EMOTION_NETS) -> Stage:
    """The stage with some of the nets: an optional one may not be obtainable everywhere."""
    return Stage(
        name="see",
        version=2,
        schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *SEE_FIELDS]),
        config=SeeConfig(nets=nets),
        make=make,
        reads={"track": ("jpeg", "landmarks", "blendshapes", "face_found"), "fit": ("expression",)},
        weights=nets,
        libraries=("ai-edge-litert", "opencv-python-headless", "torch"),
        isolated=True,
    )


STAGE = stage()
