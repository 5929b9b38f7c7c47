"""Clips as the stages hand them over, for the benchmarks of the face's emotion and of action units."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from style2talker.emotion.action_units import measure_units
from style2talker.face.crop import crop_frames, fomm_box, to_crop
from style2talker.face.fit import fit_clip
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import embedded
from style2talker.media.video import read_frames

LONGEST_S = 6.0
console = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One clip: the 256 px crop and what tracker and fit found in it."""

    frames_thw3: np.ndarray
    landmarks_tl3: np.ndarray
    blendshapes_tk: np.ndarray
    found_t: np.ndarray
    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    translation_t3: np.ndarray

    def readings(self) -> np.ndarray:
        """Of its action units, [R, 2]."""
        return measure_units(
            self.blendshapes_tk,
            self.found_t,
            expression_tk=self.expression_tk,
            frame_at=self.frames_thw3.__getitem__,
            landmarks_tl3=self.landmarks_tl3,
            rotation_t3=self.rotation_t3,
            translation_t3=self.translation_t3,
        )


def face_of(tracker: LandmarkTracker, frames: list[np.ndarray]) -> Face | None:
    """What the stages make of the frames; None without a face."""
    track = tracker.track(iter(frames))
    box = fomm_box(track.landmarks_tl3)
    if box is None:
        return None
    landmarks_tl3 = to_crop(track.landmarks_tl3, box)
    fit = fit_clip(
        landmarks_tl3,
        blendshapes_tk=track.blendshapes_tk,
        model=embedded(),
        face_found_t=track.found_t,
    )
    return Face(
        frames_thw3=np.stack(list(crop_frames(iter(frames), box))),
        landmarks_tl3=landmarks_tl3,
        blendshapes_tk=track.blendshapes_tk,
        found_t=track.found_t,
        expression_tk=fit.expression_tk,
        rotation_t3=fit.rotation_t3,
        translation_t3=fit.translation_t3,
    )


def faces(paths: Iterable[Path]) -> Iterator[tuple[Path, Face]]:
    with LandmarkTracker() as tracker:
        for path in paths:
            face = face_of(tracker, list(read_frames(path, end_s=LONGEST_S)))
            if face is None:
                console.print(f"{path.name}: no face, left out")
            else:
                yield path, face
