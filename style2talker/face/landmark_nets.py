"""The nets inside `face_landmarker.task`, and what everything that runs them has in common.

The file (Google's MediaPipe, Apache-2.0) is a zip of three TensorFlow Lite nets: a face detector on 128 px, a
landmark net on 256 px and a net that reads blendshapes off 146 of the landmarks. `litert_nets` runs them on a
CPU, a frame at a time; `torch_nets` on any device, batched.

Shape suffixes: n faces, l landmarks (478), k expression coefficients (52), d faces in a frame; 5 region.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES

DETECTOR, LANDMARKS, BLENDSHAPES = (
    "face_detector.tflite",
    "face_landmarks_detector.tflite",
    "face_blendshapes.tflite",
)
LANDMARK_SIZE_PX = 256
LEAST_PRESENCE = 0.0  # the landmark net's logit that there is a face: probability one half, as MediaPipe asks

BLENDSHAPE_LANDMARKS = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70,
    78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149,
    150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195,
    197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300,
    308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375,
    377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454,
    466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
)  # fmt: skip
"""What the blendshape net is shown, x and y in px (face_blendshapes_graph.cc)."""

_NET_NAMES = ("_neutral", *sorted(name for name in EXPRESSION_NAMES if name != "tongueOut"))
_NO_SCORE = len(_NET_NAMES)
_FROM_NET = [_NET_NAMES.index(name) if name in _NET_NAMES else _NO_SCORE for name in EXPRESSION_NAMES]


class LandmarkNets(Protocol):
    """The three nets on some device."""

    def load(self, frames: Sequence[np.ndarray]) -> Any:
        """Bring RGB frames, uint8 [H, W, 3] of one size, to where the nets run."""
        ...

    def detect(self, loaded: Any) -> list[np.ndarray]:
        """For each loaded frame the regions [D, 5] of its faces, surest first, as the detector sees them."""
        ...

    def read(self, loaded: Any, frame_n: np.ndarray, region_n5: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks float32 [N, 478, 3] in the frame's px, and bool [N] whether a face is there.

        Args:
            loaded: what `load` gave.
            frame_n: which of the loaded frames each region is in.
            region_n5: where to look, see `regions`.
        """
        ...

    def blendshapes(self, landmarks_nl3: np.ndarray) -> np.ndarray:
        """Scores float32 [N, 52] in [0, 1], order of `EXPRESSION_NAMES`, of landmarks in px."""
        ...


def net_files(path: str | Path) -> dict[str, bytes]:
    """The three nets in a `face_landmarker.task`, by their names in it.

    Raises:
        UserError: not such a file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in (DETECTOR, LANDMARKS, BLENDSHAPES)}
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise UserError(
            f"{path} is not MediaPipe's face_landmarker.task ({error}); run `style2talker weights fetch`."
        ) from error


def in_our_order(score_nk: np.ndarray) -> np.ndarray:
    """The blendshape net's scores in the order of `EXPRESSION_NAMES`; tongueOut, which it lacks, is 0."""
    return np.pad(score_nk.astype(np.float32), ((0, 0), (0, 1)))[:, _FROM_NET]
