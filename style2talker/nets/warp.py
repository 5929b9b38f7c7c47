"""Backward warping and the AdaIN hourglass that predicts a flow (PIRender's WarpingNet).

A flow holds displacements in `grid_sample` units: the picture is 2 wide and 2 high, whatever its pixels, so
one flow warps features of every size. `out(p) = in(p + flow(p))`.
Axes: B batch, C channels, H W pixels, D motion descriptor.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def identity_grid(height_px: int, width_px: int, like: Tensor) -> Tensor:
    """Pixel-centre coordinates [2, H, W] (x, y) in [-1, 1], `align_corners=False`."""
    y = (torch.arange(height_px, device=like.device, dtype=like.dtype) * 2 + 1) / height_px - 1
    x = (torch.arange(width_px, device=like.device, dtype=like.dtype) * 2 + 1) / width_px - 1
    return torch.stack([x.expand(height_px, -1), y[:, None].expand(-1, width_px)])


def resize(x: Tensor, size_px: int) -> Tensor:
    """Resize [B, C, H, H] to `size_px`: area average when shrinking, bilinear when growing."""
    if x.shape[-1] == size_px:
        return x
    if x.shape[-1] > size_px:
        return F.interpolate(x, size=(size_px, size_px), mode="area")
    return F.interpolate(x, size=(size_px, size_px), mode="bilinear", align_corners=False)


def warp(x: Tensor, flow: Tensor) -> Tensor:
    """Sample x [B, C, H, W] at the flow's [B, 2, h, h] positions; outside the picture its border repeats."""
    height_px, width_px = x.shape[-2:]
    flow = resize(flow, height_px)
    position = identity_grid(height_px, width_px, x) + flow
    grid = position.permute(0, 2, 3, 1)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


class AdaIn(nn.Module):
    """Instance normalisation whose scale and shift come from a descriptor (Huang and Belongie 2017, eq. 8).

    The affine map starts at scale 1 and shift 0.
    """

    def __init__(self, channels: int, descriptor_dim: int) -> None:
        super().__init__()
        self.affine = nn.Linear(descriptor_dim, 2 * channels)
        nn.init.normal_(self.affine.weight, std=0.02)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, descriptor_bd: Tensor) -> Tensor:
        scale, shift = self.affine(descriptor_bd)[:, :, None, None].chunk(2, dim=1)
        mean = x.mean(dim=(2, 3), keepdim=True)
        deviation = (x - mean).square().mean(dim=(2, 3), keepdim=True).add(1e-5).sqrt()
        return (x - mean) / deviation * (1 + scale) + shift


class AdaInConv(nn.Module):
    """AdaIN, leaky ReLU, 3x3 convolution."""

    def __init__(self, in_channels: int, out_channels: int, descriptor_dim: int) -> None:
        super().__init__()
        self.norm = AdaIn(in_channels, descriptor_dim)
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor, descriptor_bd: Tensor) -> Tensor:
        return self.conv(F.leaky_relu(self.norm(x, descriptor_bd), 0.1))


class AdaInHourglass(nn.Module):
    """Encoder and decoder with skips, every block modulated by the descriptor.

    Args:
        in_channels: input planes; `out_channels` feature planes that come out at the input's size.
        base, largest: channels of the first level and the cap.
        num_levels: halvings of the picture's side.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        descriptor_dim: int,
        *,
        base: int,
        largest: int,
        num_levels: int,
    ) -> None:
        super().__init__()
        width = [min(base * 2**level, largest) for level in range(num_levels + 1)]
        self.first = nn.Conv2d(in_channels, width[0], 3, padding=1)
        self.down = nn.ModuleList(
            AdaInConv(width[level], width[level + 1], descriptor_dim) for level in range(num_levels)
        )
        self.up = nn.ModuleList(
            AdaInConv(width[level + 1] + width[level], width[level], descriptor_dim)
            for level in reversed(range(num_levels))
        )
        self.last = nn.Conv2d(width[0], out_channels, 3, padding=1)

    def forward(self, x: Tensor, descriptor_bd: Tensor) -> Tensor:
        skips = [self.first(x)]
        for block in self.down:
            skips.append(F.avg_pool2d(block(skips[-1], descriptor_bd), 2))
        x = skips.pop()
        for block in self.up:
            skip = skips.pop()
            x = block(torch.cat([resize(x, skip.shape[-1]), skip], dim=1), descriptor_bd)
        return self.last(F.leaky_relu(x, 0.1))
