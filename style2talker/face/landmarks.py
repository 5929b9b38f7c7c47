"""Face landmarks and blendshapes of a clip, for the one face that the clip is about.

MediaPipe's nets without its graph. With one face allowed the graph smooths over time, which delays lips and
lids; with more it runs the detector on every frame and cuts the face where that says, so that the cut, and
with it the landmarks, shake. Here a face is cut where its landmarks of the frame before lie. On one core, and
on a picture that only sways (512 px, `benchmarks/landmarks.py`; distances in % of the eyes' distance):

                        frames/s    from frame to frame    from its mean place
    MediaPipe, 1 face        122           0.12                   0.78 (delay)
    MediaPipe, 3 faces       101           0.24                   0.35
    this                     154           0.11                   0.37

Shape suffixes: n faces, l landmarks (478), k expression coefficients (52), 3 is x, y, z in px; 5 region.
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from style2talker.face.follow import Face, Track, build_track, most_prominent
from style2talker.face.landmark_nets import LandmarkNets
from style2talker.face.litert_nets import LiteRtNets
from style2talker.face.model import NUM_LANDMARKS
from style2talker.face.regions import boxes, overlaps, regions_of_landmarks
from style2talker.weights.resolve import resolve

MOST_FACES = 3
LOOK_EVERY = 5  # frames between two looks for further faces; the one followed needs none
SAME_FACE = 0.5  # intersection over union of two regions from which they hold one face


class LandmarkTracker:
    """Tracks faces from frame to frame, on one CPU core: the landmark net once per face and frame.

    The detector looks at every fifth frame, and wherever a face was lost: a second person is counted 0.16 s
    late at most. Nothing is smoothed, and nothing remains of a clip that was tracked before.

    Args:
        path: the `face_landmarker.task` file; None asks the weights registry.
        nets: other nets than LiteRT's, for comparisons.
    """

    def __init__(self, path: str | Path | None = None, *, nets: LandmarkNets | None = None) -> None:
        self._nets = nets or LiteRtNets(path if path is not None else resolve("face_landmarker"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del self._nets  # their native memory goes now, not at some later collection

    def track(self, frames: Iterable[np.ndarray]) -> Track:
        """Landmarks of the most prominent face: the one with the largest sum of sizes over the clip.

        Args:
            frames: 25 fps RGB frames, uint8 [H, W, 3], all of one size.
        """
        faces_per_frame: list[list[Face]] = []
        region_n5 = np.empty((0, 5))
        for index, frame in enumerate(frames):
            loaded = self._nets.load([frame])
            faces = self._read(loaded, region_n5)
            if index % LOOK_EVERY == 0 or len(faces) < max(len(region_n5), 1):
                faces = self._with_new_faces(loaded, faces)
            faces_per_frame.append(faces)
            region_n5 = _regions(faces)
        return follow(self._nets, faces_per_frame)

    def detect_image(self, image_hw3: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """(landmarks_l3 px, blendshapes_k) of the largest face of a portrait, or None where there is none."""
        faces = self._with_new_faces(self._nets.load([image_hw3]), [])
        if not faces:
            return None
        largest = max(faces, key=lambda face: face.size_px)
        return largest.landmarks_l3, self._nets.blendshapes(largest.landmarks_l3[None])[0]

    def _with_new_faces(self, loaded: Any, faces: list[Face]) -> list[Face]:
        """The faces, and those that the detector sees beside them."""
        found_n5 = self._nets.detect(loaded)[0]
        known = overlaps(boxes(found_n5), boxes(_regions(faces))) > SAME_FACE
        new = self._read(loaded, found_n5[~known.any(axis=1)][: MOST_FACES - len(faces)])
        # a second time, cut by the landmarks as every later frame will be
        return distinct([*faces, *self._read(loaded, _regions(new))])

    def _read(self, loaded: Any, region_n5: np.ndarray) -> list[Face]:
        landmarks_nl3, present_n = self._nets.read(loaded, np.zeros(len(region_n5), int), region_n5)
        return distinct([Face(landmarks_l3) for landmarks_l3 in landmarks_nl3[present_n]])


def follow(nets: LandmarkNets, faces_per_frame: list[list[Face]]) -> Track:
    """The track of the most prominent face; only its blendshapes are computed."""
    followed = most_prominent(faces_per_frame)
    blendshapes_nk = nets.blendshapes(_landmarks(list(followed.values())))
    return build_track(faces_per_frame, followed, blendshapes_nk)


def distinct(faces: list[Face]) -> list[Face]:
    """The faces without those that lie on an earlier one."""
    if len(faces) < 2:
        return faces
    same = overlaps(*[boxes(_regions(faces))] * 2) > SAME_FACE
    return [face for index, face in enumerate(faces) if not same[index, :index].any()]


def _regions(faces: list[Face]) -> np.ndarray:
    return regions_of_landmarks(_landmarks(faces))


def _landmarks(faces: list[Face]) -> np.ndarray:
    landmarks_nl3 = np.array([face.landmarks_l3 for face in faces], np.float32)
    return landmarks_nl3.reshape(len(faces), NUM_LANDMARKS, 3)
