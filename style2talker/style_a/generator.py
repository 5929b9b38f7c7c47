"""Style-A: portrait, motion and art picture -> one stylised frame (Style2Talker, arXiv 2403.06365).

    source -> content encoder -> features --warp(flow)--> refinement --> StyleGAN2 synthesis -> rgb + mask
    window -> descriptor ----> motion generator (+ geometric prior) -> flow, occlusion
    art    -> style encoder --- degree d --> w of every synthesis layer;  colours -> linear map
    out = mask * recolour_d(warp(source)) + rgb

What Style2Talker has that this has not: a StyleGAN pretrained on portraits, face parsing as content input.
What this adds: the geometric prior, the linear colour map, and the warped source itself in the output, which
keeps the person's own pixels at any resolution and lets a small network learn in minutes.

Axes: B batch, C channels, H W P pixels, K N motion window, D descriptor, L synthesis layers, S style
dimension.
"""

import itertools
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from style2talker.nets.stylegan2 import EqualConv2d, StyledConv, ToRGB
from style2talker.nets.warp import AdaInHourglass, resize, warp
from style2talker.style_a.colour import colour_map, recolour
from style2talker.style_a.config import StyleAConfig
from style2talker.style_a.encoders import ContentEncoder, StyleEncoder
from style2talker.style_a.geometry_flow import NUM_PLANES
from style2talker.style_a.motion import MotionEncoder, MotionGenerator

