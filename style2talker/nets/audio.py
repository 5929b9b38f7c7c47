"""Mel windows to one feature per video frame.

Axes: B batch, W frames of the window, S mel steps around a frame (16 at 80 Hz), M mel bands (80), C channels,
H features.
"""

from torch import Tensor, nn
from torch.nn import functional as F

NUM_MEL_STEPS = 16
NUM_MEL_BANDS = 80
_STRIDE = 4


class AudioEncoder(nn.Module):
    """A strided conv over the 0.2 s around each frame, then dilated convs over neighbouring frames.

    The second part sees three frames more on either side, so lips can move before the sound they prepare
    (coarticulation).

    Args:
        channels: inside, a multiple of 8.
        hidden: features per frame that come out.
    """

    def __init__(self, *, channels: int, hidden: int) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.Linear(_STRIDE * NUM_MEL_BANDS, channels),
            nn.LayerNorm(channels),
            nn.SiLU(),
            nn.Flatten(start_dim=2),
            nn.Linear(channels * NUM_MEL_STEPS // _STRIDE, channels),
        )
        self.norms = nn.ModuleList(nn.GroupNorm(1, channels) for _ in range(2))
        self.between = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel_size=3, dilation=reach, padding=reach) for reach in (1, 2)
        )
        self.exit = nn.Sequential(nn.LayerNorm(channels), nn.SiLU(), nn.Linear(channels, hidden))

    def forward(self, mel_bwsm: Tensor) -> Tensor:
        """[B, W, 16, 80] normalised log-mel to [B, W, H]."""
        # A convolution whose stride is its width is a linear map of consecutive steps, without the transpose.
        piece_bwqc = mel_bwsm.unflatten(2, (-1, _STRIDE)).flatten(3)
        x_bcw = self.inside(piece_bwqc).transpose(1, 2)
        for norm, conv in zip(self.norms, self.between, strict=True):
            x_bcw = x_bcw + conv(F.silu(norm(x_bcw)))
        return self.exit(x_bcw.transpose(1, 2))
