"""The landmark nets on one CPU core, a frame at a time, with LiteRT (once TensorFlow Lite) and XNNPACK.

Shape suffixes: n faces, l landmarks (478), k expression coefficients (52); 5 region, s side of a cut.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from style2talker.face.detection import DETECTOR_SIZE_PX, find_regions
from style2talker.face.landmark_nets import (
    BLENDSHAPE_LANDMARKS,
    BLENDSHAPES,
    DETECTOR,
    LANDMARK_SIZE_PX,
    LANDMARKS,
    LEAST_PRESENCE,
    in_our_order,
    net_files,
)
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS
from style2talker.face.regions import sampling_matrices, to_frame, whole_frame
from style2talker.quiet import no_native_stderr

_Run = Callable[[np.ndarray], list[np.ndarray]]


class LiteRtNets:
    """See `LandmarkNets`.

    Args:
        path: the `face_landmarker.task` file.
    """

    def __init__(self, path: str | Path) -> None:
        files = net_files(path)
        with no_native_stderr():  # it announces its delegate there
            self._detector, self._landmarks, self._blendshapes = (
                _interpreter(files[name]) for name in (DETECTOR, LANDMARKS, BLENDSHAPES)
            )

    def load(self, frames: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        return frames

    def detect(self, loaded: Sequence[np.ndarray]) -> list[np.ndarray]:
        found = []
        for frame_hw3 in loaded:
            height, width = frame_hw3.shape[:2]
            square = whole_frame(height, width)
            cut_ss3 = _cut(frame_hw3, square, DETECTOR_SIZE_PX, border=cv2.BORDER_CONSTANT)
            values, scores = self._detector(cut_ss3[None] * np.float32(1 / 127.5) - 1)
            found.append(find_regions(values[0], scores[0, :, 0], height_px=height, width_px=width))
        return found

    def read(
        self, loaded: Sequence[np.ndarray], frame_n: np.ndarray, region_n5: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        points_nl3 = np.empty((len(region_n5), NUM_LANDMARKS, 3), np.float32)
        presence_n = np.empty(len(region_n5), np.float32)
        for row, (frame, region) in enumerate(zip(frame_n, region_n5, strict=True)):
            cut_ss3 = _cut(loaded[frame], region, LANDMARK_SIZE_PX, border=cv2.BORDER_REPLICATE)
            points, presence, _ = self._landmarks(cut_ss3[None] * np.float32(1 / 255))
            points_nl3[row], presence_n[row] = points.reshape(NUM_LANDMARKS, 3), presence.item()
        return to_frame(points_nl3, region_n5, LANDMARK_SIZE_PX), presence_n > LEAST_PRESENCE

    def blendshapes(self, landmarks_nl3: np.ndarray) -> np.ndarray:
        shown = landmarks_nl3[:, BLENDSHAPE_LANDMARKS, :2].astype(np.float32)
        scores = [self._blendshapes(points[None])[0] for points in shown]
        return in_our_order(np.array(scores).reshape(-1, len(EXPRESSION_NAMES)))


def _cut(frame_hw3: np.ndarray, region_5: np.ndarray, size_px: int, *, border: int) -> np.ndarray:
    """The region as uint8 [S, S, 3]; bilinear, as the nets were trained and as MediaPipe cuts."""
    matrix = sampling_matrices(region_5[None], size_px)[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(frame_hw3, matrix, (size_px, size_px), flags=flags, borderMode=border)


def _interpreter(data: bytes) -> _Run:
    from ai_edge_litert.interpreter import Interpreter

    # One thread: so small a net waits for its threads more than they help, and processes share the cores.
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    wanted = [detail["index"] for detail in interpreter.get_output_details()]

    def run(batch: np.ndarray) -> list[np.ndarray]:
        interpreter.set_tensor(given, batch)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in wanted]

    return run
