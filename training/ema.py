"""Exponential moving average of weights whose length is counted in samples, with a ramp-up for short runs.

Lightning's own averaging counts optimiser steps and has no ramp-up, so changing the batch size or stopping
after two minutes would change what is averaged.
"""

import torch
from torch import Tensor, nn


class Ema:
    """The averaged copy of a module's parameters; buffers are not averaged.

    Args:
        module: whose parameters are followed, by name.
        half_life_samples: a weight's share in the average halves every so many samples.
        ramp_up: the half-life is at most this share of the samples seen so far.
    """

    def __init__(self, module: nn.Module, *, half_life_samples: float, ramp_up: float = 0.05) -> None:
        self.half_life_samples = half_life_samples
        self.ramp_up = ramp_up
        self.average = {name: value.detach().clone() for name, value in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module, *, batch_size: int, samples_seen: int) -> None:
        """Take in the weights after an optimiser step of `batch_size` samples."""
        half_life = min(self.half_life_samples, max(samples_seen, 1) * self.ramp_up)
        keep = 0.5 ** (batch_size / max(half_life, 1e-8))
        for name, value in module.named_parameters():
            average = self.average[name] = self.average[name].to(value.device)
            average.lerp_(value.detach(), 1 - keep)

    @torch.no_grad()
    def swap(self, module: nn.Module) -> None:
        """Exchange the module's weights and the average; calling it twice changes nothing."""
        for name, value in module.named_parameters():
            kept = value.detach().clone()
            value.copy_(self.average[name])
            self.average[name] = kept

    def state_dict(self) -> dict[str, Tensor]:
        """The average by parameter name."""
        return self.average

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore what `state_dict` gave."""
        self.average = {name: value.clone() for name, value in state.items()}
