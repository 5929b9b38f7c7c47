"""The plain StyleGAN2 generator, as trained and shipped by the widely used PyTorch port (`g_ema` state
dicts).

Style-A builds on the same layers; this class exists so that pretrained synthesis layers can be loaded and
checked.
Axes: B batch, S style dimension.
"""

import itertools
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from style2talker.nets.stylegan2 import StyledConv, ToRGB, mapping_network


class ConstantInput(nn.Module):
    """The learned 4x4 input of the synthesis network."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))

    def forward(self, batch: int) -> Tensor:
        return self.input.expand(batch, -1, -1, -1)


class StyleGan2Generator(nn.Module):
    """Mapping and synthesis network with skip RGB outputs.

    Args:
        channels: channels at 4, 8, 16, ... pixels; its length sets the output resolution, 4 * 2**(n - 1).
        style_dim: dimension of z and w.
        num_mapping_layers: layers of the mapping network (8 in the paper).
    """

    def __init__(self, channels: Sequence[int], *, style_dim: int = 512, num_mapping_layers: int = 8) -> None:
        super().__init__()
        self.style = mapping_network(style_dim, num_mapping_layers)
        self.input = ConstantInput(channels[0])
        self.conv1 = StyledConv(channels[0], channels[0], 3, style_dim)
        self.to_rgb1 = ToRGB(channels[0], style_dim, upsample=False)
        self.convs, self.to_rgbs, self.noises = nn.ModuleList(), nn.ModuleList(), nn.Module()
        self.noises.register_buffer("noise_0", torch.randn(1, 1, 4, 4))
        for level, (below, here) in enumerate(itertools.pairwise(channels)):
            self.convs.append(StyledConv(below, here, 3, style_dim, upsample=True))
            self.convs.append(StyledConv(here, here, 3, style_dim))
            self.to_rgbs.append(ToRGB(here, style_dim))
            size = 8 * 2**level
            self.noises.register_buffer(f"noise_{2 * level + 1}", torch.randn(1, 1, size, size))
            self.noises.register_buffer(f"noise_{2 * level + 2}", torch.randn(1, 1, size, size))

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor]) -> Self:
        """Build the generator whose sizes a `g_ema` state dict implies, and load it strictly."""
        channels = [state["input.input"].shape[1]]
        while f"convs.{2 * (len(channels) - 1)}.conv.weight" in state:
            channels.append(state[f"convs.{2 * (len(channels) - 1)}.conv.weight"].shape[1])
        num_mapping_layers = sum(name.startswith("style.") and name.endswith(".weight") for name in state)
        style_dim = state["style.1.weight"].shape[0]
        generator = cls(channels, style_dim=style_dim, num_mapping_layers=num_mapping_layers)
        generator.load_state_dict({name: value.float() for name, value in state.items()})
        return generator

    def forward(self, style_bs: Tensor, *, noise: bool = True) -> Tensor:
        """w [B, S] -> image [B, 3, H, W] in about [-1, 1]; the stored noise images are used, or none."""

        def noise_image(index: int) -> Tensor | None:
            return self.noises.get_buffer(f"noise_{index}") if noise else None

        x = self.conv1(self.input(len(style_bs)), style_bs, noise=noise_image(0))
        image = self.to_rgb1(x, style_bs)
        for level, to_rgb in enumerate(self.to_rgbs):
            x = self.convs[2 * level](x, style_bs, noise=noise_image(2 * level + 1))
            x = self.convs[2 * level + 1](x, style_bs, noise=noise_image(2 * level + 2))
            image = to_rgb(x, style_bs, image)
        return image
