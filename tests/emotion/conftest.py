"""Faces of real clips, tracked once a session."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from style2talker.emotion.face_nets import FaceNets
from style2talker.errors import UserError
from style2talker.face.crop import crop_frames, fomm_box, to_crop
from style2talker.face.landmarks import LandmarkTracker
from style2talker.media.video import read_frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A clip as the stages hand it over: the 256 px crop and what the tracker found in it."""

    frames_thw3: np.ndarray
    landmarks_tl3: np.ndarray
    blendshapes_tk: np.ndarray
    found_t: np.ndarray


@pytest.fixture(scope="session")
def read_face(shared_data: Path) -> Callable[[str], Face]:
    @cache
    def read(name: str) -> Face:
        frames = list(read_frames(shared_data / name, end_s=4.0))
        with LandmarkTracker() as tracker:
            track = tracker.track(iter(frames))
        box = fomm_box(track.landmarks_tl3)
        assert box is not None
        return Face(
            frames_thw3=np.stack(list(crop_frames(iter(frames), box))),
            landmarks_tl3=to_crop(track.landmarks_tl3, box),
            blendshapes_tk=track.blendshapes_tk,
            found_t=track.found_t,
        )

    return read


@pytest.fixture(scope="session")
def nets() -> FaceNets:
    try:
        return FaceNets()
    except UserError as error:
        pytest.skip(f"no expression nets: {error}")
