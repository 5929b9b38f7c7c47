"""What a clip's skin looks like: the colour of each of its points, and the light of each frame.

Shapes: T frames, N points of the skin, C (3) colours, J (4) lights, H W picture. Colours in steps of 8 bit.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

LEAST_SIGMA = 4.0  # sensor noise, and what interpolation errs
LIGHT_RIDGE = 1e-3  # of a frame's evidence, towards light that is the clip's own
DARKEST = 0.2  # of the clip's own light
ROUNDS = 3
MOST_FRAMES = 250  # that colours are learned from, spread over the clip


@dataclass(frozen=True, slots=True)
class Appearance:
    """Expected colours are albedo times shade.

    Attributes:
        albedo_nc: the median over the frames that show the point, as it would look in the clip's mean light.
        sigma_n: how far a point's colour usually strays from that.
        shade_tn: brightness, the two lowest orders of spherical harmonics of each frame.
        known_n: the point is seen at all.
    """

    albedo_nc: torch.Tensor
    sigma_n: torch.Tensor
    shade_tn: torch.Tensor
    known_n: torch.Tensor


def appearance(seen_tnc: torch.Tensor, normal_tn3: torch.Tensor, weight_tn: torch.Tensor) -> Appearance:
    """The appearance that explains the colours seen, as weighted (0 where a point is not seen)."""
    frames = np.unique(np.linspace(0, len(seen_tnc) - 1, MOST_FRAMES).round().astype(int))
    shade_tn = torch.ones_like(weight_tn)
    for _ in range(ROUNDS):
        bare_tnc = torch.where(weight_tn[..., None] > 0, seen_tnc / shade_tn[..., None], torch.nan)[frames]
        albedo_nc = bare_tnc.nanmedian(0).values
        stray_n = (bare_tnc - albedo_nc).norm(dim=2).nanmedian(0).values
        known_n = ~torch.isnan(stray_n)
        sigma_n = torch.sqrt(stray_n.nan_to_num(0) ** 2 + LEAST_SIGMA**2)
        albedo_nc = albedo_nc.nan_to_num(0)
        light_tj = _lights(seen_tnc, albedo_nc, normal_tn3, weight_tn * known_n / sigma_n**2)
        shade_tn = (light_tj[:, :1] + (normal_tn3 @ light_tj[:, 1:, None])[..., 0]).clamp(min=DARKEST)
    return Appearance(albedo_nc, sigma_n, shade_tn, known_n)


def _lights(
    seen_tnc: torch.Tensor, albedo_nc: torch.Tensor, normal_tn3: torch.Tensor, weight_tn: torch.Tensor
) -> torch.Tensor:
    """The lights [T, 4] with which albedo explains the colours best: least squares, frame by frame."""
    basis_tnj = torch.cat([torch.ones_like(normal_tn3[..., :1]), normal_tn3], 2)
    bright_tn = weight_tn * (albedo_nc**2).sum(1)
    pull_tj = ((weight_tn * (seen_tnc * albedo_nc).sum(2))[:, None] @ basis_tnj)[:, 0]
    ridge_t1 = LIGHT_RIDGE * bright_tn.sum(1)[:, None] + 1e-6
    pull_tj[:, 0] += ridge_t1[:, 0]
    matrix_tjj = basis_tnj.transpose(1, 2) @ (bright_tn[..., None] * basis_tnj)
    return torch.linalg.solve(matrix_tjj + torch.diag_embed(ridge_t1.expand(-1, 4)), pull_tj)


def sampled(pictures_tchw: torch.Tensor, pixels_tn2: torch.Tensor) -> torch.Tensor:
    """Colours [T, N, C] between pixels, bilinear; outside the picture those of its edge."""
    height_px, width_px = pictures_tchw.shape[2:]
    half_2 = torch.tensor([width_px - 1, height_px - 1], device=pixels_tn2.device) / 2
    grid_tn12 = (pixels_tn2 / half_2 - 1)[:, :, None]
    colour_tcn1 = F.grid_sample(pictures_tchw, grid_tn12, padding_mode="border", align_corners=True)
    return colour_tcn1[..., 0].transpose(1, 2)


def blurred(pictures_tchw: torch.Tensor) -> torch.Tensor:
    """Pictures blurred by one px: the binomial (1, 2, 1) / 4, twice along each side."""
    for axis in (2, 3, 2, 3):
        size = pictures_tchw.shape[axis]
        index = torch.arange(size, device=pictures_tchw.device)
        before, after = (index - 1).clamp(min=0), (index + 1).clamp(max=size - 1)
        around_tchw = pictures_tchw.index_select(axis, before) + pictures_tchw.index_select(axis, after)
        pictures_tchw = (pictures_tchw + around_tchw / 2) / 2
    return pictures_tchw
