"""The built-in art: deterministic, of the same size, and each unlike the others."""

import cv2
import numpy as np
import pytest
from skimage import data

from style2talker.errors import UserError
from style2talker.style_a.art import STYLES, draw


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return cv2.resize(data.astronaut()[:300, 70:370], (96, 96), interpolation=cv2.INTER_AREA)


def test_there_are_at_least_six_styles() -> None:
    assert len(STYLES) >= 6


@pytest.mark.parametrize("style", list(STYLES))
def test_a_style_is_deterministic_and_changes_the_picture(style: str, portrait: np.ndarray) -> None:
    drawn = draw(style, portrait)
    assert drawn.shape == portrait.shape
    assert drawn.dtype == np.uint8
    np.testing.assert_array_equal(drawn, draw(style, portrait))
    assert np.abs(drawn.astype(int) - portrait).mean() > 5


@pytest.mark.parametrize("style", list(STYLES))
@pytest.mark.parametrize("shape", [(40, 64, 3), (65, 33, 3)])
def test_any_shape_and_a_black_picture_work(style: str, shape: tuple[int, int, int]) -> None:
    assert draw(style, np.zeros(shape, np.uint8)).shape == shape


def test_styles_are_unlike_each_other(portrait: np.ndarray) -> None:
    drawn = [draw(style, portrait).astype(int) for style in STYLES]
    for index, one in enumerate(drawn):
        for other in drawn[index + 1 :]:
            assert np.abs(one - other).mean() > 5


def test_an_unknown_style_names_the_known_ones(portrait: np.ndarray) -> None:
    with pytest.raises(UserError, match="poster"):
        draw("cubism", portrait)
