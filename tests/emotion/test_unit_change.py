"""What a drawn face is known to do is found again in its pictures, relative to the same face at rest.

The trackers are left out: landmarks and pose are the truth's, and the blendshape net and the fit are told the
truth or nothing, so that what is found here is what the pictures show.

Axes: T frames, L landmarks, R readings.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest

from style2talker.emotion import action_units as units_of
from style2talker.emotion.facs import blendshapes_of, profile_blendshapes
from style2talker.emotion.frontal import LEAST_STILL, frontal
from style2talker.emotion.unit_change import unit_change
from style2talker.emotion.unit_readings import NUM_READINGS, NUM_WITNESS_ROWS, frontal_view, measure_units
from style2talker.face.geometry import project
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.twin.motion import head_rotation
from style2talker.twin.scene import Scene

NUM_FRAMES = 8
FOUND_T = np.ones(NUM_FRAMES, bool)
TOLERANCE = 0.3
Clip = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@cache
def scene() -> Scene:
    return Scene(7)


def filmed(face_k: np.ndarray, *, seed: int = 0, light: float = 1.0, px_per_cm: float = 1.0) -> Clip:
    """Frames, landmarks, blendshapes, rotation and translation of someone who turns the head meanwhile."""
    person = scene()
    rotation_t3 = person.rest_rotation_3 + head_rotation(np.random.default_rng(seed), 25 * NUM_FRAMES)[::25]
    place_t3 = np.tile(person.rest_translation_3 * [1, 1, px_per_cm], (NUM_FRAMES, 1))
    frames = [person.render(face_k, *pose) for pose in zip(rotation_t3, place_t3, strict=True)]
    frames_thw3 = np.clip(np.rint(light * np.stack(frames)), 0, 255).astype(np.uint8)
    shape_v3 = person.model.shape(person.identity_k, face_k[None])[0]
    points_tl2 = project(np.tile(shape_v3, (NUM_FRAMES, 1, 1)), rotation_t3, place_t3)
    landmarks_tl3 = np.concatenate([points_tl2, np.zeros_like(points_tl2[..., :1])], axis=2)
    return frames_thw3, landmarks_tl3, np.tile(face_k, (NUM_FRAMES, 1)), rotation_t3, place_t3


def readings_of(face_k: np.ndarray, **how: float) -> np.ndarray:
    frames_thw3, landmarks_tl3, face_tk, rotation_t3, place_t3 = filmed(face_k, **how)  # type: ignore[arg-type]
    return measure_units(
        face_tk,
        FOUND_T,
        expression_tk=face_tk,
        frame_at=frames_thw3.__getitem__,
        landmarks_tl3=landmarks_tl3,
        rotation_t3=rotation_t3,
        translation_t3=place_t3,
    )


@cache
def rest() -> np.ndarray:
    return readings_of(blendshapes_of({}))


def changed(readings_r2: np.ndarray) -> Mapping[tuple[int, str], float]:
    before, after = frontal_view(rest()), frontal_view(readings_r2)
    assert before is not None
    assert after is not None
    return unit_change(before, after)


@pytest.mark.parametrize("unit", [4, 6, 7, 9])
def test_a_unit_that_landmarks_hardly_follow_is_found_in_the_skin(unit: int) -> None:
    change = changed(readings_of(blendshapes_of({unit: 0.7}), seed=1))
    assert change[unit, "both"] == pytest.approx(0.7, abs=TOLERANCE)
    others = {key: value for key, value in change.items() if key[0] != unit}
    assert max(others.values()) < TOLERANCE, others


def test_a_one_sided_smile_is_told_from_a_smile() -> None:
    change = changed(readings_of(blendshapes_of({12: 0.8}, left_only={12}), seed=1))
    assert change[12, "left"] > 0.5
    assert change[12, "right"] < 0.2


def test_other_light_and_another_distance_are_no_movement() -> None:
    change = changed(readings_of(blendshapes_of({}), seed=3, light=0.7, px_per_cm=1.15))
    assert max(change.values()) < 0.15, change
    again_r2 = readings_of(blendshapes_of({}), seed=3, light=0.7)
    assert units_of.action_units(again_r2, neutral_r2=rest()) == []


@pytest.mark.parametrize("emotion", ["happy", "angry"])
def test_level_is_the_share_of_the_prototype(emotion: str) -> None:
    levels = [
        units_of.emotion_level(emotion, readings_of(profile_blendshapes(emotion, level)), neutral_r2=rest())
        for level in (1, 3)
    ]
    assert levels[0] < levels[1] == 3


def test_cheeks_and_nose_are_reported_relative_to_the_neutral_only() -> None:
    happy_r2 = readings_of(profile_blendshapes("happy", 3), seed=2)
    happy_r2[:NUM_WITNESS_ROWS] = rest()[:NUM_WITNESS_ROWS]  # the net and the fit saw nothing
    assert 6 not in {unit.unit for unit in units_of.action_units(happy_r2)}
    assert 6 in {unit.unit for unit in units_of.action_units(happy_r2, neutral_r2=rest())}


def test_a_smile_that_only_the_pictures_claim_is_none() -> None:
    happy_r2 = readings_of(profile_blendshapes("happy", 3), seed=2)
    assert 12 in {unit.unit for unit in units_of.action_units(happy_r2, neutral_r2=rest())}
    happy_r2[:NUM_WITNESS_ROWS] = rest()[:NUM_WITNESS_ROWS]
    assert 12 not in {unit.unit for unit in units_of.action_units(happy_r2, neutral_r2=rest())}


def test_readings_hold_the_frontal_view() -> None:
    readings_r2 = rest()
    assert readings_r2.shape == (NUM_READINGS, 2)
    assert readings_r2.dtype == np.float32
    frames_thw3, landmarks_tl3, face_tk, rotation_t3, place_t3 = filmed(blendshapes_of({}))
    seen = frontal(frames_thw3.__getitem__, landmarks_tl3, face_tk, FOUND_T, rotation_t3, place_t3)
    kept = frontal_view(readings_r2)
    assert seen is not None
    assert kept is not None
    np.testing.assert_allclose(kept.picture_hw, seen.picture_hw, atol=0.51)
    np.testing.assert_allclose(kept.landmarks_l2, seen.landmarks_l2, atol=1e-3)


def test_without_a_frontal_view_the_trackers_speak_alone() -> None:
    smiling_tk = np.tile(blendshapes_of({12: 0.9}), (NUM_FRAMES, 1))
    blind_r2 = measure_units(smiling_tk, FOUND_T, expression_tk=smiling_tk)
    assert frontal_view(blind_r2) is None
    assert [unit.unit for unit in units_of.action_units(blind_r2, neutral_r2=rest())] == [12]
    nobody_r2 = measure_units(smiling_tk, ~FOUND_T, expression_tk=smiling_tk)
    assert units_of.action_units(nobody_r2) == []


def test_the_view_is_of_frames_with_open_eyes_and_a_mouth_at_rest() -> None:
    frames_thw3, landmarks_tl3, face_tk, rotation_t3, place_t3 = filmed(blendshapes_of({}))
    many, asked = 40, []
    moving_tl3 = np.tile(landmarks_tl3[:1], (many, 1, 1))
    speaking = slice(0, 24)
    moving_tl3[speaking, 13:15, 1] += 4 * (np.arange(24) % 2)[:, None]  # the lips' middle goes up and down
    blinking_tk = np.tile(face_tk[:1], (many, 1))
    blinking_tk[-5:, EXPRESSION_NAMES.index("eyeBlinkLeft")] = 1.0

    def frame_at(t: int) -> np.ndarray:
        asked.append(t)
        return frames_thw3[0]

    pose = (np.tile(rotation_t3[:1], (many, 1)), np.tile(place_t3[:1], (many, 1)))
    assert frontal(frame_at, moving_tl3, blinking_tk, np.ones(many, bool), *pose) is not None
    assert len(asked) >= LEAST_STILL
    assert set(asked) <= set(range(24, 35))
