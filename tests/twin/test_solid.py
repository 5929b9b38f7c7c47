"""Solid heads: what is seen is what the truth says, at any turn."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from style2talker.face.geometry import project
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.face.usable import interocular_px
from style2talker.twin import truth_motion
from style2talker.twin.identity import LOOKS, Look
from style2talker.twin.skin import Opening, holes
from style2talker.twin.solid_embedded import EmbeddedHead
from style2talker.twin.solid_ict import WholeHead
from style2talker.twin.truth_embedded import embedded_clip
from style2talker.twin.truth_ict import packed
from style2talker.twin.truth_motion import TruthSpec

PLACE_3 = np.array([128.0, 120.0, 8.5])
PLAIN = replace(LOOKS[2], light_3=(0.0, 0.0, 1.0))
SHOULDERS = np.zeros(3), PLACE_3


@cache
def person(look: Look = PLAIN) -> EmbeddedHead:
    return EmbeddedHead(np.zeros(len(embedded().identity_kv3)), look, shoulders=SHOULDERS)


def face(**amounts: float) -> np.ndarray:
    expression_k = np.zeros(len(EXPRESSION_NAMES))
    for name, amount in amounts.items():
        expression_k[EXPRESSION_NAMES.index(name)] = amount
    return expression_k


def turned(yaw_deg: float) -> tuple[np.ndarray, np.ndarray]:
    return np.radians([0, yaw_deg, 0]), PLACE_3


def points(expression_k: np.ndarray, pose: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The true landmarks of `person()`, px [478, 2]."""
    return project(person().vertices(expression_k[None]), *(part[None] for part in pose))[0]


def visible_eye_px(yaw_deg: float) -> list[int]:
    """How many px of the right and of the left iris are seen: those that change with its colour."""
    green = replace(PLAIN, iris_3=(0.0, 250.0, 0.0))
    pictures = [person(look).render(face(), turned(yaw_deg)) for look in (PLAIN, green)]
    changed_hw = np.abs(pictures[1] - pictures[0]).max(-1) > 20
    rows, columns = np.nonzero(changed_hw)
    right_2, left_2 = points(face(), turned(yaw_deg))[[468, 473]]
    nearer_right = np.hypot(columns - right_2[0], rows - right_2[1]) < np.hypot(
        columns - left_2[0], rows - left_2[1]
    )
    return [int(nearer_right.sum()), int((~nearer_right).sum())]


def test_irises_are_where_the_truth_puts_them_and_the_nose_hides_the_far_one() -> None:
    assert min(visible_eye_px(0)) > 30
    near, far = visible_eye_px(75)
    assert near > 8 * far
    far, near = visible_eye_px(-75)
    assert near > 8 * far


@pytest.mark.parametrize("yaw_deg", [0, 45])
def test_lids_hide_the_iris_and_lips_the_mouth(yaw_deg: float) -> None:
    opened, shut = face(jawOpen=0.7), face(eyeBlinkLeft=1, eyeBlinkRight=1)
    pictures = [person().render(expression_k, turned(yaw_deg)) for expression_k in (opened, shut)]
    points_v2 = points(opened, turned(yaw_deg))
    for where_2, darker in ((points_v2[468], 0.6), (points_v2[[13, 14]].mean(0), 0.6)):
        x, y = np.rint(where_2).astype(int)
        assert pictures[0][y, x].mean() < darker * pictures[1][y, x].mean()


@pytest.mark.parametrize("yaw_deg", [0, -45])
def test_bigger_hair_never_covers_the_face(yaw_deg: float) -> None:
    hair = [replace(PLAIN, hair_side=size, hair_top=size) for size in (0.85, 1.15)]
    pictures = [person(look).render(face(), turned(yaw_deg)) for look in hair]
    inside_hw = np.zeros(pictures[0].shape[:2], np.uint8)
    outline_p2 = points(face(), turned(yaw_deg))[[33, 263, 291, 152, 61]]
    cv2.fillConvexPoly(inside_hw, cv2.convexHull(np.rint(outline_p2).astype(np.int32)), 1)
    changed_hw = np.abs(pictures[0] - pictures[1]).max(-1) > 0
    assert changed_hw.sum() > 1000
    assert not (changed_hw & (inside_hw > 0)).any()


def test_light_from_one_side_lights_that_side() -> None:
    from_right = person(replace(PLAIN, light_3=(0.9, 0.0, 0.436), ambient=0.3)).render(face(), turned(0))
    x, y = np.rint(points(face(), turned(0))[[50, 280]]).astype(int).T  # cheeks, picture left and right
    left, right = from_right[y, x].mean(-1)
    assert right > 1.5 * left


