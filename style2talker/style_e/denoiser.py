"""The Style-E denoiser: noised expression coefficients in, clean ones out (prediction of x0, Style2Talker).

Axes: B batch, W frames of the window, K expression coefficients, I identity coefficients, D text embedding,
S and M mel steps and bands. Inside, coefficients are normalised by the training split's statistics.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from style2talker.nets.audio import AudioEncoder
from style2talker.nets.mlp import DiffMlp
from style2talker.style_e.config import WINDOW, StyleEConfig

_IDENTITY_LIMIT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Mean and spread of the training split's coefficients, as `Denoiser` normalises with them."""

    expression_mean_k: np.ndarray
    expression_std_k: np.ndarray
    identity_mean_i: np.ndarray
    identity_std_i: np.ndarray

    @classmethod
    def of(cls, expression_tk: np.ndarray, identity_ni: np.ndarray) -> "Statistics":
        """From all training frames and all training clips' identities."""
        return cls(
            expression_mean_k=expression_tk.mean(axis=0),
            expression_std_k=_spread(expression_tk),
            identity_mean_i=identity_ni.mean(axis=0),
            identity_std_i=_spread(identity_ni),
        )


def _spread(values_nk: np.ndarray) -> np.ndarray:
    # A coefficient that hardly moves must not be blown up to the weight of the jaw.
    std_k = values_nk.std(axis=0)
    return np.maximum(std_k, max(0.1 * float(std_k.max()), 1e-4))


class Denoiser(nn.Module):
    """DiffMLP over 32 frames. Every frame gets its noised coefficients, its sound, the text and who speaks.

    Args:
        config: sizes.
        num_coefficients, num_identity, text_dim: K, I and D.
        statistics: of the training split; None leaves 0 and 1 for loading a checkpoint.
    """

    def __init__(
        self,
        config: StyleEConfig,
        *,
        num_coefficients: int,
        num_identity: int,
        text_dim: int,
        statistics: Statistics | None = None,
    ) -> None:
        super().__init__()
        hidden = config.hidden
        self.audio = AudioEncoder(channels=config.audio_channels, hidden=hidden)
        self.text = nn.Linear(text_dim, hidden)
        self.speaker = nn.Linear(num_identity + num_coefficients, hidden)
        self.motion = nn.Linear(num_coefficients, hidden)
        self.mlp = DiffMlp(
            in_dim=2 * hidden,
            out_dim=num_coefficients,
            hidden=hidden,
            num_layers=config.num_layers,
            window=WINDOW,
        )
        shapes = {
            "expression_mean_k": np.zeros(num_coefficients),
            "expression_std_k": np.ones(num_coefficients),
            "identity_mean_i": np.zeros(num_identity),
            "identity_std_i": np.ones(num_identity),
        }
        for name, default in shapes.items():
            value = default if statistics is None else getattr(statistics, name)
            self.register_buffer(name, torch.as_tensor(value, dtype=torch.float32))

    def forward(
        self,
        noised_bwk: Tensor,
        timestep_b: Tensor,
        *,
        mel_bwsm: Tensor,
        text_bd: Tensor,
        identity_bi: Tensor,
        reference_bk: Tensor,
    ) -> Tensor:
        """Predict the clean normalised coefficients [B, W, K].

        Args:
            noised_bwk: normalised coefficients at `timestep_b`.
            timestep_b: 0 (clean) to diffusion_steps - 1 (noise).
            mel_bwsm: [B, W, 16, 80] windows of `media.mel.mel_windows`.
            text_bd: sentence embedding; zeros stand for "no text" (classifier-free guidance).
            identity_bi: identity coefficients, not normalised.
            reference_bk: an expression of the speaker from elsewhere, not normalised.
        """
        identity_mean_i, identity_std_i = self._buffer("identity_mean_i"), self._buffer("identity_std_i")
        # Few speakers make identity easy to memorise; a face far outside must not lead off the map.
        identity_bi = ((identity_bi - identity_mean_i) / identity_std_i).clamp(
            -_IDENTITY_LIMIT, _IDENTITY_LIMIT
        )
        who_bc = torch.cat([identity_bi, self.normalise(reference_bk)], dim=1)
        in_bwc = torch.cat([self.audio(mel_bwsm), self.motion(noised_bwk)], dim=2)
        return self.mlp(in_bwc, timestep_b, still_bh=self.text(text_bd) + self.speaker(who_bc))

    def normalise(self, expression: Tensor) -> Tensor:
        """Coefficients [..., K] in units of the training split's spread around its mean."""
        return (expression - self._buffer("expression_mean_k")) / self._buffer("expression_std_k")

    def denormalise(self, normalised: Tensor) -> Tensor:
        """The inverse of `normalise`."""
        return normalised * self._buffer("expression_std_k") + self._buffer("expression_mean_k")

    def _buffer(self, name: str) -> Tensor:
        return cast(Tensor, getattr(self, name))
