"""What is in the portrait (E_c, identity code) and what the art picture looks like (E_s) in Style2Talker.

Axes: B batch, C channels, H W pixels, S style dimension.
"""

import itertools
import math

import torch
from torch import Tensor, nn

from style2talker.nets.stylegan2 import EqualConv2d, EqualLinear, lrelu
from style2talker.nets.warp import resize
from style2talker.style_a.config import StyleAConfig

ART_PX = 64
"""Side at which the art picture is read: its brush work at portrait scale, not its details."""
LARGEST_CONTENT_PX = 256
"""The portrait crop has no more pixels than this."""


class ResidualDown(nn.Module):
    """Half the size by averaging, then a residual pair of 3x3 convolutions."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = EqualConv2d(in_channels, out_channels, 3, padding=1)
        self.conv2 = EqualConv2d(out_channels, out_channels, 3, padding=1)
        self.skip = EqualConv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.avg_pool2d(x, 2)
        return (self.skip(x) + self.conv2(lrelu(self.conv1(x)))) / math.sqrt(2)


class ContentEncoder(nn.Module):
    """Portrait [B, 3, H, H] -> features by side in px (`resolution` or 256, ..., 32, 16) and identity code
    [B, S]."""

    def __init__(self, config: StyleAConfig) -> None:
        super().__init__()
        self.sizes_px = [size for size in reversed(config.sizes_px) if size <= LARGEST_CONTENT_PX]
        width = [config.channels(size) for size in self.sizes_px]
        self.stem = EqualConv2d(3, width[0], 3, padding=1)
        self.down = nn.ModuleList(ResidualDown(here, below) for here, below in itertools.pairwise(width))
        self.to_code = EqualLinear(2 * width[-1], config.style_dim, activation=True)

    def forward(self, source: Tensor) -> tuple[dict[int, Tensor], Tensor]:
        x = lrelu(self.stem(resize(source, self.sizes_px[0])))
        features = {self.sizes_px[0]: x}
        for size_px, block in zip(self.sizes_px[1:], self.down, strict=True):
            x = block(x)
            features[size_px] = x
        return features, self.to_code(channel_statistics(x))


class StyleEncoder(nn.Module):
    """Art picture [B, 3, H, W] -> style code [B, S], from the channel statistics of four scales.

    Only means and deviations are read, so where things are in the art picture cannot leak into the face.
    """

    def __init__(self, config: StyleAConfig) -> None:
        super().__init__()
        width = (24, 48, 64, 96)
        self.stem = EqualConv2d(3, width[0], 3, padding=1)
        self.down = nn.ModuleList(ResidualDown(here, below) for here, below in itertools.pairwise(width))
        self.mlp = nn.Sequential(
            EqualLinear(2 * sum(width), config.style_dim, activation=True),
            EqualLinear(config.style_dim, config.style_dim, activation=True),
        )

    def forward(self, art: Tensor) -> Tensor:
        x = lrelu(self.stem(resize(art, ART_PX)))
        statistics = [channel_statistics(x)]
        for block in self.down:
            x = block(x)
            statistics.append(channel_statistics(x))
        return self.mlp(torch.cat(statistics, dim=1))


def channel_statistics(x: Tensor) -> Tensor:
    """Mean and deviation of every channel, [B, 2C]."""
    return torch.cat([x.mean(dim=(2, 3)), x.var(dim=(2, 3)).add(1e-6).sqrt()], dim=1)
