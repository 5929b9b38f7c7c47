"""Mel windows to one feature per video frame.

Axes: B batch, W frames of the window, S mel steps around a frame (16 at 80 Hz), M mel bands (80), H features.
"""

from torch import Tensor, nn
from torch.nn import functional as F

NUM_MEL_STEPS = 16
NUM_MEL_BANDS = 80


class AudioEncoder(nn.Module):
    """A strided conv stack over the 0.2 s around each frame, then dilated convs over neighbouring frames.

    The second part sees +-0.24 s more, so lips can move before the sound they prepare (coarticulation).

    Args:
        channels: of the conv stack inside a frame's window.
        hidden: features per frame that come out.
    """

    def __init__(self, *, channels: int, hidden: int) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.Conv1d(NUM_MEL_BANDS, channels, kernel_size=3, stride=2, padding=1),
            nn.GroupNorm(8, channels),
            nn.SiLU(),
            nn.Conv1d(channels, channels, kernel_size=3, stride=2, padding=1),
            nn.GroupNorm(8, channels),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(channels * NUM_MEL_STEPS // 4, hidden),
        )
        self.norms = nn.ModuleList(nn.GroupNorm(1, hidden) for _ in range(2))
        self.between = nn.ModuleList(
            nn.Conv1d(hidden, hidden, kernel_size=3, dilation=dilation, padding=dilation)
            for dilation in (1, 2)
        )
        self.norm = nn.LayerNorm(hidden)

    def forward(self, mel_bwsm: Tensor) -> Tensor:
        """[B, W, 16, 80] normalised log-mel to [B, W, H]."""
        batch, window = mel_bwsm.shape[:2]
        frame_nh = self.inside(mel_bwsm.flatten(0, 1).transpose(1, 2))
        x_bhw = frame_nh.unflatten(0, (batch, window)).transpose(1, 2)
        for norm, conv in zip(self.norms, self.between, strict=True):
            x_bhw = x_bhw + conv(F.silu(norm(x_bhw)))
        return self.norm(x_bhw.transpose(1, 2))
