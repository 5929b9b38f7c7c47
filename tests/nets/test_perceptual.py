"""LPIPS: zero for equal pictures, grows with the damage, and reads the published array layout."""

import numpy as np
import pytest
import torch

from style2talker.nets.perceptual import NETS, PerceptualNet, style_distance


@pytest.fixture(scope="module", params=["alexnet", "vgg16"])
def net(request) -> PerceptualNet:
    torch.manual_seed(0)
    return PerceptualNet(request.param)


def picture(seed: int) -> torch.Tensor:
    smooth = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(smooth, size=(64, 64), mode="bicubic").clamp(-1, 1)


def test_distance_is_zero_for_equal_pictures_and_grows_with_noise(net: PerceptualNet) -> None:
    image = picture(1)
    features = net(image)
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(2))
    distances = [float(net.distance(features, net(image + size * noise)).mean()) for size in (0.0, 0.1, 0.3)]
    assert distances[0] == pytest.approx(0, abs=1e-6)
    assert distances[0] < distances[1] < distances[2]


def test_weights_are_frozen_but_pictures_get_gradients(net: PerceptualNet) -> None:
    image = picture(3).requires_grad_()
    net.distance(net(image), net(picture(4))).sum().backward()
    assert image.grad is not None
    assert float(image.grad.abs().sum()) > 0
    assert all(value.grad is None and not value.requires_grad for value in net.parameters())


def test_style_distance_ignores_where_things_are(net: PerceptualNet) -> None:
    image = picture(5)
    features = net(image)
    flipped = float(style_distance(features, net(image.flip(3))).mean())
    other = float(style_distance(features, net(picture(6) * 0.3)).mean())
    assert flipped < 0.3 * other


@pytest.mark.parametrize("name", list(NETS))
def test_published_arrays_load(name: str) -> None:
    """Kernels are stored height, width, in, out; one backbone and five heads."""
    like = PerceptualNet(name)
    generator = np.random.default_rng(0)
    backbone = {
        f"Conv_{index}": {
            "kernel": generator.standard_normal(conv.weight.permute(2, 3, 1, 0).shape).astype(np.float32),
            "bias": generator.standard_normal(len(conv.bias)).astype(np.float32),
        }
        for index, conv in enumerate(like.convs)
    }
    heads = {
        f"NetLinLayer_{index}": {"Conv_0": {"kernel": np.full((1, 1, head.shape[1], 1), 0.5, np.float32)}}
        for index, head in enumerate(like.heads)
    }
    net = PerceptualNet.from_arrays(name, {"Backbone_0": backbone, **heads})
    kernel = backbone["Conv_1"]["kernel"]
    assert float(net.convs[1].weight[3, 2, 1, 0]) == kernel[1, 0, 2, 3]
    assert float(net.heads[4].min()) == 0.5
