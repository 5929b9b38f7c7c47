"""LPIPS and channel statistics in the features of AlexNet or VGG16.

Sources: LPIPS v0.1 (Zhang et al. 2018, arXiv 1801.03924, eq. 1); AdaIN style loss (Huang and Belongie 2017,
arXiv 1703.06868, eq. 13). The networks are the two published classifiers up to their last used ReLU.
Axes: B batch, C channels, H W pixels.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHIFT_RGB = (-0.030, -0.088, -0.188)
SCALE_RGB = (0.458, 0.448, 0.450)
"""ImageNet mean and deviation in the [-1, 1] range, as LPIPS v0.1 applies them."""

POOL = "pool"
ALEXNET: tuple[tuple[int, int, int, int] | str, ...] = (
    (64, 11, 4, 2),
    POOL,
    (192, 5, 1, 2),
    POOL,
    (384, 3, 1, 1),
    (256, 3, 1, 1),
    (256, 3, 1, 1),
)
"""Channels, kernel, stride, padding of each convolution; pools are 3x3 with stride 2."""
VGG16: tuple[tuple[int, int, int, int] | str, ...] = tuple(
    POOL if width == 0 else (width, 3, 1, 1)
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512)
)
NETS = {"alexnet": (ALEXNET, 3, (0, 1, 2, 3, 4)), "vgg16": (VGG16, 2, (1, 3, 6, 9, 12))}
"""Layers, pooling kernel, and the convolutions whose ReLU is a feature."""


class PerceptualNet(nn.Module):
    """Frozen feature network with the LPIPS heads.

    Args:
        name: "alexnet" or "vgg16". The weights are random until `from_arrays` loads published ones.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, name: str = "alexnet") -> None:
        super().__init__()
        self.layers, self.pool_px, self.taps = NETS[name]
        self.convs, self.heads = nn.ModuleList(), nn.ParameterList()
        in_channels = 3
        for layer in self.layers:
            if not isinstance(layer, str):
                out_channels, kernel, stride, padding = layer
                if len(self.convs) in self.taps:
                    self.heads.append(torch.full((1, out_channels, 1, 1), 1 / out_channels))
                self.convs.append(
                    nn.Conv2d(in_channels, out_channels, kernel, stride=stride, padding=padding)
                )
                in_channels = out_channels
        self.register_buffer("shift", torch.tensor(SHIFT_RGB).reshape(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE_RGB).reshape(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    @classmethod
    def from_arrays(cls, name: str, arrays: Mapping[str, Any]) -> Self:
        """Load the tree `{AlexNet_0 | VGG16_0: {Conv_i: {kernel (h, w, in, out), bias}}, NetLinLayer_i:
        ...}`."""
        net = cls(name)
        (backbone,) = [arrays[key] for key in arrays if not key.startswith("NetLinLayer")]
        with torch.no_grad():
            for index, conv in enumerate(net.convs):
                layer = backbone[f"Conv_{index}"]
                conv.weight.copy_(
                    torch.from_numpy(np.ascontiguousarray(layer["kernel"].transpose(3, 2, 0, 1)))
                )
                conv.bias.copy_(torch.from_numpy(np.ascontiguousarray(layer["bias"])))
            for index, head in enumerate(net.heads):
                kernel = arrays[f"NetLinLayer_{index}"]["Conv_0"]["kernel"]
                head.copy_(torch.from_numpy(np.ascontiguousarray(kernel.reshape(1, -1, 1, 1))))
        return net

    def forward(self, image: Tensor) -> list[Tensor]:
        """RGB [B, 3, H, W] in [-1, 1] -> five feature maps, shallow first."""
        x = (image - self.shift) / self.scale
        features, index = [], 0
        for layer in self.layers:
            if isinstance(layer, str):
                x = F.max_pool2d(x, self.pool_px, stride=2)
            else:
                x = F.relu(self.convs[index](x))
                if index in self.taps:
                    features.append(x)
                index += 1
        return features

    def distance(self, left: list[Tensor], right: list[Tensor]) -> Tensor:
        """LPIPS [B] of two lists of features: 0 for equal pictures, about 0.7 for unrelated ones."""
        total = left[0].new_zeros(len(left[0]))
        for head, a, b in zip(self.heads, left, right, strict=True):
            total = total + (head * (_unit(a) - _unit(b)).square()).sum(dim=1).mean(dim=(1, 2))
        return total


def _unit(feature: Tensor) -> Tensor:
    return feature * torch.rsqrt(feature.square().sum(dim=1, keepdim=True) + 1e-10)


def style_distance(left: list[Tensor], right: list[Tensor]) -> Tensor:
    """Difference [B] of channel means and deviations, each layer relative to the right picture's deviations.

    Dividing by the mean square deviation of the target makes layers with large activations count like the
    others.
    """
    total = left[0].new_zeros(len(left[0]))
    for a, b in zip(left, right, strict=True):
        mean_a, mean_b = a.mean(dim=(2, 3)), b.mean(dim=(2, 3))
        deviation_a = a.var(dim=(2, 3)).add(1e-6).sqrt()
        deviation_b = b.var(dim=(2, 3)).add(1e-6).sqrt()
        size = (mean_b.square() + deviation_b.square()).mean(dim=1)
        gap = (mean_a - mean_b).square() + (deviation_a - deviation_b).square()
        total = total + gap.mean(dim=1) / size
    return total / len(left)
