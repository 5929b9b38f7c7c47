"""Warping: zero flow is the identity, one flow serves every size."""

import torch

from style2talker.nets.warp import AdaIn, AdaInHourglass, resize, warp


def test_zero_flow_is_the_identity() -> None:
    x = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(warp(x, torch.zeros(2, 2, 4, 4)), x, rtol=0, atol=1e-5)


def test_flow_of_one_pixel_shifts_by_one_pixel_at_any_flow_size() -> None:
    x = torch.randn(1, 1, 16, 16)
    for size in (4, 16, 32):
        flow = torch.zeros(1, 2, size, size)
        flow[:, 0] = 2 / 16
        torch.testing.assert_close(warp(x, flow)[..., :-1], x[..., 1:], rtol=0, atol=1e-5)


def test_resize_keeps_a_constant() -> None:
    x = torch.full((1, 2, 16, 16), 0.3)
    for size in (8, 16, 32):
        torch.testing.assert_close(resize(x, size), torch.full((1, 2, size, size), 0.3))


def test_adain_replaces_the_input_statistics() -> None:
    layer = AdaIn(4, 3)
    torch.nn.init.zeros_(layer.affine.weight)
    out = layer(5 + 3 * torch.randn(2, 4, 32, 32), torch.randn(2, 3))
    torch.testing.assert_close(out.mean(dim=(2, 3)), torch.zeros(2, 4), rtol=0, atol=1e-4)
    torch.testing.assert_close(out.std(dim=(2, 3)), torch.ones(2, 4), rtol=0, atol=1e-2)


def test_hourglass_hears_its_descriptor() -> None:
    net = AdaInHourglass(3, 2, 5, base=4, largest=8, num_levels=2)
    x = torch.randn(1, 3, 16, 16)
    one, other = net(x, torch.zeros(1, 5)), net(x, torch.ones(1, 5))
    assert one.shape == (1, 2, 16, 16)
    assert not torch.allclose(one, other)
