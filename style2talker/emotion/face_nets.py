"""Three published expression nets on tight face crops: singly weak, together fair.

Each net keeps the preparation it was trained with and its own class order; both were checked against labelled
clips (`benchmarks/face_emotion.py` prints every net alone: a wrong order cannot pass unseen there).

Shapes: T frames, N of them that are looked at, L landmarks (478), E = 8 emotions in the order of `EMOTIONS`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np

from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import Reject, UserError
from style2talker.weights.resolve import resolve

WEIGHTS = ("fer-mini", "facex", "face-api-expression")
FRAME_STEP = 10  # 2.5 looks a second; the three nets cost 15 to 25 ms a look on one core
FLOOR = 0.01
"""No look may veto an emotion: one label in ten of what the nets learned from is wrong (FER-2013; Barsoum et
al. 2016, arXiv 1608.01041), spread over six other classes."""

# Eye corners and the face oval in the 478 landmarks of MediaPipe's mesh.
_RIGHT_EYE, _LEFT_EYE = (33, 133), (362, 263)
_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148,
         176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
_UNSEEN_FACE_SHARE = 0.8  # of the crop's side, without landmarks: the crop rule adds a tenth on every side

_FER_CLASSES = ("angry", "disgusted", "fear", "happy", "sad", "surprised", "neutral")
_FACEX_CLASSES = ("angry", "disgusted", "fear", "happy", "neutral", "sad", "surprised")


def face_patch(frame_hw3: np.ndarray, landmarks_l3: np.ndarray | None, size_px: int) -> np.ndarray:
    """The face oval's upright square, uint8 [size, size, 3]; the crop's middle without landmarks."""
    if landmarks_l3 is None:
        height, width = frame_hw3.shape[:2]
        side = _UNSEEN_FACE_SHARE * min(height, width)
        centre, angle = np.array([width / 2, height / 2]), 0.0
    else:
        points_l2 = landmarks_l3[:, :2]
        across = points_l2[list(_LEFT_EYE)].mean(axis=0) - points_l2[list(_RIGHT_EYE)].mean(axis=0)
        angle = float(np.arctan2(across[1], across[0]))
        upright = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        oval = points_l2[list(_OVAL)] @ upright.T
        low, high = oval.min(axis=0), oval.max(axis=0)
        side = float((high - low).max())
        centre = upright.T @ ((low + high) / 2)
    scale = size_px / side
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[cos, sin], [-sin, cos]])
    offset = np.full(2, (size_px - 1) / 2) - matrix @ centre
    return cv2.warpAffine(
        frame_hw3,
        np.column_stack([matrix, offset]),
        (size_px, size_px),
        flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


class FaceNets:
    """The nets, loaded once. They run on one thread.

    Args:
        paths: name in `WEIGHTS` -> the user's own copy; the others come from `resolve`.
        names: the nets to use.

    Raises:
        UserError: an unknown name, or weights that cannot be had.
    """

    def __init__(self, *, paths: Mapping[str, Path] | None = None, names: tuple[str, ...] = WEIGHTS) -> None:
        loaders = {"fer-mini": _load_fer, "facex": _load_facex, "face-api-expression": _load_face_api}
        if not names or set(names) - set(loaders):
            raise UserError(f"expression nets: got {names}, expected some of {WEIGHTS}; correct the names")
        self._nets = {name: loaders[name](resolve(name, path=(paths or {}).get(name))) for name in names}

    def __call__(
        self, frames_nhw3: np.ndarray, landmarks_nl3: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Each net's probability [E], the geometric mean over the frames; 0 for contempt, which no net knows.

        The geometric mean is what frames that agree on the same question add up to (docs/face_emotion.md):
        one frame in which speech looks like surprise moves it less than the arithmetic one.

        Args:
            frames_nhw3: uint8 RGB, the 256 px crop; those that `looks` chose.
            landmarks_nl3: in crop px.
        """
        faces = [None] * len(frames_nhw3) if landmarks_nl3 is None else list(landmarks_nl3)
        pairs = list(zip(frames_nhw3, faces, strict=True))
        return {name: _pooled([net(*pair) for pair in pairs]) for name, net in self._nets.items()}


def looks(landmarks_tl3: np.ndarray) -> np.ndarray:
    """Every tenth of the frames that have a face, int [N].

    Args:
        landmarks_tl3: NaN where no face was found.

    Raises:
        Reject: `no_face` when no frame has one.
    """
    seen = np.flatnonzero(np.isfinite(landmarks_tl3[:, :, :2]).all(axis=(1, 2)))
    if not len(seen):
        raise Reject("no_face", f"none of {len(landmarks_tl3)} frames has a face, expected at least one")
    return seen[len(seen) % FRAME_STEP // 2 :: FRAME_STEP]


def _pooled(probability_ne: list[np.ndarray]) -> np.ndarray:
    pooled_e = np.exp(np.log(np.maximum(probability_ne, FLOOR)).mean(axis=0))
    pooled_e[EMOTIONS.index("contempt")] = 0.0
    return pooled_e / pooled_e.sum()


_Net = Callable[[np.ndarray, np.ndarray | None], np.ndarray]


def _in_our_order(probability: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    ours_e = np.zeros(len(EMOTIONS))
    for value, name in zip(probability, classes, strict=True):
        ours_e[EMOTIONS.index(name)] = value
    return ours_e


def _load_fer(path: Path) -> _Net:
    run = _tflite(path)

    def probability(frame_hw3: np.ndarray, landmarks_l3: np.ndarray | None) -> np.ndarray:
        grey_hw = cv2.cvtColor(face_patch(frame_hw3, landmarks_l3, 64), cv2.COLOR_RGB2GRAY)
        return _in_our_order(run(grey_hw[None, :, :, None].astype(np.float32) / 127.5 - 1), _FER_CLASSES)

    return probability


def _load_facex(path: Path) -> _Net:
    run = _tflite(path)

    def probability(frame_hw3: np.ndarray, landmarks_l3: np.ndarray | None) -> np.ndarray:
        grey_hw = cv2.cvtColor(face_patch(frame_hw3, landmarks_l3, 200), cv2.COLOR_RGB2GRAY)
        grey_hw3 = np.repeat(grey_hw[:, :, None], 3, axis=2)
        return _in_our_order(run(grey_hw3[None].astype(np.float32) / 255), _FACEX_CLASSES)

    return probability


def _load_face_api(path: Path) -> _Net:
    import torch  # here, so that who only reads what the nets said does not wait for it

    from style2talker.emotion import face_api
    from style2talker.threads import one_thread

    net = face_api.load_expression_net(path)

    def probability(frame_hw3: np.ndarray, landmarks_l3: np.ndarray | None) -> np.ndarray:
        patch_hw3 = face_patch(frame_hw3, landmarks_l3, face_api.FACE_SIZE_PX)
        rgb_nchw = torch.from_numpy(patch_hw3).permute(2, 0, 1)[None].float()
        with torch.inference_mode(), one_thread():
            return _in_our_order(net(rgb_nchw)[0].double().numpy(), face_api.CLASSES)

    return probability


def _tflite(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    wanted = interpreter.get_output_details()[0]["index"]

    def run(batch: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(given, batch)
        interpreter.invoke()
        return interpreter.get_tensor(wanted)[0].astype(np.float64)

    return run
