"""The average's length is counted in samples, so the batch size does not change what it means."""

import pytest
import torch
from torch import nn

from training.ema import Ema


def follow(batch_size: int, samples: int) -> float:
    module = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        module.weight.fill_(0.0)
    ema = Ema(module, half_life_samples=1000, ramp_up=1e9)
    with torch.no_grad():
        module.weight.fill_(1.0)
    for seen in range(batch_size, samples + 1, batch_size):
        ema.update(module, batch_size=batch_size, samples_seen=seen)
    return float(ema.average["weight"])


@pytest.mark.parametrize("batch_size", [10, 50, 250])
def test_half_of_the_start_is_forgotten_after_the_half_life(batch_size: int) -> None:
    assert follow(batch_size, 1000) == pytest.approx(0.5, abs=1e-5)
    assert follow(batch_size, 2000) == pytest.approx(0.75, abs=1e-5)


def test_early_on_the_average_is_short() -> None:
    module = nn.Linear(1, 1, bias=False)
    ema = Ema(module, half_life_samples=1e9, ramp_up=0.05)
    with torch.no_grad():
        module.weight.fill_(3.0)
    ema.update(module, batch_size=64, samples_seen=64)
    assert float(ema.average["weight"]) == pytest.approx(3.0, abs=1e-3)


def test_swapping_twice_changes_nothing() -> None:
    module = nn.Linear(3, 2)
    ema = Ema(module, half_life_samples=10)
    ema.average["weight"] += 1
    before = module.weight.detach().clone()
    ema.swap(module)
    torch.testing.assert_close(module.weight.detach(), before + 1)
    ema.swap(module)
    torch.testing.assert_close(module.weight.detach(), before)
