"""Footage of one person as landmarks, for learning a face model: from files, or from a corpus' crops.

Shapes: T frames, L landmarks (478), K blendshapes (52).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from style2talker.corpus.reader import Corpus
from style2talker.errors import Reject, UserError
from style2talker.face.crop import fomm_box, to_crop
from style2talker.face.landmarks import LandmarkTracker
from style2talker.media.video import read_frames

LONGEST_SOURCE_S = 12.0  # so that no source outweighs the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Landmarks of one person's footage, as `fit_clip` takes them."""

    person: str
    landmarks_tl3: np.ndarray
    blendshapes_tk: np.ndarray
    face_found_t: np.ndarray


def read_source(person: str, path: Path, task_path: Path) -> Source:
    """Track a video's or a picture's face and bring it into the 256-px crop.

    Raises `UserError` for a file that is missing, is no video or picture, or shows no face.
    """
    with LandmarkTracker(task_path) as tracker:
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            face = tracker.detect_image(_picture(path))
            if face is None:
                raise UserError(f"no face in {path}; expected a portrait.")
            landmarks_tl3, blendshapes_tk = face[0][None], face[1][None]
            found_t = np.ones(1, bool)
        else:
            try:
                track = tracker.track(read_frames(path, end_s=LONGEST_SOURCE_S))
            except Reject as error:
                raise UserError(
                    f"{path} cannot be learned from: {error.message}; give a video such as .mp4, or a "
                    "portrait as .jpg or .png."
                ) from error
            landmarks_tl3, blendshapes_tk, found_t = track.landmarks_tl3, track.blendshapes_tk, track.found_t
    box = fomm_box(landmarks_tl3)
    if box is None:
        raise UserError(f"no face in {path}; expected footage of one person.")
    return Source(
        person=person,
        landmarks_tl3=to_crop(landmarks_tl3, box).astype(np.float64),
        blendshapes_tk=blendshapes_tk,
        face_found_t=found_t,
    )


def _picture(path: Path) -> np.ndarray:
    """RGB uint8 [H, W, 3], C-contiguous."""
    if not path.is_file():
        raise UserError(f"there is no picture at {path}; give the path of a JPEG or PNG file.")
    try:
        image_hw3 = cv2.imread(str(path))
    except cv2.error:  # its header claims more pixels than OpenCV would decode
        image_hw3 = None
    if image_hw3 is None:
        raise UserError(f"{path} is not a picture that can be read; give a JPEG or PNG file.")
    return np.ascontiguousarray(image_hw3[..., ::-1])


def num_chosen(corpus: Corpus, clips_per_speaker: int) -> int:
    """How many clips `read_corpus` will track."""
    return len(_chosen(corpus, clips_per_speaker))


def read_corpus(
    corpus: Corpus, task_path: Path, *, clips_per_speaker: int
) -> Iterator[tuple[str, Source | None]]:
    """(split, source) of the first clips of every speaker, tracked anew: a corpus keeps no landmarks.

    A clip in whose crops the tracker finds no face gives None.
    """
    chosen = _chosen(corpus, clips_per_speaker)
    with LandmarkTracker(task_path) as tracker:
        for row in corpus.frames(list(chosen)):
            speaker, split = chosen[row["clip_id"]]
            track = tracker.track(map(decode_frame, row["jpeg"]))
            if not track.found_t.any():
                yield split, None
                continue
            yield (
                split,
                Source(
                    person=speaker,
                    landmarks_tl3=track.landmarks_tl3.astype(np.float64),
                    blendshapes_tk=track.blendshapes_tk,
                    face_found_t=track.found_t,
                ),
            )


def _chosen(corpus: Corpus, clips_per_speaker: int) -> dict[str, tuple[str, str]]:
    """Clip to (speaker, split), in manifest order."""
    chosen: dict[str, tuple[str, str]] = {}
    taken: Counter[str] = Counter()
    for row in corpus.clips(columns=["clip_id", "speaker", "split"]):
        if taken[row["speaker"]] < clips_per_speaker:
            taken[row["speaker"]] += 1
            chosen[row["clip_id"]] = row["speaker"], row["split"]
    return chosen


def decode_frame(jpeg: bytes) -> np.ndarray:
    """A frame of a corpus, uint8 RGB [H, W, 3]. Raises `UserError` for bytes that are no JPEG."""
    image_hw3 = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image_hw3 is None:
        raise UserError(f"a corpus' frame of {len(jpeg)} bytes is no JPEG; run `style2talker verify` on it.")
    return np.ascontiguousarray(image_hw3[..., ::-1])
