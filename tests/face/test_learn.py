"""Learning the basis: a planted one comes back, unseen shapes stay as drawn, nothing depends on chance."""

from dataclasses import replace

import numpy as np
import pytest

from style2talker.face.canonical import mirror_vertices
from style2talker.face.footage import Source
from style2talker.face.geometry import depth, project
from style2talker.face.learn import learn, without_pose
from style2talker.face.model import EXPRESSION_NAMES, FaceModel, embedded, model_bytes
from style2talker.face.rigid import pose_fields

MODEL = embedded()
JAW, CHEEK = EXPRESSION_NAMES.index("jawOpen"), EXPRESSION_NAMES.index("cheekPuff")


def planted() -> FaceModel:
    """The embedded face with a jaw that opens half as far again and drags the mouth's corners inwards."""
    expression_kv3 = MODEL.expression_kv3.copy()
    expression_kv3[JAW] *= 1.5
    expression_kv3[JAW, 61, 0] += 0.6
    expression_kv3[JAW, 291, 0] -= 0.6
    return replace(MODEL, expression_kv3=expression_kv3)


def footage(model: FaceModel, person: int, frames: int = 60) -> Source:
    random = np.random.default_rng(person)
    expression_tk = np.zeros((frames, 52))
    expression_tk[:, JAW] = 0.5 - 0.5 * np.cos(np.linspace(0, 12, frames) + person)
    rotation_t3 = np.deg2rad([5, 10, 3]) * np.sin(
        np.linspace(0, 4, frames)[:, None] + random.uniform(0, 6, 3)
    )
    translation_t3 = np.tile([128.0, 128.0, 11.0], (frames, 1))
    vertices_tv3 = model.shape(random.normal(size=len(model.identity_kv3)), expression_tk)
    points_tv2 = project(vertices_tv3, rotation_t3, translation_t3)
    z_tv1 = -depth(vertices_tv3, rotation_t3)[..., None] * 11
    return Source(
        person=f"person {person}",
        landmarks_tl3=np.concatenate([points_tv2, z_tv1], axis=2)
        + random.normal(size=(frames, 478, 3)) * 0.2,
        blendshapes_tk=expression_tk,
        face_found_t=np.ones(frames, bool),
    )


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    return [footage(planted(), person) for person in range(4)]


@pytest.fixture(scope="module")
def learnt(sources: list[Source]) -> FaceModel:
    return learn(sources, MODEL)


def test_a_planted_movement_is_recovered(learnt: FaceModel) -> None:
    truth_v2 = planted().expression_kv3[JAW, :, :2]
    before = np.linalg.norm(MODEL.expression_kv3[JAW, :, :2] - truth_v2)
    after = np.linalg.norm(learnt.expression_kv3[JAW, :, :2] - truth_v2)
    assert after < 0.5 * before


def test_shapes_that_were_never_seen_stay_as_drawn(learnt: FaceModel) -> None:
    np.testing.assert_allclose(learnt.expression_kv3[CHEEK], MODEL.expression_kv3[CHEEK], atol=0.05)
    assert not learnt.expression_kv3[EXPRESSION_NAMES.index("tongueOut")].any()


def test_what_is_learned_is_symmetric(learnt: FaceModel) -> None:
    mirror_v = mirror_vertices(learnt.mean_v3)
    for field_nv3 in (learnt.mean_v3[None], learnt.identity_kv3, learnt.expression_kv3[[JAW]]):
        np.testing.assert_allclose(field_nv3[:, mirror_v] * [-1, 1, 1], field_nv3, atol=2e-5)


def test_the_same_footage_gives_the_same_file(sources: list[Source], learnt: FaceModel) -> None:
    assert model_bytes(learn(sources, MODEL)) == model_bytes(learnt)


def test_without_pose_takes_out_exactly_shift_turn_and_growth() -> None:
    mean_v3 = MODEL.mean_v3.astype(np.float64)
    pose_7v3 = pose_fields(mean_v3)
    np.testing.assert_allclose(without_pose(pose_7v3, mean_v3), 0, atol=1e-9)
    left_kv3 = without_pose(MODEL.expression_kv3.astype(np.float64), mean_v3)
    np.testing.assert_allclose(np.tensordot(left_kv3, pose_7v3, axes=((1, 2), (1, 2))), 0, atol=1e-6)
