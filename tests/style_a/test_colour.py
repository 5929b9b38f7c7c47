"""The colour map gives one picture the colour statistics of another."""

import torch

from style2talker.style_a.colour import colour_map, recolour


def test_mapped_colours_have_the_statistics_of_the_art() -> None:
    torch.manual_seed(0)
    mix = torch.tensor([[0.4, 0.1, 0.0], [0.1, 0.3, 0.1], [0.0, 0.1, 0.2]])
    source = 0.3 * torch.randn(1, 3, 64, 64)
    art = torch.einsum("ij,bjhw->bihw", mix, torch.randn(1, 3, 64, 64)) + 0.2
    mapped = recolour(source, colour_map(source, art), torch.ones(1))
    torch.testing.assert_close(mapped.mean(dim=(2, 3)), art.mean(dim=(2, 3)), rtol=0, atol=1e-3)
    torch.testing.assert_close(mapped[0].flatten(1).cov(), art[0].flatten(1).cov(), rtol=0.05, atol=5e-3)


def test_degree_zero_is_the_identity_and_degrees_blend() -> None:
    torch.manual_seed(1)
    source, art = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16) * 0.3
    table = colour_map(source, art)
    torch.testing.assert_close(recolour(source, table, torch.zeros(1)), source)
    whole = recolour(source, table, torch.ones(1))
    torch.testing.assert_close(recolour(source, table, torch.full((1,), 0.5)), (source + whole) / 2)


def test_a_picture_keeps_its_own_colours() -> None:
    source = torch.rand(1, 3, 16, 16)
    table = colour_map(source, source)
    torch.testing.assert_close(recolour(source, table, torch.ones(1)), source, rtol=0, atol=1e-3)


def test_a_single_colour_does_not_explode() -> None:
    flat = torch.full((1, 3, 16, 16), 0.5)
    vivid = torch.rand(1, 3, 16, 16) * 2 - 1
    assert recolour(flat, colour_map(flat, vivid), torch.ones(1)).isfinite().all()
