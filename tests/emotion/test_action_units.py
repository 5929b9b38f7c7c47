"""What is reported without a neutral is what a face holds, not what speech passes through.

Axes: T frames, K = 52 blendshapes.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.emotion.action_units import (
    MARKS,
    UNITS,
    ActionUnit,
    action_units,
    blendshapes_of,
    emotion_level,
    level_of,
    measure_units,
    profile_blendshapes,
    unit_readings,
)
from style2talker.emotion.facs import AU_PROFILES
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS
from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES

NUM_FRAMES = 75
FOUND_T = np.ones(NUM_FRAMES, dtype=bool)
SPEECH_UNITS = (10, 12, 15, 16, 17, 18, 20, 22, 24, 26, 28)


def held(units: dict[int, float], *, left_only: tuple[int, ...] = ()) -> np.ndarray:
    return np.tile(blendshapes_of(units, left_only=left_only), (NUM_FRAMES, 1))


def held_face(face_k: np.ndarray) -> np.ndarray:
    return np.tile(face_k, (NUM_FRAMES, 1))


def readings_of(
    net_tk: np.ndarray, found_t: np.ndarray = FOUND_T, *, fit_tk: np.ndarray | None = None
) -> np.ndarray:
    """The readings where the net says one thing and the fit another, by default nothing."""
    return measure_units(net_tk, found_t, expression_tk=np.zeros_like(net_tk) if fit_tk is None else fit_tk)


def shown(
    net_tk: np.ndarray, found_t: np.ndarray = FOUND_T, *, fit_tk: np.ndarray | None = None
) -> list[ActionUnit]:
    return action_units(readings_of(net_tk, found_t, fit_tk=fit_tk))


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_at_full_strength_is_reported_alone_and_high(unit: int) -> None:
    (found,) = shown(held({unit: 1.0}))
    assert (found.unit, found.level, found.side) == (unit, "high", "both")
    assert found.intensity == 1.0


def test_a_resting_face_shows_nothing() -> None:
    assert shown(held({})) == []


@pytest.mark.parametrize("unit", SPEECH_UNITS)
def test_a_mouth_that_only_talks_shows_nothing(unit: int) -> None:
    # Four syllables a second: open for 0.12 s, closed for 0.12 s, as far as the blendshape goes.
    talking_tk = held({unit: 1.0}) * (np.arange(NUM_FRAMES) // 3 % 2)[:, None]
    assert shown(talking_tk) == []


def test_blinks_are_not_closed_eyes() -> None:
    blinking_tk = held({45: 1.0}) * (np.arange(NUM_FRAMES) % 50 < 6)[:, None]
    assert shown(blinking_tk) == []


def test_one_raised_brow_flash_is_enough_for_the_upper_face() -> None:
    flash_tk = held({1: 1.0}) * (np.arange(NUM_FRAMES) < NUM_FRAMES // 4)[:, None]
    assert [unit.unit for unit in shown(flash_tk)] == [1]


def test_a_one_sided_unit_says_which_side() -> None:
    (left,) = shown(held({14: 0.9}, left_only=(14,)))
    assert (left.name, left.side) == ("left dimpler", "left")
    mirrored_tk = held({})
    mirrored_tk[:, EXPRESSION_NAMES.index("mouthDimpleRight")] = 0.9
    assert shown(mirrored_tk)[0].name == "right dimpler"


def test_lip_corners_do_not_go_up_and_down_at_once() -> None:
    both = {unit.unit for unit in shown(held({12: 0.9, 15: 0.2}))}
    assert both == {12}


def test_frames_without_a_face_do_not_count() -> None:
    smiling_tk = held({12: 0.6})
    found_t = FOUND_T.copy()
    found_t[40:] = False
    spoilt_tk = smiling_tk.copy()
    spoilt_tk[40:] = np.nan
    assert shown(spoilt_tk, found_t) == shown(smiling_tk[:40], found_t[:40])
    assert shown(smiling_tk, np.zeros(NUM_FRAMES, dtype=bool)) == []


@given(
    units=st.dictionaries(st.sampled_from(UNITS), st.floats(0, 1), max_size=6),
    gain=st.floats(0, 1),
)
def test_a_stronger_face_never_reads_weaker(units: dict[int, float], gain: float) -> None:
    strong, weak = (unit_readings(held(units) * factor, FOUND_T) for factor in (1.0, gain))
    assert all(weak[unit].value <= strong[unit].value + 1e-6 for unit in strong)


def test_levels_are_thirds() -> None:
    assert [level_of(x) for x in (0.1, 0.33, 0.34, 0.66, 0.67, 1.0)] == [
        "low",
        "low",
        "middle",
        "middle",
        "high",
        "high",
    ]


def test_marks_are_in_order() -> None:
    for by_unit in MARKS.values():
        assert tuple(by_unit) == UNITS
        assert all(0 < floor < ceiling <= 1 for floor, ceiling in by_unit.values())


@pytest.mark.parametrize("emotion", [emotion for emotion in EMOTIONS if emotion != "neutral"])
def test_the_fit_alone_gives_back_a_profile(emotion: str) -> None:
    expression_tk = np.tile(profile_blendshapes(emotion, 3), (NUM_FRAMES, 1))
    found = {unit.unit for unit in shown(held({}), FOUND_T, fit_tk=expression_tk)}
    assert {unit for unit, amount in AU_PROFILES[(emotion, 3)].items() if amount >= 0.6} <= found


def test_either_witness_is_enough_and_both_say_no_more() -> None:
    frowning_tk, still_tk = held({15: 0.4}), held({})
    by_net = shown(frowning_tk, FOUND_T, fit_tk=still_tk)
    by_fit = shown(still_tk, FOUND_T, fit_tk=frowning_tk)
    both = shown(frowning_tk, FOUND_T, fit_tk=frowning_tk)
    assert [unit.unit for unit in by_net] == [unit.unit for unit in by_fit] == [15]
    assert both in (by_net, by_fit)


def test_shapes_must_agree() -> None:
    with pytest.raises(UserError, match=r"\[T, 52\]"):
        shown(held({})[:10])


@pytest.mark.parametrize(
    "clip",
    ["clips/grid_bbaf2n.mpg", "clips/grid_swwp2s.mpg", "mead_silent/M030_front_neutral_level1_001.mp4"],
)
def test_neutral_speech_shows_no_unit(clip: str, read_face) -> None:
    face = read_face(clip)
    assert shown(face.blendshapes_tk, face.found_t) == []


@pytest.mark.parametrize(
    ("clip", "unit"),
    [
        ("M030_front_happy_level3_001", 12),
        ("M030_front_sad_level3_001", 15),
        ("W009_front_surprised_level3_001", 5),
    ],
)
def test_acted_emotion_shows_its_leading_unit(clip: str, unit: int, read_face) -> None:
    face = read_face(f"mead_silent/{clip}.mp4")
    assert unit in {found.unit for found in shown(face.blendshapes_tk, face.found_t)}


@pytest.mark.parametrize("emotion", [emotion for emotion in EMOTIONS if emotion != "neutral"])
def test_levels_rise_with_the_face(emotion: str) -> None:
    faces = (held_face(profile_blendshapes(emotion, level)) for level in LEVELS)
    levels = [emotion_level(emotion, readings_of(face_tk)) for face_tk in faces]
    assert levels == sorted(levels)
    assert levels[-1] == 3


def test_an_unseen_or_neutral_face_has_level_one() -> None:
    assert emotion_level("neutral", readings_of(held({12: 1.0}))) == 1
    assert emotion_level("happy", readings_of(held({}))) == 1
    assert emotion_level("happy", readings_of(held({12: 1.0}), ~FOUND_T)) == 1
