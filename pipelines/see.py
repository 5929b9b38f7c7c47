"""See: pictures, blendshapes and fitted expression in, raw evidence out. `judge` decides from it.

Reads    track: jpeg, landmarks, num_frames, blendshapes, face_found; fit: expression
Writes   net_names, net_probability, unit_readings, picture
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
    """The facial-emotion nets that are asked."""


def make(config: SeeConfig, footage: Footage) -> Work:
    from style2talker.emotion.action_units import MARKS, UNITS, Reading, witness_readings
    from style2talker.emotion.face_nets import FaceNets, looks
    from style2talker.emotion.picture import picture

    nets = FaceNets(names=config.nets)

    def see(clip: Row) -> Row:
        landmarks_tl3 = clip["landmarks"].reshape(clip["num_frames"], -1, 3)
        look_n = looks(landmarks_tl3)
        frames_nhw3 = np.stack([decode_jpeg(clip["jpeg"][t]) for t in look_n])
        by_net = nets(frames_nhw3, landmarks_tl3[look_n])
        readings = witness_readings(
            clip["blendshapes"], np.array(clip["face_found"]), expression_tk=clip["expression"]
        )
        nothing = Reading(left=0.0, right=0.0)
        in_order = [readings[witness].get(unit, nothing) for witness in MARKS for unit in UNITS]
        return {
            "clip_id": clip["clip_id"],
            "net_names": list(by_net),
            "net_probability": np.stack(list(by_net.values())),
            "unit_readings": np.array([[r.left, r.right] for r in in_order], np.float32),
            "picture": asdict(picture(frames_nhw3, landmarks_tl3[look_n])),
        }

    return see


def stage(nets: tuple[str, ...] = EMOTION_NETS) -> Stage:
    """The stage with some of the nets: an optional one may not be obtainable everywhere."""
    return Stage(
        name="see",
        version=4,
        schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *SEE_FIELDS]),
        config=SeeConfig(nets=nets),
        make=make,
        reads={
            "track": ("jpeg", "landmarks", "num_frames", "blendshapes", "face_found"),
            "fit": ("expression",),
        },
        weights=nets,
        libraries=("ai-edge-litert", "opencv-python-headless", "scikit-image", "torch"),
        isolated=True,
    )


STAGE = stage()
