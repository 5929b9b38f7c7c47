"""StyleGAN2 layers: the fast modulated convolution is the paper's, and published weights load."""

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from style2talker.nets.discriminator import Discriminator, minibatch_deviation
from style2talker.nets.stylegan2 import EqualLinear, ModulatedConv2d, ToRGB, Upsample, mapping_network
from style2talker.nets.stylegan2_generator import StyleGan2Generator


@pytest.mark.parametrize("demodulate", [True, False])
def test_modulated_convolution_equals_per_sample_weights(demodulate: bool) -> None:
    """StyleGAN2 eqs. 1 to 3, sample by sample with explicitly modulated weights."""
    torch.manual_seed(0)
    layer = ModulatedConv2d(5, 7, 3, 11, demodulate=demodulate)
    x, style = torch.randn(3, 5, 8, 8), torch.randn(3, 11)
    expected = []
    for sample, code in zip(x, layer.modulation(style), strict=True):
        weight = layer.weight[0] * layer.scale * code[None, :, None, None]
        if demodulate:
            weight = weight / (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        expected.append(F.conv2d(sample[None], weight, padding=1))
    torch.testing.assert_close(layer(x, style), torch.cat(expected), rtol=1e-4, atol=1e-5)


def test_upsampling_convolution_doubles_the_side_and_keeps_a_constant() -> None:
    layer = ModulatedConv2d(4, 6, 3, 8, upsample=True)
    assert layer(torch.randn(2, 4, 8, 8), torch.randn(2, 8)).shape == (2, 6, 16, 16)
    inside = Upsample()(torch.ones(1, 2, 8, 8))[..., 2:-2, 2:-2]
    torch.testing.assert_close(inside, torch.ones_like(inside))


def test_demodulated_output_has_unit_variance() -> None:
    """The point of demodulation: the style cannot blow up the next layer's input."""
    torch.manual_seed(1)
    layer = ModulatedConv2d(32, 64, 3, 16)
    x, style = torch.randn(8, 32, 16, 16), 10 * torch.randn(8, 16)
    assert 0.8 < float(layer(x, style).std()) < 1.2


def test_learning_rate_multiplier_leaves_the_output_scale() -> None:
    torch.manual_seed(2)
    x = torch.randn(4096, 64)
    assert float(EqualLinear(64, 64, lr_mul=0.01)(x).std()) == pytest.approx(1.0, rel=0.1)


def test_skip_rgb_adds_the_upsampled_layer_below() -> None:
    layer = ToRGB(8, 4)
    torch.nn.init.zeros_(layer.conv.weight)
    skip = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(layer(torch.randn(1, 8, 16, 16), torch.randn(1, 4), skip), Upsample()(skip))


def test_mapping_ignores_the_length_of_z() -> None:
    mapping = mapping_network(16, 2)
    z = torch.randn(2, 16)
    torch.testing.assert_close(mapping(z), mapping(3 * z), rtol=1e-4, atol=1e-5)


def test_published_layout_loads_and_draws_the_golden_picture(shared_data) -> None:
    path = shared_data / "golden_stylegan2_8px.safetensors"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in the test data")
    state = load_file(path)
    golden = {name: state.pop(f"golden.{name}") for name in ("z", "w", "image")}
    generator = StyleGan2Generator.from_state_dict(state)
    with torch.no_grad():
        torch.testing.assert_close(generator.style(golden["z"]), golden["w"], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(generator(golden["w"]), golden["image"], rtol=1e-4, atol=1e-4)


def test_discriminator_uses_its_condition() -> None:
    torch.manual_seed(3)
    discriminator = Discriminator([8, 8, 8], condition_dim=3)
    image = torch.randn(2, 3, 16, 16)
    one, other = discriminator(image, torch.ones(2, 3)), discriminator(image, -torch.ones(2, 3))
    assert one.shape == (2,)
    assert not torch.allclose(one, other)


def test_minibatch_deviation_sees_equal_samples() -> None:
    x = torch.randn(1, 4, 5, 5).repeat(4, 1, 1, 1)
    assert float(minibatch_deviation(x)[:, -1].max()) < 1e-3
    assert float(minibatch_deviation(torch.randn(4, 4, 5, 5))[:, -1].min()) > 0.5
