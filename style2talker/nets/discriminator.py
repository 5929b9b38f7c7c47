"""StyleGAN2's residual discriminator with an optional projection condition.

Sources: residual blocks, [1 3 3 1] blur and mini-batch deviation of StyleGAN2 (arXiv 1912.04958, appendix B);
projection of a condition on the last features (Miyato and Koyama 2018). Style2Talker conditions on degree and
style number; here the condition is any vector, so a picture's style statistics fit too.
Axes: B batch, C channels, H W pixels, D condition.
"""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from style2talker.nets.stylegan2 import Blur, EqualConv2d, EqualLinear, lrelu


class DownBlock(nn.Module):
    """Two convolutions, half the size, with a blurred 1x1 skip."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = EqualConv2d(in_channels, in_channels, 3, padding=1)
        self.blur = Blur(before=2, after=2)
        self.conv2 = EqualConv2d(in_channels, out_channels, 3, stride=2)
        self.skip_blur = Blur(before=1, after=1)
        self.skip = EqualConv2d(in_channels, out_channels, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        out = lrelu(self.conv2(self.blur(lrelu(self.conv1(x)))))
        return (out + self.skip(self.skip_blur(x))) / math.sqrt(2)


def minibatch_deviation(x: Tensor, group: int = 4) -> Tensor:
    """Append one plane with the mean deviation over groups of samples, which shows the discriminator
    diversity."""
    batch, _, height, width = x.shape
    group = next(size for size in range(min(group, batch), 0, -1) if batch % size == 0)
    grouped = x.reshape(group, batch // group, -1)
    deviation = grouped.var(dim=0, unbiased=False).add(1e-8).sqrt().mean(dim=1)
    plane = deviation.repeat(group)[:, None, None, None].expand(-1, 1, height, width)
    return torch.cat([x, plane], dim=1)


class Discriminator(nn.Module):
    """Picture [B, 3, H, H] in [-1, 1] (and condition [B, D]) -> logit [B], large where it looks real.

    Args:
        channels: channels from the picture's resolution down to 4 px, so `H = 4 * 2**(len(channels) - 1)`.
        condition_dim: dimension D, or 0 for an unconditional discriminator.
    """

    def __init__(self, channels: Sequence[int], *, condition_dim: int = 0) -> None:
        super().__init__()
        self.from_rgb = EqualConv2d(3, channels[0], 1)
        self.blocks = nn.ModuleList(DownBlock(here, below) for here, below in itertools.pairwise(channels))
        last = channels[-1]
        self.final_conv = EqualConv2d(last + 1, last, 3, padding=1)
        self.final_linear = EqualLinear(last * 16, last, activation=True)
        self.to_logit = EqualLinear(last, 1)
        self.embed = EqualLinear(condition_dim, last) if condition_dim else None

    def forward(self, image: Tensor, condition_bd: Tensor | None = None) -> Tensor:
        x = lrelu(self.from_rgb(image))
        for block in self.blocks:
            x = block(x)
        x = lrelu(self.final_conv(minibatch_deviation(x)))
        x = self.final_linear(x.flatten(1))
        logit = self.to_logit(x)[:, 0]
        if self.embed is not None and condition_bd is not None:
            logit = logit + (x * self.embed(condition_bd)).sum(dim=1) / math.sqrt(x.shape[1])
        return logit
