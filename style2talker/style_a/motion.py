"""What moves where: motion coefficients -> descriptor -> residual flow and occlusion (G_m of Style2Talker).

Axes: B batch, T frames, K coefficients, N the 27 frames of a window, D descriptor, P H W pixels.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from style2talker.corpus.schema import FRAME_SIZE_PX
from style2talker.nets.warp import AdaInHourglass, resize, warp
from style2talker.style_a.config import WINDOW_FRAMES, StyleAConfig
from style2talker.style_a.geometry_flow import NUM_PLANES

LARGEST_RESIDUAL = 0.15
"""The residual flow stays within this part of half the picture: the prior knows the rest."""
OPEN_LOGIT = 3.0
"""Start of the occlusion logit: everything visible."""


def motion_coefficients(
    expression_tk: np.ndarray, rotation_t3: np.ndarray, translation_t3: np.ndarray, crop_t3: np.ndarray
) -> np.ndarray:
    """The rows of a motion window for T frames, float32 [T, K_exp + 9].

    Translation counts from the middle of the 256 px crop, in half crops; px per cm counts tenfold. The crop
    square counts from the clip's first one, in its sides, because source pixels mean nothing to another clip.
    """
    half_px = FRAME_SIZE_PX / 2
    place_t3 = translation_t3 / [half_px, half_px, 10] - [1, 1, 1]
    crop_t3 = (crop_t3 - crop_t3[:1]) / crop_t3[:1, 2:]
    return np.concatenate([expression_tk, rotation_t3, place_t3, crop_t3], axis=1).astype(np.float32)


def motion_window(coefficients_tk: np.ndarray, frame: int) -> np.ndarray:
    """Window [K, 27] around one frame, clamped at the clip's ends."""
    reach = WINDOW_FRAMES // 2
    index_n = np.clip(np.arange(frame - reach, frame + reach + 1), 0, len(coefficients_tk) - 1)
    return np.ascontiguousarray(coefficients_tk[index_n].T)


class MotionEncoder(nn.Module):
    """Window [B, K, 27] -> descriptor [B, D]: PIRender's MappingNet (convolution of 7, then three dilated
    ones)."""

    def __init__(self, num_coefficients: int, descriptor_dim: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(num_coefficients, descriptor_dim, 7)
        self.blocks = nn.ModuleList(
            nn.Conv1d(descriptor_dim, descriptor_dim, 3, dilation=3) for _ in range(3)
        )

    def forward(self, window_bkn: Tensor) -> Tensor:
        x = self.first(window_bkn)
        for block in self.blocks:
            x = block(F.leaky_relu(x, 0.1)) + x[:, :, 3:-3]
        return x.mean(dim=2)


class MotionGenerator(nn.Module):
    """Predicts what the geometric prior does not know: the residual flow and the occlusion.

    Shapes: source picture [B, 3, H, H], prior [B, 5, P, P], descriptor [B, D] -> flow [B, 2, P, P] (prior
    plus residual) and occlusion [B, 1, h, h] in (0, 1), h = `flow_px`.
    """

    def __init__(self, config: StyleAConfig) -> None:
        super().__init__()
        self.flow_px = config.flow_px
        self.hourglass = AdaInHourglass(
            3 + NUM_PLANES, 3, config.descriptor_dim, base=16, largest=96, num_levels=4
        )
        nn.init.zeros_(self.hourglass.last.weight)
        nn.init.zeros_(self.hourglass.last.bias)

    def forward(self, source: Tensor, prior: Tensor, descriptor_bd: Tensor) -> tuple[Tensor, Tensor]:
        small_source, small_prior = resize(source, self.flow_px), resize(prior, self.flow_px)
        moved = warp(small_source, small_prior[:, :2])
        planes = torch.cat([moved, small_prior[:, :2] * 5, small_prior[:, 2:]], dim=1)
        out = self.hourglass(planes, descriptor_bd)
        residual = torch.tanh(out[:, :2]) * LARGEST_RESIDUAL
        flow = prior[:, :2] + resize(residual, prior.shape[-1])
        return flow, torch.sigmoid(out[:, 2:] + OPEN_LOGIT)