MASK_LOGIT = 4.0
"""Start of the mask logit: nearly all of the picture is the warped source."""
SITE_PX = 64
"""Where the refinement network acts in Style2Talker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A portrait as the generator needs it; made once per portrait.

    `features` by side in px, each with one plane of noise appended, so that grain moves with the face.
    """

    source: Tensor
    features: dict[int, Tensor]
    code_bs: Tensor

    def expand(self, batch: int) -> Self:
        """The same portrait for `batch` frames, without copying."""
        return type(self)(
            source=self.source.expand(batch, -1, -1, -1),
            features={size: x.expand(batch, -1, -1, -1) for size, x in self.features.items()},
            code_bs=self.code_bs.expand(batch, -1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A style at a degree: w of every layer, the colour map and the degree."""

    style_bls: Tensor
    colour_b34: Tensor
    degree_b: Tensor

    def expand(self, batch: int) -> Self:
        """The same style for `batch` frames."""
        return type(self)(
            style_bls=self.style_bls.expand(batch, -1, -1),
            colour_b34=self.colour_b34.expand(batch, -1, -1),
            degree_b=self.degree_b.expand(batch),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What a frame is composed of: synthesised RGB, mask of the source, and the flow that warps it."""

    rgb: Tensor
    mask: Tensor
    flow: Tensor

    def compose(self, content: Content, style: Style, *, size_px: int) -> Tensor:
        """The frame [B, 3, size, size]. A size above `resolution` takes the source's own finer pixels."""
        moved = recolour(warp(resize(content.source, size_px), self.flow), style.colour_b34, style.degree_b)
        return resize(self.mask, size_px) * moved + resize(self.rgb, size_px)


class StyleAGenerator(nn.Module):
    """The generator. Pictures are RGB in [-1, 1]."""

    def __init__(self, config: StyleAConfig) -> None:
        super().__init__()
        self.config = config
        sizes = config.sizes_px
        self.content_encoder = ContentEncoder(config)
        self.style_encoder = StyleEncoder(config)
        self.motion_encoder = MotionEncoder(config.num_coefficients, config.descriptor_dim)
        self.motion_generator = MotionGenerator(config)
        self.site_px = min(SITE_PX, config.resolution // 2)
        site = config.channels(self.site_px)
        self.refinement = AdaInHourglass(
            site + NUM_PLANES - 2, 2 * site, config.descriptor_dim, base=32, largest=96, num_levels=3
        )
        nn.init.zeros_(self.refinement.last.weight)
        nn.init.zeros_(self.refinement.last.bias)
        self.fuse = nn.ModuleDict(
            {
                str(size): EqualConv2d(config.channels(size) + NUM_PLANES - 2, config.channels(size), 1)
                for size in self.content_encoder.sizes_px
            }
        )
        self.first = StyledConv(config.channels(sizes[0]), config.channels(sizes[0]), 3, config.style_dim)
        self.up, self.same, self.to_rgb = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for below, size in itertools.pairwise(sizes):
            here = config.channels(size)
            self.up.append(StyledConv(config.channels(below), here, 3, config.style_dim, upsample=True))
            self.same.append(StyledConv(here, here, 3, config.style_dim))
            self.to_rgb.append(ToRGB(here, config.style_dim, upsample=len(self.to_rgb) > 0, out_channels=4))
            nn.init.zeros_(self.to_rgb[-1].conv.weight)
        self.layer_gain_ls = nn.Parameter(torch.ones(2 * len(self.up) + 1, config.style_dim))

    def encode(self, source: Tensor, *, seed: int | None = None) -> Content:
        """Portrait [B, 3, H, H] of any side -> its content; `seed` fixes the noise planes."""
        features, code_bs = self.content_encoder(source)
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        for size in self.config.sizes_px:
            noise = torch.randn(len(source), 1, size, size, generator=generator).to(source)
            features[size] = torch.cat([features[size], noise], dim=1) if size in features else noise
        return Content(source=source, features=features, code_bs=code_bs)

    def style(self, content: Content, art: Tensor, degree_b: Tensor) -> Style:
        """Style of an art picture [B, 3, H, W] at degree [B] in [0, 1]; at 0 the art has no influence at all.

        `w_l = w_identity + d g_l w_art`: Style2Talker swaps w by layer and scales DualStyleGAN's residual
        path by d.
        """
        art_bs = self.style_encoder(art)
        style_bls = content.code_bs[:, None] + degree_b[:, None, None] * self.layer_gain_ls * art_bs[:, None]
        return Style(style_bls=style_bls, colour_b34=colour_map(content.source, art), degree_b=degree_b)

    def layers(self, content: Content, style: Style, window_bkn: Tensor, prior: Tensor) -> Layers:
        """Motion window [B, K, 27] and flow prior [B, 5, P, P] -> what the frame is composed of."""
        descriptor_bd = self.motion_encoder(window_bkn)
        flow, occlusion = self.motion_generator(content.source, prior, descriptor_bd)
        planes = prior[:, 2:]
        sizes = self.config.sizes_px

        def moved(size: int) -> tuple[Tensor | None, Tensor]:
            x = warp(content.features[size], flow).contiguous(memory_format=torch.channels_last)
            feature, noise = x[:, :-1], x[:, -1:]
            if size not in self.content_encoder.sizes_px:
                return None, noise
            if size == self.site_px:
                at_site = torch.cat([feature, resize(planes, size)], dim=1)
                scale, shift = self.refinement(at_site, descriptor_bd).chunk(2, dim=1)
                feature = feature * (1 + scale) + shift
            feature = feature * resize(occlusion, size)
            return self.fuse[str(size)](torch.cat([feature, resize(planes, size)], dim=1)), noise

        feature, noise = moved(sizes[0])
        assert feature is not None
        x = self.first(feature, style.style_bls[:, 0], noise=noise)
        out: Tensor | None = None
        for level, size in enumerate(sizes[1:]):
            feature, noise = moved(size)
            x = self.up[level](x, style.style_bls[:, 2 * level + 1], noise=noise)
            if feature is not None:
                x = x + feature
            x = self.same[level](x, style.style_bls[:, 2 * level + 2], noise=noise)
            out = self.to_rgb[level](x, style.style_bls[:, 2 * level + 2], out)
        assert out is not None
        return Layers(rgb=out[:, :3], mask=torch.sigmoid(out[:, 3:] + MASK_LOGIT), flow=flow)

    def forward(
        self, source: Tensor, art: Tensor, degree_b: Tensor, window_bkn: Tensor, prior: Tensor
    ) -> tuple[Tensor, Layers]:
        """One frame [B, 3, resolution, resolution] per sample, and its layers."""
        content = self.encode(source)
        style = self.style(content, art, degree_b)
        layers = self.layers(content, style, window_bkn, prior)
        return layers.compose(content, style, size_px=self.config.resolution), layers
