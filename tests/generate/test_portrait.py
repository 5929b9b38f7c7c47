"""Portraits: a face becomes coefficients; anything else is one sentence that says what to do."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from style2talker.errors import UserError
from style2talker.face.geometry import project
from style2talker.face.model import embedded
from style2talker.generate.portrait import load_portrait, read_picture


def test_the_fitted_model_lies_on_the_face(tmp_path: Path) -> None:
    path = tmp_path / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    portrait = load_portrait(path)
    vertices_1v3 = embedded().shape(portrait.identity_k, portrait.expression_k[None])
    points_v2 = project(vertices_1v3, portrait.rotation_3[None], portrait.translation_3[None])[0]
    assert points_v2.min() > 0
    assert points_v2.max() < 256
    eyes_y, mouth_y = points_v2[[468, 473], 1].mean(), points_v2[[13, 14], 1].mean()
    assert mouth_y - eyes_y > 40  # a flipped y axis would put the mouth above the eyes


def test_a_picture_turned_by_its_exif_tag_is_read_upright(tmp_path: Path) -> None:
    upright = data.astronaut()[:64, :32]
    exif = Image.Exif()
    exif[0x0112] = 6  # the viewer must turn the stored picture a quarter clockwise
    Image.fromarray(np.rot90(upright)).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "turned.png"), upright)


def test_bad_portraits_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    Image.fromarray(np.full((200, 200, 3), 127, np.uint8)).save(tmp_path / "empty.png")
    for name, says in (
        ("missing.png", "no picture"),
        ("text.png", "not a picture"),
        ("empty.png", "no face"),
    ):
        with pytest.raises(UserError, match=says):
            load_portrait(tmp_path / name)
