"""The table of blendshapes and units, and the faces of the emotions."""

import numpy as np
import pytest

from style2talker.emotion.facs import (
    AU_PROFILES,
    ONE_SIDED,
    UNIT_NAMES,
    UNIT_SOURCES,
    blendshapes_of,
    profile_blendshapes,
)
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS
from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES


def test_every_source_is_an_arkit_blendshape_and_every_unit_has_a_name() -> None:
    for unit, source in UNIT_SOURCES.items():
        assert unit in UNIT_NAMES
        assert set(source.left + source.right) <= set(EXPRESSION_NAMES)


def test_right_is_the_mirror_of_left() -> None:
    for source in UNIT_SOURCES.values():
        assert tuple(name.replace("Left", "Right") for name in source.left) == source.right


def test_a_smile_raises_both_lip_corners_and_nothing_else() -> None:
    shown = {EXPRESSION_NAMES[k]: value for k, value in enumerate(blendshapes_of({12: 0.5})) if value}
    assert shown == {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5}


def test_contempt_is_on_one_side() -> None:
    face_k = profile_blendshapes("contempt", 3)
    assert face_k[EXPRESSION_NAMES.index("mouthDimpleLeft")] > 0.8
    assert face_k[EXPRESSION_NAMES.index("mouthDimpleRight")] == 0


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_profiles_grow_with_the_level(emotion: str) -> None:
    faces_lk = np.stack([profile_blendshapes(emotion, level) for level in LEVELS])
    assert (np.diff(faces_lk, axis=0) >= 0).all()
    assert (faces_lk <= 1).all()
    assert faces_lk[-1].any() == (emotion != "neutral")


def test_profiles_cover_every_emotion_and_level() -> None:
    assert set(AU_PROFILES) == {(emotion, level) for emotion in EMOTIONS for level in LEVELS}
    assert set(ONE_SIDED) == set(EMOTIONS)


@pytest.mark.parametrize("units", [{23: 0.5}, {99: 0.5}, {12: 1.5}, {12: -0.1}])
def test_what_cannot_be_shown_is_refused(units: dict[int, float]) -> None:
    with pytest.raises(UserError, match="action unit"):
        blendshapes_of(units)
