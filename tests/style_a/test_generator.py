"""What the generator promises before and after training."""

from dataclasses import replace

import pytest
import torch

from style2talker.errors import UserError
from style2talker.style_a.config import StyleAConfig
from style2talker.style_a.generator import StyleAGenerator


@pytest.mark.parametrize("resolution", [64, 128, 256, 512])
def test_any_resolution_draws_its_size(tiny_config: StyleAConfig, inputs, resolution: int) -> None:
    config = replace(tiny_config, resolution=resolution)
    with torch.no_grad():
        image, layers = StyleAGenerator(config)(**inputs)
    assert image.shape == (2, 3, resolution, resolution)
    assert layers.mask.shape == (2, 1, resolution, resolution)
    assert layers.flow.shape == (2, 2, 64, 64)


def test_a_size_that_is_no_power_of_two_is_refused() -> None:
    with pytest.raises(UserError, match="resolution is 100"):
        StyleAConfig(resolution=100)


def test_without_motion_it_starts_as_the_source(generator: StyleAGenerator, inputs, person) -> None:
    face = person.face(jaw_open=0.2)
    still = torch.from_numpy(person.prior(face, face)).expand(2, -1, -1, -1)
    image, _ = generator(**{**inputs, "prior": still, "degree_b": torch.zeros(2)})
    assert float((image - inputs["source"]).abs().max()) < 0.03


def test_art_has_influence_only_above_degree_zero(stirred: StyleAGenerator, inputs) -> None:
    content = stirred.encode(inputs["source"], seed=0)

    def draw(art: torch.Tensor, degree: float) -> torch.Tensor:
        style = stirred.style(content, art, torch.full((2,), degree))
        layers = stirred.layers(content, style, inputs["window_bkn"], inputs["prior"])
        return layers.compose(content, style, size_px=64)

    other = inputs["art"].flip(0)
    torch.testing.assert_close(draw(inputs["art"], 0.0), draw(other, 0.0), rtol=0, atol=0)
    assert float((draw(inputs["art"], 1.0) - draw(other, 1.0)).abs().mean()) > 0.01
    assert float((draw(other, 0.5) - draw(other, 1.0)).abs().mean()) > 0.01


def test_motion_changes_the_picture(stirred: StyleAGenerator, inputs) -> None:
    content = stirred.encode(inputs["source"], seed=0)
    style = stirred.style(content, inputs["art"], inputs["degree_b"])

    def draw(window: torch.Tensor, prior: torch.Tensor) -> torch.Tensor:
        return stirred.layers(content, style, window, prior).compose(content, style, size_px=64)

    window, prior = inputs["window_bkn"], inputs["prior"]
    image = draw(window, prior)
    assert float((image - draw(-window, prior)).abs().mean()) > 1e-4
    assert float((image - draw(window, 0 * prior)).abs().mean()) > 1e-3


def test_one_portrait_for_many_frames_equals_many_portraits(stirred: StyleAGenerator, inputs) -> None:
    stirred.eval()
    one = stirred.encode(inputs["source"][:1], seed=4)
    style = stirred.style(one, inputs["art"][:1], inputs["degree_b"][:1])
    together = stirred.layers(one.expand(2), style.expand(2), inputs["window_bkn"], inputs["prior"])
    for index in range(2):
        alone = stirred.layers(
            one, style, inputs["window_bkn"][index : index + 1], inputs["prior"][index : index + 1]
        )
        torch.testing.assert_close(together.rgb[index], alone.rgb[0], rtol=1e-4, atol=1e-5)


def test_every_weight_learns(stirred: StyleAGenerator, inputs) -> None:
    image, layers = stirred(**inputs)
    (image.square().mean() + layers.mask.mean()).backward()
    idle = [name for name, value in stirred.named_parameters() if value.grad is None or not value.grad.any()]
    assert idle == []
