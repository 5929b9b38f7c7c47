"""See: pictures, blendshapes and fitted expression in, raw evidence out. `judge` decides from it.

Reads    track: jpeg, landmarks, num_frames, blendshapes, face_found;
         fit: expression, rotation, translation
Writes   net_names, net_probability, unit_readings, picture; for the judge: frontal, movement
Rejects  no_face
"""

from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from pipelines.track import decode_jpeg
from style2talker.corpus.schema import SEE_FIELDS
from style2talker.media.footage import Footage

FOR_THE_JUDGE = (
    pa.field("frontal", pa.list_(pa.float32()), nullable=False),  # the rest of the readings: a small picture
    pa.field("movement", pa.float32(), nullable=False),
)
"""What the work file has besides the columns of the corpus."""
EMOTION_NETS = ("fer-mini", "facex", "face-api-expression")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeConfig:
    nets: tuple[str, ...] = EMOTION_NETS
    """The facial-emotion nets that are asked."""


def make(config: SeeConfig, footage: Footage) -> Work:
    from style2talker.emotion.face_nets import FaceNets, looks
    from style2talker.emotion.neutral import movement
    from style2talker.emotion.picture import picture
    from style2talker.emotion.unit_readings import NUM_WITNESS_ROWS, measure_units

    nets = FaceNets(names=config.nets)

    def see(clip: Row) -> Row:
        landmarks_tl3 = clip["landmarks"].reshape(clip["num_frames"], -1, 3)
        look_n = looks(landmarks_tl3)
        frames_nhw3 = np.stack([decode_jpeg(clip["jpeg"][t]) for t in look_n])
        by_net = nets(frames_nhw3, landmarks_tl3[look_n])
        readings_r2 = measure_units(
            clip["blendshapes"],
            np.array(clip["face_found"]),
            expression_tk=clip["expression"],
            frame_at=lambda t: decode_jpeg(clip["jpeg"][t]),
            landmarks_tl3=landmarks_tl3,
            rotation_t3=clip["rotation"],
            translation_t3=clip["translation"],
        )
        return {
            "clip_id": clip["clip_id"],
            "net_names": list(by_net),
            "net_probability": np.stack(list(by_net.values())),
            "unit_readings": readings_r2[:NUM_WITNESS_ROWS],
            "frontal": readings_r2[NUM_WITNESS_ROWS:].ravel(),
            "movement": movement(readings_r2),
            "picture": asdict(picture(frames_nhw3, landmarks_tl3[look_n])),
        }

    return see


def stage(nets: tuple[str, ...] = EMOTION_NETS) -> Stage:
    """The stage with some of the nets: an optional one may not be obtainable everywhere."""
    return Stage(
        name="see",
        version=5,
        schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *SEE_FIELDS, *FOR_THE_JUDGE]),
        config=SeeConfig(nets=nets),
        make=make,
        reads={
            "track": ("jpeg", "landmarks", "num_frames", "blendshapes", "face_found"),
            "fit": ("expression", "rotation", "translation"),
        },
        weights=nets,
        libraries=("ai-edge-litert", "opencv-python-headless", "scikit-image", "torch"),
        isolated=True,
    )


STAGE = stage()
