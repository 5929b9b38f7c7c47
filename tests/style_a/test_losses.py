"""Every weight of the losses does something, and the mouth counts more than its area."""

from dataclasses import fields, replace

import pytest
import torch

from style2talker.nets.perceptual import PerceptualNet
from style2talker.style_a.losses import (
    LossWeights,
    around_mouth,
    condition,
    discriminator_loss,
    generator_losses,
    gradient_penalty,
)

OFF = LossWeights(**{item.name: 0.0 for item in fields(LossWeights)})
OF_THE_GENERATOR = ("reconstruction", "perceptual", "adversarial", "art", "mask", "residual")


@pytest.fixture(scope="module")
def perceptual_net() -> PerceptualNet:
    torch.manual_seed(0)
    return PerceptualNet("alexnet")


def total(inputs, perceptual_net: PerceptualNet, weights: LossWeights, *, degree: float = 0.8) -> float:
    teacher = inputs["source"].roll(3, dims=3)
    losses = generator_losses(
        output=inputs["source"],
        mask=torch.full((2, 1, 64, 64), 0.9),
        flow=inputs["prior"][:, :2] + 0.01,
        teacher=teacher,
        art=inputs["art"],
        degree_b=torch.full((2,), degree),
        prior=inputs["prior"],
        fake_logit_b=torch.zeros(2),
        perceptual_net=perceptual_net,
        weights=weights,
    )
    return float(losses["loss"])


@pytest.mark.parametrize("name", OF_THE_GENERATOR)
def test_each_weight_scales_its_own_loss(inputs, perceptual_net: PerceptualNet, name: str) -> None:
    assert total(inputs, perceptual_net, OFF) == 0
    one = total(inputs, perceptual_net, replace(OFF, **{name: 1.0}))
    assert one > 0
    assert total(inputs, perceptual_net, replace(OFF, **{name: 2.0})) == pytest.approx(2 * one, rel=1e-4)


def test_the_mouth_weight_moves_the_reconstruction_to_the_mouth(
    inputs, perceptual_net: PerceptualNet
) -> None:
    even = total(inputs, perceptual_net, replace(OFF, reconstruction=1.0))
    at_mouth = total(inputs, perceptual_net, replace(OFF, reconstruction=1.0, mouth=50.0))
    assert even != pytest.approx(at_mouth, rel=1e-3)
    area = around_mouth(inputs["prior"], 64).mean()
    assert 0.005 < float(area) < 0.1


def test_a_photograph_is_not_asked_to_look_like_art(inputs, perceptual_net: PerceptualNet) -> None:
    weights = replace(OFF, art=1.0)
    assert total(inputs, perceptual_net, weights, degree=0.0) == 0
    assert total(inputs, perceptual_net, weights, degree=1.0) > total(
        inputs, perceptual_net, weights, degree=0.2
    )


def test_the_discriminator_prefers_real() -> None:
    good = discriminator_loss(torch.full((2,), 3.0), torch.full((2,), -3.0))
    bad = discriminator_loss(torch.full((2,), -3.0), torch.full((2,), 3.0))
    assert float(good) < float(bad)


def test_gradient_penalty_of_a_linear_logit_is_half_its_squared_slope() -> None:
    slope = torch.randn(3, 4, 4)
    real = torch.randn(5, 3, 4, 4, requires_grad=True)
    penalty = gradient_penalty((real * slope).sum(dim=(1, 2, 3)), real)
    torch.testing.assert_close(penalty, slope.square().sum() / 2)


def test_the_condition_forgets_the_art_at_degree_zero(inputs) -> None:
    plain = condition(inputs["art"], torch.zeros(2))
    assert not plain.any()
    styled = condition(inputs["art"], torch.ones(2))
    assert not torch.allclose(styled[0], styled[1])
