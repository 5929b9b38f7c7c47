"""The DiffMLP of AGRoL (arXiv 2304.08577) as Style2Talker's Style-E uses it, written from the description.

Axes: B batch, W frames of the window, H hidden width.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def timestep_embedding(timestep_b: Tensor, dim: int) -> Tensor:
    """Fixed sinusoids of the timestep, [B, dim]; frequencies 1 to 1e-4 (Vaswani et al. 2017, 3.5)."""
    half = dim // 2
    rate_h = torch.exp(torch.arange(half, device=timestep_b.device) * (-math.log(10_000) / half))
    angle_bh = timestep_b[:, None].float() * rate_h
    return torch.cat([angle_bh.sin(), angle_bh.cos()], dim=1)


class MlpBlock(nn.Module):
    """Adds the timestep, mixes frames, then mixes channels; both mixings are residual.

    `x = x + Linear(SiLU(e))`, `x += SiLU(Conv1d over frames(LN(x)))`, `x += SiLU(Linear(LN(x)))`.
    """

    def __init__(self, window: int, hidden: int) -> None:
        super().__init__()
        self.from_timestep = nn.Linear(hidden, hidden)
        self.norm_frames = nn.LayerNorm(hidden)
        self.mix_frames = nn.Conv1d(window, window, kernel_size=1)
        self.norm_channels = nn.LayerNorm(hidden)
        self.mix_channels = nn.Linear(hidden, hidden)

    def forward(self, x_bwh: Tensor, timestep_bh: Tensor) -> Tensor:
        x_bwh = x_bwh + self.from_timestep(F.silu(timestep_bh))[:, None]
        x_bwh = x_bwh + F.silu(self.mix_frames(self.norm_frames(x_bwh)))
        return x_bwh + F.silu(self.mix_channels(self.norm_channels(x_bwh)))


class DiffMlp(nn.Module):
    """`in_dim` numbers per frame to `out_dim` numbers per frame, over windows of fixed length.

    What is the same for all frames is added behind the entry layer: the same function as the paper's
    concatenation before it, at a fraction of the cost.
    """

    def __init__(self, *, in_dim: int, out_dim: int, hidden: int, num_layers: int, window: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.entry = nn.Linear(in_dim, hidden)
        self.blocks = nn.ModuleList(MlpBlock(window, hidden) for _ in range(num_layers))
        self.norm = nn.LayerNorm(hidden)
        self.exit = nn.Linear(hidden, out_dim)

    def forward(self, in_bwc: Tensor, timestep_b: Tensor, *, still_bh: Tensor) -> Tensor:
        """[B, W, in_dim], [B] and [B, H] to [B, W, out_dim]."""
        timestep_bh = timestep_embedding(timestep_b, self.hidden)
        x_bwh = self.entry(in_bwc) + still_bh[:, None]
        for block in self.blocks:
            x_bwh = block(x_bwh, timestep_bh)
        return self.exit(self.norm(x_bwh))
