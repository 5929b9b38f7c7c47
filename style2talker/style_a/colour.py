"""The colours of an art picture, as one linear map: the closed-form part of a style.

Axes: B batch, N samples of colour, H W pixels.
"""

import torch
from torch import Tensor

FLOOR = 1e-3
"""Added to colour covariances (pictures in [-1, 1]): a grey picture has none along two directions."""
LARGEST_GAIN = 2.5
"""Bounds how far a dull portrait is stretched towards a vivid picture; beyond it JPEG blocks show."""


@torch.no_grad()
def colour_map(source: Tensor, art: Tensor) -> Tensor:
    """Affine map [B, 3, 4] that gives the source's colours the mean and covariance of the art's.

    The Monge-Kantorovich map (Pitie and Kokaram 2007, eq. 10): of all linear maps with that property it moves
    colours least. Pictures are RGB [B, 3, H, W] in [-1, 1]. No gradient flows through it.
    """
    mean_s, covariance_s = _statistics(source.float())
    mean_t, covariance_t = _statistics(art.float())
    root_s = _power(covariance_s, 0.5)
    inverse_root_s = _power(covariance_s, -0.5)
    middle = _power(root_s @ covariance_t @ root_s, 0.5)
    gain, axes = torch.linalg.eigh(inverse_root_s @ middle @ inverse_root_s)
    matrix = axes @ torch.diag_embed(gain.clamp(max=LARGEST_GAIN)) @ axes.transpose(1, 2)
    shift = mean_t[..., None] - matrix @ mean_s[..., None]
    return torch.cat([matrix, shift], dim=2)


def recolour(image: Tensor, map_b34: Tensor, degree_b: Tensor) -> Tensor:
    """Apply a colour map to degree d: (1 - d) identity + d map."""
    identity = torch.eye(3, 4, device=image.device, dtype=image.dtype)
    degree_b11 = degree_b[:, None, None].to(image.dtype)
    blend_b34 = identity + degree_b11 * (map_b34.to(image.dtype) - identity)
    return torch.einsum("bij,bjhw->bihw", blend_b34[:, :, :3], image) + blend_b34[:, :, 3, None, None]


def _statistics(image: Tensor) -> tuple[Tensor, Tensor]:
    colour_b3n = image.flatten(2)
    mean_b3 = colour_b3n.mean(dim=2)
    centred = colour_b3n - mean_b3[..., None]
    covariance = centred @ centred.transpose(1, 2) / colour_b3n.shape[2]
    return mean_b3, covariance + FLOOR * torch.eye(3, device=image.device)


def _power(matrix_b33: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix_b33)
    return vectors @ torch.diag_embed(values.clamp(min=1e-8) ** exponent) @ vectors.transpose(1, 2)
