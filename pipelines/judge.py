"""Judge: what all witnesses say of a clip in, its labels out. No model runs here.

Reads    see: net_probability, unit_readings
Writes   emotion, emotion_level, emotion_probability, action_units, opinions, agreement, confidence, flags,
         corrected
Rejects  nothing of its own
"""

from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from style2talker.corpus.schema import JUDGE_FIELDS
from style2talker.media.footage import Footage


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeConfig:
    pass


def make(config: JudgeConfig, footage: Footage) -> Work:
    from style2talker.emotion.action_units import action_units, emotion_level
    from style2talker.emotion.facial import face_probability
    from style2talker.emotion.taxonomy import EMOTIONS

    def judge(clip: Row) -> Row:
        probability_e = face_probability(clip["net_probability"], clip["unit_readings"])
        emotion = EMOTIONS[int(np.argmax(probability_e))]
        units = action_units(clip["unit_readings"])
        return {
            "clip_id": clip["clip_id"],
            "emotion": emotion,
            "emotion_level": emotion_level(emotion, clip["unit_readings"]),
            "emotion_probability": probability_e,
            "action_units": [asdict(unit) for unit in units],
            **dict.fromkeys(("opinions", "agreement", "confidence", "flags", "corrected")),
        }

    return judge


STAGE = Stage(
    name="judge",
    version=2,
    schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *JUDGE_FIELDS]),
    config=JudgeConfig(),
    make=make,
    reads={
        "see": ("net_probability", "unit_readings"),
    },
    isolated=True,
    told=True,
)
