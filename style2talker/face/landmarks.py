"""Face landmarks and blendshapes of a clip, for the one face that the clip is about.

Shape suffixes: t frames, l landmarks (478), k expression coefficients (52), 3 is x, y, z in px.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS
from style2talker.quiet import no_native_stderr
from style2talker.weights.resolve import resolve

LARGEST_NUM_FACES = 3
LONGEST_GAP = 25  # frames after which a face that comes back is a new one
LEAST_OVERLAP = 0.25  # intersection over union between neighbouring frames of one face


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One face through a clip.

    Attributes:
        landmarks_tl3: [T, 478, 3] float32, px of the source frame (z in the same px, smaller is nearer);
            NaN where the face was not found.
        blendshapes_tk: [T, 52] float32 in [0, 1], `EXPRESSION_NAMES` order; NaN where not found.
        found_t: [T] bool.
        num_faces_t: [T] int32, how many faces the frame shows (at most 3 are counted).
        rival_t: [T] float32, size of the largest other face over the followed face's; 0 where it is alone.
    """

    landmarks_tl3: np.ndarray
    blendshapes_tk: np.ndarray
    found_t: np.ndarray
    num_faces_t: np.ndarray
    rival_t: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Face:
    landmarks_l3: np.ndarray
    blendshapes_k: np.ndarray

    @property
    def box(self) -> np.ndarray:
        return np.concatenate([self.landmarks_l3[:, :2].min(0), self.landmarks_l3[:, :2].max(0)])

    @property
    def size_px(self) -> float:
        left, top, right, bottom = self.box
        return float(np.sqrt(max(right - left, 0) * max(bottom - top, 0)))


class LandmarkTracker:
    """MediaPipe Face Landmarker for whole clips and for single portraits.

    A new landmarker is made for each clip, because the video mode carries state from frame to frame and the
    same clip must give the same numbers whatever was tracked before it. Up to three faces are found, so the
    landmarker applies no temporal smoothing: lips and lids are not delayed.

    Args:
        path: the `face_landmarker.task` file; None asks the weights registry.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = Path(path) if path is not None else resolve("face_landmarker")
        self._portrait: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._portrait is not None:
            self._portrait.close()
            self._portrait = None

    def track(self, frames: Iterable[np.ndarray]) -> Track:
        """Landmarks of the most prominent face: the one with the largest sum of sizes over the clip.

        Args:
            frames: 25 fps RGB frames, uint8 [H, W, 3], all of one size.
        """
        faces_per_frame = [_faces(result, shape) for result, shape in self._video_results(frames)]
        followed = _most_prominent(faces_per_frame)
        num_frames = len(faces_per_frame)
        landmarks_tl3 = np.full((num_frames, NUM_LANDMARKS, 3), np.nan, np.float32)
        blendshapes_tk = np.full((num_frames, len(EXPRESSION_NAMES)), np.nan, np.float32)
        found_t = np.zeros(num_frames, bool)
        rival_t = np.zeros(num_frames, np.float32)
        for frame, face in followed.items():
            landmarks_tl3[frame], blendshapes_tk[frame] = face.landmarks_l3, face.blendshapes_k
            found_t[frame] = True
            others = [other.size_px for other in faces_per_frame[frame] if other is not face]
            rival_t[frame] = max(others, default=0.0) / max(face.size_px, 1e-6)
        return Track(
            landmarks_tl3=landmarks_tl3,
            blendshapes_tk=blendshapes_tk,
            found_t=found_t,
            num_faces_t=np.array([len(faces) for faces in faces_per_frame], np.int32),
            rival_t=rival_t,
        )

    def detect_image(self, image_hw3: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """(landmarks_l3 px, blendshapes_k) of the largest face of a portrait, or None where there is none."""
        if self._portrait is None:
            with no_native_stderr():
                self._portrait = _landmarker(self._path, video=False)
        with no_native_stderr():
            faces = _faces(self._portrait.detect(_image(image_hw3)), image_hw3.shape)
        if not faces:
            return None
        largest = max(faces, key=lambda face: face.size_px)
        return largest.landmarks_l3, largest.blendshapes_k

    def _video_results(self, frames: Iterable[np.ndarray]) -> Iterator[tuple[Any, tuple[int, ...]]]:
        with no_native_stderr():
            landmarker = _landmarker(self._path, video=True)
        with landmarker:
            for index, frame in enumerate(frames):
                time_ms = index * 1000 // FRAME_RATE_HZ
                if index == 0:  # the native graph prints its warnings with the first frame
                    with no_native_stderr():
                        result = landmarker.detect_for_video(_image(frame), time_ms)
                else:
                    result = landmarker.detect_for_video(_image(frame), time_ms)
                yield result, frame.shape


def _most_prominent(faces_per_frame: list[list[_Face]]) -> dict[int, _Face]:
    """Link faces of neighbouring frames by overlap; return the chain with the largest sum of face sizes."""
    chains: list[dict[int, _Face]] = []
    for frame, faces in enumerate(faces_per_frame):
        open_chains = [chain for chain in chains if frame - max(chain) <= LONGEST_GAP]
        pairs = sorted(
            (
                (_overlap(chain[max(chain)].box, face.box), -chain_index, -face_index)
                for chain_index, chain in enumerate(open_chains)
                for face_index, face in enumerate(faces)
            ),
            reverse=True,
        )
        taken_chains: set[int] = set()
        taken_faces: set[int] = set()
        for overlap, chain_key, face_key in pairs:
            if overlap >= LEAST_OVERLAP and -chain_key not in taken_chains and -face_key not in taken_faces:
                open_chains[-chain_key][frame] = faces[-face_key]
                taken_chains.add(-chain_key)
                taken_faces.add(-face_key)
        chains += [{frame: face} for index, face in enumerate(faces) if index not in taken_faces]
    return max(chains, key=lambda chain: sum(face.size_px for face in chain.values()), default={})


def _overlap(box: np.ndarray, other: np.ndarray) -> float:
    sides = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    common = float(np.prod(np.maximum(sides, 0)))
    total = float(np.prod(box[2:] - box[:2]) + np.prod(other[2:] - other[:2])) - common
    return common / max(total, 1e-9)


def _faces(result: Any, shape: tuple[int, ...]) -> list[_Face]:
    height, width = shape[:2]
    faces = []
    for points, categories in zip(result.face_landmarks, result.face_blendshapes, strict=True):
        scores = {category.category_name: category.score for category in categories}
        faces.append(
            _Face(
                landmarks_l3=np.array([[p.x * width, p.y * height, p.z * width] for p in points], np.float32),
                # the net has no tongueOut, and its `_neutral` score is not a shape
                blendshapes_k=np.array([scores.get(name, 0.0) for name in EXPRESSION_NAMES], np.float32),
            )
        )
    return faces


def _landmarker(path: Path, *, video: bool) -> Any:
    from mediapipe.tasks.python import BaseOptions, vision

    mode = vision.RunningMode.VIDEO if video else vision.RunningMode.IMAGE
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(path)),
        running_mode=mode,
        num_faces=LARGEST_NUM_FACES,
        output_face_blendshapes=True,
    )
    return vision.FaceLandmarker.create_from_options(options)


def _image(image_hw3: np.ndarray) -> Any:
    import mediapipe

    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image_hw3))
