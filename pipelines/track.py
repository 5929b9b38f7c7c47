"""Track: clip spans in, one face through the clip and its 256 px crop out.

Reads    discover: source_uri, start_s, end_s
Writes   num_frames, face_found, blendshapes, crop, picture_hash, jpeg; landmarks (in crop px, kept in the
         work file only)
Rejects  no_face, face_lost, face_too_small, several_faces, decode_failed, vanished
"""

from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from style2talker.corpus.schema import FRAME_SIZE_PX, FRAMES, TRACK_FIELDS
from style2talker.errors import Reject
from style2talker.media.footage import Footage

if TYPE_CHECKING:
    from style2talker.face.landmarks import LandmarkTracker
    from style2talker.face.track_batched import BatchedTracker


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackConfig:
    least_found: float = 0.95
    """Share of frames in which the face must be found; below it the clip is rejected as face_lost."""
    least_side_px: float = 80.0
    """Side of the crop square in the source; a smaller face is mostly invented pixels at 256 px."""
    largest_rival: float = 0.6
    """Another face of more than this share of the followed one's size counts as a second person."""
    most_rival_frames: float = 0.25
    """Share of frames that may show a second person."""
    jpeg_quality: int = 95
    device: str = "cpu"
    """`cpu` tracks from frame to frame on one core per worker; a torch device (`cuda`) in batches on it. The
    two differ by less than 0.5 % of the eyes' distance, so a corpus is built with one of them."""


def make(config: TrackConfig, footage: Footage, *, batch_size: int = 64) -> Work:
    from style2talker.face.crop import crop_frames, fomm_box, to_crop
    from style2talker.media.fingerprint import picture_hash
    from style2talker.media.video import read_frames

    tracker = _tracker(config.device, batch_size)

    def track(clip: Row) -> Row:
        path, start_s, end_s = footage.path(clip["source_uri"]), clip["start_s"], clip["end_s"]
        found = tracker.track(read_frames(path, start_s=start_s, end_s=end_s))
        num_frames = len(found.found_t)
        check_found(found.found_t, config)
        check_rivals(found.rival_t, config)
        box = fomm_box(found.landmarks_tl3)
        assert box is not None  # some frame has a face
        if box[2] < config.least_side_px:
            raise Reject(
                "face_too_small",
                f"The face's square has a side of {box[2]:.0f} px; {config.least_side_px:g} px are needed.",
            )
        # decoded a second time: the uncut frames of ten seconds of 1080p would take 1.5 GB
        frames = islice(read_frames(path, start_s=start_s, end_s=end_s), num_frames)
        jpeg = [
            _jpeg(frame, config.jpeg_quality) for frame in crop_frames(frames, box, size_px=FRAME_SIZE_PX)
        ]
        landmarks_tl3 = to_crop(found.landmarks_tl3, box, size_px=FRAME_SIZE_PX)
        return {
            "clip_id": clip["clip_id"],
            "num_frames": num_frames,
            "face_found": found.found_t.tolist(),
            "blendshapes": np.nan_to_num(found.blendshapes_tk),
            "crop": np.tile(np.array(box, np.float32), (num_frames, 1)),
            "picture_hash": picture_hash(decode_jpeg(jpeg[num_frames // 2])),
            "jpeg": jpeg,
            "landmarks": landmarks_tl3.reshape(num_frames, -1),
        }

    return track


def _tracker(device: str, batch_size: int) -> "LandmarkTracker | BatchedTracker":
    if device == "cpu":  # without torch: it takes two seconds and 500 MB of each worker
        from style2talker.face.landmarks import LandmarkTracker

        return LandmarkTracker()
    from style2talker.face.track_batched import BatchedTracker

    return BatchedTracker(device=device, batch_size=batch_size)


def check_found(found_t: np.ndarray, config: TrackConfig) -> None:
    """Reject a clip whose face is missing in too many frames."""
    if not len(found_t):
        raise Reject("decode_failed", "No frame could be decoded in the span.")
    if not found_t.any():
        raise Reject("no_face", f"No face in any of {len(found_t)} frames.")
    share = float(found_t.mean())
    if share < config.least_found:
        raise Reject(
            "face_lost",
            f"The face is in {share:.0%} of {len(found_t)} frames; {config.least_found:.0%} are needed.",
        )


def check_rivals(rival_t: np.ndarray, config: TrackConfig) -> None:
    """Reject a clip that shows a second person for long; `rival_t` is the other face's relative size."""
    limit = config.largest_rival
    share = float((rival_t > limit).mean())
    if share > config.most_rival_frames:
        raise Reject(
            "several_faces",
            f"{share:.0%} of the frames show another face of at least {limit:.0%} of the size.",
        )


def _jpeg(frame_hw3: np.ndarray, quality: int) -> bytes:
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(frame_hw3, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise Reject("encode_failed", "A frame could not be encoded as JPEG.")
    return data.tobytes()


def decode_jpeg(data: bytes) -> np.ndarray:
    """uint8 RGB [H, W, 3]."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def stage(device: str = "cpu", *, batch_size: int = 64) -> Stage:
    """The stage on a CPU, or on the torch device of a GPU node.

    Args:
        batch_size: frames that a GPU gets at once; what is found does not depend on it, so it is no config.
    """
    batched = device != "cpu"
    return Stage(
        name="track",
        version=3,
        schema=pa.schema(
            [
                pa.field("clip_id", pa.string(), nullable=False),
                *TRACK_FIELDS,
                FRAMES.field("jpeg"),
                pa.field("landmarks", pa.list_(pa.list_(pa.float32())), nullable=False),  # [T, 478 * 3]
            ]
        ),
        config=TrackConfig(device=device),
        make=partial(make, batch_size=batch_size),
        weights=("face_landmarker",),
        libraries=("ai-edge-litert", "av", "opencv-python-headless", *(["torch"] if batched else [])),
        isolated=True,
        reads_footage=True,
        needs_gpu=device.startswith("cuda"),
    )


STAGE = stage()