def test_a_mirrored_person_gives_the_mirrored_picture() -> None:
    other = person(replace(PLAIN, mirrored=True))
    seen = person().render(face(eyeBlinkLeft=0.8, mouthSmileLeft=0.7), turned(30))
    mirrored = other.render(face(eyeBlinkRight=0.8, mouthSmileRight=0.7), turned(-30))
    oval_p2 = points(face(), turned(30))
    inside_hw = np.zeros(seen.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside_hw, cv2.convexHull(np.rint(oval_p2).astype(np.int32)), 1)
    # the picture's middle, px 127.5, is half a px from where the head is, px 128
    shifted = cv2.warpAffine(mirrored[:, ::-1], np.array([[1.0, 0, 1], [0, 1, 0]]), (256, 256))
    assert np.abs(seen - shifted)[inside_hw > 0].mean() < 0.3
    assert np.abs(seen - person().render(face(), turned(30)))[inside_hw > 0].mean() > 2


@pytest.mark.parametrize("yaw_deg", [-45, 0, 45])
def test_the_landmarker_finds_the_face_where_it_is(yaw_deg: float) -> None:
    expression_k = face(jawOpen=0.3)
    picture = np.rint(person().render(expression_k, turned(yaw_deg))).astype(np.uint8)
    with LandmarkTracker() as tracker:
        found = tracker.detect_image(picture)
    assert found is not None
    expected_v2 = points(expression_k, turned(yaw_deg))
    away_v = np.linalg.norm(found[0][:, :2] - expected_v2, axis=1) / interocular_px(expected_v2[None])
    assert np.median(away_v) < (0.04 if yaw_deg == 0 else 0.08)


def test_a_clip_is_the_same_bytes_twice_and_performances_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth_motion, "LONGEST_FRAMES", 3)
    spec = TruthSpec(person=1, performance=2, emotion="happy", level=2, yaw_deg=-25)
    clip, again, other = (embedded_clip(each) for each in (spec, spec, replace(spec, person=2)))
    np.testing.assert_array_equal(clip.frames_thw3, again.frames_thw3)
    assert clip.frames_thw3.shape == (3, 256, 256, 3)
    np.testing.assert_array_equal(clip.expression_tk, other.expression_tk)
    np.testing.assert_array_equal(clip.rotation_t3, other.rotation_t3)
    assert np.abs(clip.identity_k - other.identity_k).max() > 0.5
    assert np.degrees(clip.rotation_t3[:, 1]).mean() == pytest.approx(-25, abs=5)


def test_openings_of_unequal_rims_are_spanned_without_a_gap() -> None:
    opening = Opening(upper=np.arange(5), lower=np.array([0, 5, 4]))
    vertices_v3 = np.array([[0.0, 0, 0], [1, 1, 0], [2, 1, 0], [3, 1, 0], [4, 0, 0], [2, -1, 0]])
    a, b, c = np.moveaxis(vertices_v3[opening.triangles_f3], 1, 0)
    area_f = np.cross(b - a, c - a)[:, 2] / 2
    assert (area_f > 0).all()  # they face the viewer
    assert area_f.sum() == pytest.approx(3 + 2)  # the trapezium above and the triangle below


def test_a_face_of_another_model_is_found_at_45_degrees(shared_data) -> None:
    model, points_68 = packed(shared_data / "face_model" / "ict_facekit_light_f16.npz")
    right, left, mouth = holes(model.triangles_f3, model.mean_v3)
    for opening, below in ((right, 0.5), (left, 0.5), (mouth, 0.3)):
        gap_p = model.mean_v3[opening.upper, 1].max() - model.mean_v3[opening.lower, 1].min()
        assert gap_p > below
    identity_k = np.zeros(len(model.identity_kv3))
    head = WholeHead(model, points_68, identity_k, PLAIN, shoulders=SHOULDERS)
    picture = np.rint(head.render(face(), turned(45))).astype(np.uint8)
    with LandmarkTracker() as tracker:
        found = tracker.detect_image(picture)
    assert found is not None
    truth_p2 = project(head.vertices(face()[None]), *(part[None] for part in turned(45)))[0, points_68]
    inner = [point for point in IBUG_TO_MEDIAPIPE if point >= 17]
    seen_p2 = np.stack([found[0][list(IBUG_TO_MEDIAPIPE[point]), :2].mean(0) for point in inner])
    away_p = np.linalg.norm(seen_p2 - truth_p2[inner], axis=1) / interocular_px(found[0][None])
    assert np.median(away_p) < 0.08
