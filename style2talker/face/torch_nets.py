"""The landmark nets in torch, batched, on any device: the path of GPU nodes.

Shape suffixes: t frames, n faces, l landmarks (478), k coefficients (52); 5 region, s side of a cut.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from style2talker.errors import UserError
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
from style2talker.face.model import NUM_LANDMARKS
from style2talker.face.regions import sampling_matrices, to_frame, whole_frame
from style2talker.face.tflite_graph import read_graph
from style2talker.face.tflite_torch import TorchGraph


class TorchNets:
    """See `LandmarkNets`; in full float32, also where a GPU would take TF32, so that it agrees with a CPU.

    Args:
        path: the `face_landmarker.task` file.
        device: a torch device, `cuda` or `cpu`.
        batch_size: faces per call of the landmark net; 256 faces take about 2 GB.

    Raises:
        UserError: torch does not see the device.
    """

    def __init__(self, path: str | Path, *, device: str = "cuda", batch_size: int = 64) -> None:
        try:
            self._device = torch.empty(0, device=device).device
        except (RuntimeError, AssertionError) as error:
            reason = str(error).partition("\n")[0]
            raise UserError(f"torch cannot use device {device!r} ({reason}); take 'cpu' here.") from error
        files = net_files(path)
        self._detector, self._landmarks, self._blendshapes = (
            TorchGraph(read_graph(files[name])).eval().to(self._device)
            for name in (DETECTOR, LANDMARKS, BLENDSHAPES)
        )
        self._batch_size = batch_size

    def load(self, frames: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(frames)).to(self._device)

    @torch.inference_mode()
    def detect(self, loaded: Tensor) -> list[np.ndarray]:
        height, width = loaded.shape[1:3]
        square_t5 = np.tile(whole_frame(height, width), (len(loaded), 1))
        found = []
        for rows in _batches(len(loaded), self._batch_size):
            cut_tss3 = cut(
                loaded, np.arange(rows.start, rows.stop), square_t5[rows], DETECTOR_SIZE_PX, replicate=False
            )
            with _exact():
                values, scores = self._detector(cut_tss3 / 127.5 - 1)
            for one_values, one_scores in zip(values.cpu().numpy(), scores.cpu().numpy(), strict=True):
                found.append(find_regions(one_values, one_scores[:, 0], height_px=height, width_px=width))
        return found

    @torch.inference_mode()
    def read(
        self, loaded: Tensor, frame_n: np.ndarray, region_n5: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        points_nl3 = np.empty((len(region_n5), NUM_LANDMARKS, 3), np.float32)
        presence_n = np.empty(len(region_n5), np.float32)
        for rows in _batches(len(region_n5), self._batch_size):
            cut_nss3 = cut(loaded, frame_n[rows], region_n5[rows], LANDMARK_SIZE_PX, replicate=True)
            with _exact():
                points, presence, _ = self._landmarks(cut_nss3 / 255)
            points_nl3[rows] = points.reshape(-1, NUM_LANDMARKS, 3).cpu().numpy()
            presence_n[rows] = presence.reshape(-1).cpu().numpy()
        return to_frame(points_nl3, region_n5, LANDMARK_SIZE_PX), presence_n > LEAST_PRESENCE

    @torch.inference_mode()
    def blendshapes(self, landmarks_nl3: np.ndarray) -> np.ndarray:
        shown = torch.from_numpy(landmarks_nl3[:, BLENDSHAPE_LANDMARKS, :2].astype(np.float32))
        with _exact():
            (scores,) = self._blendshapes(shown.to(self._device))
        return in_our_order(scores.cpu().numpy())


def cut(
    frames_thw3: Tensor, frame_n: np.ndarray, region_n5: np.ndarray, size_px: int, *, replicate: bool
) -> Tensor:
    """Regions of uint8 frames as float32 [N, S, S, 3] in [0, 255], bilinear, on the frames' device.

    Beyond the frame lies its edge (`replicate`) or black. Only the pixels that are needed become float: the
    frames of a batch would take gigabytes.
    """
    device = frames_thw3.device
    height, width = frames_thw3.shape[1:3]
    matrix_n23 = torch.from_numpy(sampling_matrices(region_n5, size_px).astype(np.float32)).to(device)
    steps_s = torch.arange(size_px, device=device, dtype=torch.float32)
    x_nss, y_nss = (
        matrix_n23[:, axis, 0, None, None] * steps_s
        + matrix_n23[:, axis, 1, None, None] * steps_s[:, None]
        + matrix_n23[:, axis, 2, None, None]
        for axis in (0, 1)
    )
    pixels_p3 = frames_thw3.reshape(-1, 3)
    start_n11 = torch.from_numpy(frame_n).to(device)[:, None, None] * (height * width)
    left_nss, top_nss = x_nss.floor(), y_nss.floor()
    total_nss3 = torch.zeros(*x_nss.shape, 3, device=device)
    for right in (0, 1):
        for down in (0, 1):
            column, row = left_nss + right, top_nss + down
            weight = (1 - (x_nss - column).abs()) * (1 - (y_nss - row).abs())
            if not replicate:
                weight = weight * ((column >= 0) & (column < width) & (row >= 0) & (row < height))
            place = row.clamp(0, height - 1).long() * width + column.clamp(0, width - 1).long() + start_n11
            total_nss3 += pixels_p3[place.reshape(-1)].reshape(*place.shape, 3) * weight[..., None]
    return total_nss3


def _batches(total: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, total)) for start in range(0, total, size))


@contextmanager
def _exact() -> Iterator[None]:
    """No TF32 and no algorithm chosen by a race: the same frames give the same bytes."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield
