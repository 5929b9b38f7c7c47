"""Tracks a clip in batches, for GPU nodes: the same `Track` as `LandmarkTracker`'s, from the same nets.

Every frame goes through the detector, then three times through the landmark net: cut as the detector says,
and twice cut by the landmarks just found, as the tracker of `landmarks` cuts a face by its landmarks of the
frame before. So no frame waits for another, and one that went wrong harms no other. Each cut brings the
landmarks three times closer to where further ones would leave them. A frame in which the detector sees
nothing (a profile, a blur) is cut where the last face before it was.

Shape suffixes: n faces of a batch, l landmarks (478), 3 is x, y, z in px; 5 region.
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from style2talker.face.follow import Face, Track
from style2talker.face.landmark_nets import LandmarkNets
from style2talker.face.landmarks import MOST_FACES, distinct, follow
from style2talker.face.model import NUM_LANDMARKS
from style2talker.face.regions import regions_of_landmarks
from style2talker.face.torch_nets import TorchNets
from style2talker.weights.resolve import resolve

NUM_CUTS = 3
LONGEST_CARRY = 12  # frames that a face is looked for where it was last detected


class BatchedTracker:
    """See the module; the batch's size changes speed and memory, not what is found.

    Args:
        path: the `face_landmarker.task` file; None asks the weights registry.
        device: a torch device, `cuda` or `cpu`.
        batch_size: frames decoded ahead and given to the nets at once; 64 frames of 1080p are 0.4 GB.
        nets: other nets than torch's, for comparisons.

    Raises:
        UserError: torch does not see the device.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        device: str = "cuda",
        batch_size: int = 64,
        nets: LandmarkNets | None = None,
    ) -> None:
        path = path if path is not None or nets else resolve("face_landmarker")
        self._nets = nets or TorchNets(str(path), device=device, batch_size=batch_size)
        self._batch_size = batch_size

    def track(self, frames: Iterable[np.ndarray]) -> Track:
        """Landmarks of the most prominent face: the one with the largest sum of sizes over the clip.

        Args:
            frames: 25 fps RGB frames, uint8 [H, W, 3], all of one size.
        """
        stream = iter(frames)
        faces_per_frame: list[list[Face]] = []
        carried: tuple[int, np.ndarray] | None = None  # the frame of the last detected face, and where it was
        while batch := list(islice(stream, self._batch_size)):
            faces, carried = self._batch(batch, len(faces_per_frame), carried)
            faces_per_frame += faces
        return follow(self._nets, faces_per_frame)

    def _batch(
        self, frames: list[np.ndarray], first: int, carried: tuple[int, np.ndarray] | None
    ) -> tuple[list[list[Face]], tuple[int, np.ndarray] | None]:
        loaded = self._nets.load(frames)
        detected = [regions[:MOST_FACES] for regions in self._nets.detect(loaded)]
        frame_n = np.repeat(np.arange(len(frames)), [len(regions) for regions in detected])
        faces = self._read(loaded, frame_n, np.concatenate(detected), len(frames))

        missing: list[tuple[int, np.ndarray]] = []
        for frame, found in enumerate(faces):
            if found:
                largest = max(found, key=lambda face: face.size_px)
                carried = first + frame, regions_of_landmarks(largest.landmarks_l3[None])[0]
            elif carried is not None and first + frame - carried[0] <= LONGEST_CARRY:
                missing.append((frame, carried[1]))
        if missing:
            frame_n = np.array([frame for frame, _ in missing])
            again = self._read(loaded, frame_n, np.stack([region for _, region in missing]), len(frames))
            faces = [found or second for found, second in zip(faces, again, strict=True)]
        return faces, carried

    def _read(
        self, loaded: Any, frame_n: np.ndarray, region_n5: np.ndarray, num_frames: int
    ) -> list[list[Face]]:
        """The faces of each frame in those regions, in the end cut by their own landmarks."""
        landmarks_nl3 = np.empty((0, NUM_LANDMARKS, 3), np.float32)
        for _ in range(NUM_CUTS):
            landmarks_nl3, present_n = self._nets.read(loaded, frame_n, region_n5)
            frame_n, landmarks_nl3 = frame_n[present_n], landmarks_nl3[present_n]
            region_n5 = regions_of_landmarks(landmarks_nl3)
        faces: list[list[Face]] = [[] for _ in range(num_frames)]
        for frame, landmarks_l3 in zip(frame_n, landmarks_nl3, strict=True):
            faces[frame].append(Face(landmarks_l3))
        return [distinct(found) for found in faces]
