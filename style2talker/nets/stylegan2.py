"""StyleGAN2 blocks (Karras et al. 2020, arXiv 1912.04958): modulated convolution, noise, skip RGB, mapping.

Parameter names follow the widely used PyTorch port, so that its `g_ema` state dicts load unchanged.
Axes: B batch, C channels in, O channels out, H W pixels, S style (w) dimension.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLUR_TAPS = (1.0, 3.0, 3.0, 1.0)
LEAK = 0.2
GAIN = math.sqrt(2.0)


def lrelu(x: Tensor) -> Tensor:
    """Leaky ReLU (0.2) times sqrt 2, which keeps the variance of a unit Gaussian input near one."""
    return F.leaky_relu(x, LEAK) * GAIN


class EqualLinear(nn.Module):
    """Linear layer with run-time weight scaling ("equalised learning rate", Karras et al. 2018, section 4.1).

    Args:
        in_dim: input features; `out_dim` output features.
        bias_init: starting bias (1 for the modulation of a convolution).
        lr_mul: learning-rate multiplier (0.01 in the mapping network).
        activation: apply `lrelu` to the result.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        *,
        bias_init: float = 0.0,
        lr_mul: float = 1.0,
        activation: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_dim, in_dim) / lr_mul)
        self.bias = nn.Parameter(torch.full((out_dim,), float(bias_init)))
        self.scale = lr_mul / math.sqrt(in_dim)
        self.lr_mul = lr_mul
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        out = F.linear(x, self.weight * self.scale, self.bias * self.lr_mul)
        return lrelu(out) if self.activation else out


class EqualConv2d(nn.Module):
    """Convolution with run-time weight scaling; `stride` 2 expects an input that was blurred first."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, stride: int = 1, padding: int = 0
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.scale = 1 / math.sqrt(in_channels * kernel**2)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, self.bias, stride=self.stride, padding=self.padding)


class Blur(nn.Module):
    """Separable [1 3 3 1] low-pass filter after padding (`before`, `after`) on both axes, times `gain`."""

    kernel: Tensor

    def __init__(self, *, before: int, after: int, gain: float = 1.0) -> None:
        super().__init__()
        taps = torch.tensor(BLUR_TAPS)
        kernel = torch.outer(taps, taps)
        self.register_buffer("kernel", kernel / kernel.sum() * gain)
        self.pad = (before, after, before, after)

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        weight = self.kernel[None, None].expand(channels, 1, -1, -1)
        return F.conv2d(F.pad(x, self.pad), weight, groups=channels)


class Upsample(nn.Module):
    """Twice the size: zeros between the pixels, then the [1 3 3 1] filter."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor(BLUR_TAPS)
        kernel = torch.outer(taps, taps)
        self.register_buffer("kernel", kernel / kernel.sum() * 4)

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        weight = self.kernel[None, None].expand(channels, 1, -1, -1)
        return F.conv_transpose2d(x, weight, stride=2, padding=1, groups=channels)


class ModulatedConv2d(nn.Module):
    """Convolution whose input channels are scaled by a style and whose output is demodulated (eqs. 1 to 3).

    Scaling the weights per sample equals scaling input and output channels around one shared convolution; the
    second form is used because a grouped convolution with B groups is several times slower on a CPU.

    Shapes: x [B, C, H, W], style [B, S] -> [B, O, H, W] (2H, 2W with `upsample`).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        style_dim: int,
        *,
        demodulate: bool = True,
        upsample: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, out_channels, in_channels, kernel, kernel))
        self.modulation = EqualLinear(style_dim, in_channels, bias_init=1.0)
        self.scale = 1 / math.sqrt(in_channels * kernel**2)
        self.padding = kernel // 2
        self.demodulate, self.upsample = demodulate, upsample
        if upsample:
            self.blur = Blur(before=1, after=1, gain=4.0)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        weight = self.weight[0] * self.scale
        scale_bc = self.modulation(style)
        x = x * scale_bc[:, :, None, None]
        if self.upsample:
            x = self.blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))
        else:
            x = F.conv2d(x, weight, padding=self.padding)
        if self.demodulate:
            energy_oc = weight.square().sum(dim=(2, 3))
            x = x * torch.rsqrt(scale_bc.square() @ energy_oc.T + 1e-8)[:, :, None, None]
        return x


class NoiseInjection(nn.Module):
    """Add one noise image to all channels, times a learned scalar that starts at zero."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        return x if noise is None else x + self.weight * noise


class BiasLeakyRelu(nn.Module):
    """Per-channel bias, then `lrelu`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return lrelu(x + self.bias[None, :, None, None])


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias and activation: one synthesis layer."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, style_dim: int, *, upsample: bool = False
    ) -> None:
        super().__init__()
        self.conv = ModulatedConv2d(in_channels, out_channels, kernel, style_dim, upsample=upsample)
        self.noise = NoiseInjection()
        self.activate = BiasLeakyRelu(out_channels)

    def forward(self, x: Tensor, style: Tensor, *, noise: Tensor | None = None) -> Tensor:
        return self.activate(self.noise(self.conv(x, style), noise))


class ToRGB(nn.Module):
    """1x1 modulated convolution to `out_channels` planes, added to the upsampled result of the layer
    below."""

    def __init__(
        self, in_channels: int, style_dim: int, *, upsample: bool = True, out_channels: int = 3
    ) -> None:
        super().__init__()
        if upsample:
            self.upsample = Upsample()
        self.conv = ModulatedConv2d(in_channels, out_channels, 1, style_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, out_channels, 1, 1))

    def forward(self, x: Tensor, style: Tensor, skip: Tensor | None = None) -> Tensor:
        out = self.conv(x, style) + self.bias
        return out if skip is None else out + self.upsample(skip)


class PixelNorm(nn.Module):
    """Divide a vector by its root mean square."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


def mapping_network(style_dim: int, num_layers: int) -> nn.Sequential:
    """z [B, S] -> w [B, S]: pixel norm and `num_layers` layers at a hundredth of the learning rate."""
    layers = [EqualLinear(style_dim, style_dim, lr_mul=0.01, activation=True) for _ in range(num_layers)]
    return nn.Sequential(PixelNorm(), *layers)
