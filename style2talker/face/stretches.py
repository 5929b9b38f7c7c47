"""The face through a whole video: across cuts and through absences, not only through one clip.

Shapes: T frames, L landmarks (478), K blendshapes (52); landmarks in px of the source.

The tracker follows one face until it is gone for a second. Where it is gone and a face is to be seen, that
part of the video is tracked again, until nothing is left. What results is stretches, each one face without a
cut or a longer absence; whether two of them show one person is not decided here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from style2talker import progress
from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.face.follow import LONGEST_GAP, Track
from style2talker.face.landmarks import LandmarkTracker
from style2talker.media.probe import probe
from style2talker.media.shots import THUMB_HEIGHT_PX, THUMB_WIDTH_PX, CutFinder
from style2talker.media.video import read_frames

LEAST_FRAMES = 12  # half a second; what is shorter says too little about who it is
LEAST_UNEXPLAINED = 25  # frames of faces that nobody follows, from which they are tracked again

Span = tuple[int, int]
"""First frame, one past the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The faces of a video, at most one in a frame.

    Attributes:
        landmarks_tl3, blendshapes_tk: as in `Track`; NaN where `found_t` is False.
        found_t: bool [T].
        stretches: disjoint spans in order; each begins and ends with a frame in which its face is found.
        width_px, height_px: of the picture.
    """

    landmarks_tl3: np.ndarray
    blendshapes_tk: np.ndarray
    found_t: np.ndarray
    stretches: tuple[Span, ...]
    width_px: int
    height_px: int


class _Watch:
    """Looks at the frames on their way to the tracker: size, number and cuts."""

    def __init__(self) -> None:
        self.finder, self.num_frames, self.height_px, self.width_px = CutFinder(), 0, 0, 0

    def __call__(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for frame_hw3 in frames:
            self.height_px, self.width_px = frame_hw3.shape[:2]
            thumb_hw3 = cv2.resize(frame_hw3, (THUMB_WIDTH_PX, THUMB_HEIGHT_PX), interpolation=cv2.INTER_AREA)
            self.finder.add(self.num_frames / FRAME_RATE_HZ, np.asarray(thumb_hw3))
            self.num_frames += 1
            yield frame_hw3

    def cuts(self) -> np.ndarray:
        """First frames of new shots."""
        return np.round(np.array(self.finder.cuts()) * FRAME_RATE_HZ).astype(int)


def follow_video(
    path: str | Path, tracker: LandmarkTracker, *, start_s: float = 0.0, end_s: float | None = None
) -> Followed:
    """Track the span of a video at 25 fps; about 12 kB a frame are kept, never the pictures.

    Raises `Reject` as `read_frames` does.
    """
    watch = _Watch()
    frames = progress.track(
        read_frames(path, start_s=start_s, end_s=end_s),
        "track",
        total=_num_frames(path, start_s=start_s, end_s=end_s),
        unit="frames",
    )
    track = tracker.track(watch(frames))
    cuts = watch.cuts()
    landmarks_tl3, blendshapes_tk = track.landmarks_tl3, track.blendshapes_tk
    found_t = np.zeros(len(track.found_t), bool)
    stretches: list[Span] = []
    waiting = [(0, track)]
    while waiting:
        first, track = waiting.pop()
        for begin, end in _runs(track.found_t, cuts - first):
            span = slice(first + begin, first + end)
            landmarks_tl3[span] = track.landmarks_tl3[begin:end]
            blendshapes_tk[span] = track.blendshapes_tk[begin:end]
            found_t[span] = track.found_t[begin:end]
            stretches.append((first + begin, first + end))
        for begin, end in _unexplained(track):
            begin_s, end_of_s = (start_s + (first + index) / FRAME_RATE_HZ for index in (begin, end))
            frames = read_frames(path, start_s=begin_s, end_s=end_of_s)
            waiting.append((first + begin, tracker.track(frames)))
    landmarks_tl3[~found_t], blendshapes_tk[~found_t] = np.nan, np.nan
    return Followed(
        landmarks_tl3=landmarks_tl3,
        blendshapes_tk=blendshapes_tk,
        found_t=found_t,
        stretches=tuple(sorted(stretches)),
        width_px=watch.width_px,
        height_px=watch.height_px,
    )


def _num_frames(path: str | Path, *, start_s: float, end_s: float | None) -> int:
    """How many frames are to come, for the progress bar."""
    duration_s = probe(path).duration_s
    return max(round((min(duration_s, end_s or duration_s) - start_s) * FRAME_RATE_HZ), 0)


def _runs(found_t: np.ndarray, cuts: np.ndarray) -> Iterator[Span]:
    """Spans of frames with a face, split at cuts and at absences longer than the tracker bridges."""
    seen = np.flatnonzero(found_t)
    if not len(seen):
        return
    shot = np.searchsorted(cuts, seen, side="right")
    new = np.flatnonzero((np.diff(seen) > LONGEST_GAP) | (np.diff(shot) > 0)) + 1
    for run in np.split(seen, new):
        if len(run) >= min(LEAST_FRAMES, len(found_t)):
            yield int(run[0]), int(run[-1]) + 1


def _unexplained(track: Track) -> Iterator[Span]:
    """Spans in which faces are seen and none is followed."""
    free_t = (track.num_faces_t > 0) & ~track.found_t
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free_t, [False]]).astype(np.int8)))
    for begin, end in edges.reshape(-1, 2):
        if end - begin >= LEAST_UNEXPLAINED and track.found_t.any():
            yield int(begin), int(end)
