"""Footage of one person as landmarks, for learning a face model."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from style2talker.errors import UserError
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
    """Track a video's or a picture's face and bring it into the 256-px crop."""
    with LandmarkTracker(task_path) as tracker:
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            face = tracker.detect_image(np.ascontiguousarray(cv2.imread(str(path))[..., ::-1]))
            if face is None:
                raise UserError(f"no face in {path}; expected a portrait.")
            landmarks_tl3, blendshapes_tk = face[0][None], face[1][None]
            found_t = np.ones(1, bool)
        else:
            track = tracker.track(read_frames(path, end_s=LONGEST_SOURCE_S))
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
