"""Placing landmarks on a mesh: a face finds itself wherever it lies; the nearest place is nearest."""

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.face.geometry import rotation_matrix
from style2talker.face.importers.assemble import assemble
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.importers.register import register
from style2talker.face.importers.surface import nearest_on_mesh
from style2talker.face.model import FaceModel, embedded

MODEL = embedded()
MEAN_V3 = MODEL.mean_v3.astype(np.float64)


def seeds(vertices_v3: np.ndarray) -> dict[tuple[int, ...], np.ndarray]:
    return {at: vertices_v3[list(at)].mean(axis=0) for at in IBUG_TO_MEDIAPIPE.values()}


def places(found: dict[str, np.ndarray], vertices_v3: np.ndarray) -> np.ndarray:
    return np.einsum("lw,lwx->lx", found["landmark_weights_l3"], vertices_v3[found["landmark_vertices_l3"]])


def test_every_ibug_point_but_the_jaw_has_a_counterpart() -> None:
    assert sorted(IBUG_TO_MEDIAPIPE) == [8, *range(17, 68)]
    mirrored = {
        8: 8,
        27: 27,
        28: 28,
        29: 29,
        30: 30,
        33: 33,
        51: 51,
        57: 57,
        62: 62,
        66: 66,
        17: 26,
        36: 45,
        48: 54,
    }
    for right, left in mirrored.items():
        one_3, other_3 = (MEAN_V3[list(IBUG_TO_MEDIAPIPE[point])].mean(axis=0) for point in (right, left))
        np.testing.assert_allclose(one_3 * [-1, 1, 1], other_3, atol=0.05)


@pytest.mark.parametrize("wound", [1, -1], ids=["outwards", "inwards"])
def test_a_face_that_was_moved_turned_and_scaled_finds_itself(layouts: ModuleType, wound: int) -> None:
    turned_v3 = 0.1 * layouts.MEAN_V3 @ rotation_matrix(np.array([0.3, -0.4, 2.0])).T + [5, 6, 7]
    found = register(turned_v3, layouts.SKIN_F3[:, ::wound], seeds(turned_v3))
    assert found["landmark_l"].tolist() == list(range(468))
    distance_cm = 10 * np.linalg.norm(places(found, turned_v3) - turned_v3, axis=1)
    assert np.median(distance_cm) < 0.01
    assert distance_cm.max() < 0.2


def test_another_face_of_the_same_mesh_is_met_nearly_everywhere(layouts: ModuleType) -> None:
    identity_k = np.random.default_rng(3).normal(size=len(MODEL.identity_kv3))
    other_v3 = MODEL.shape(identity_k, np.zeros((1, 52)))[0][: layouts.NUM_SKIN]
    found = register(other_v3, layouts.SKIN_F3, seeds(other_v3))
    distance_cm = np.linalg.norm(places(found, other_v3) - other_v3[found["landmark_l"]], axis=1)
    assert np.median(distance_cm) < 0.12
    lips = np.isin(found["landmark_l"], [13, 14, 78, 308, 61, 291, 0, 17, 81, 311])
    assert distance_cm[lips].max() < 0.2


def test_too_few_seeds_are_refused(layouts: ModuleType) -> None:
    few = dict(list(seeds(MEAN_V3).items())[:5])
    with pytest.raises(UserError, match="5 landmarks of the mesh are known, expected 6"):
        register(layouts.MEAN_V3, layouts.SKIN_F3, few)


numbers = st.floats(-2, 2)


@settings(max_examples=60, deadline=None)
@given(corners=st.lists(numbers, min_size=9, max_size=9), point=st.lists(numbers, min_size=3, max_size=3))
def test_no_place_on_a_triangle_is_nearer(corners: list[float], point: list[float]) -> None:
    corner_33, point_13 = np.array(corners).reshape(3, 3), np.array(point)[None]
    _, weights, distance = nearest_on_mesh(point_13, corner_33, np.array([[0, 1, 2]]))
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    grid = np.array([(i, j, 12 - i - j) for i in range(13) for j in range(13 - i)]) / 12
    assert distance[0] <= np.linalg.norm(grid @ corner_33 - point_13, axis=1).min() + 1e-9


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: replace(m, mean_v3=m.mean_v3 * [1, -1, 1]), "mouth is not below"),
        (lambda m: replace(m, mean_v3=m.mean_v3 * [-1, 1, 1]), "left eye is not to the right"),
        (lambda m: replace(m, mean_v3=m.mean_v3 * [1, 1, -1]), "nose is not nearest"),
        (lambda m: replace(m, mean_v3=m.mean_v3 * 10), "eyes are .* cm apart"),
        (lambda m: replace(m, mean_v3=m.mean_v3 * np.nan), "NaN"),
        (
            lambda m: replace(m, identity_kv3=m.identity_kv3[:, :9]),
            r"identity_kv3 is float32 \(18, 9, 3\), expected",
        ),
        (
            lambda m: replace(m, expression_names=("a",)),
            r"expression_kv3 is float32 \(52, .*expected float32 \(1,",
        ),
        (lambda m: replace(m, landmark_l=m.landmark_l[::-1] + 500), "landmark_l holds 500 to 977"),
    ],
    ids=["upside down", "mirrored", "inside out", "unit", "nan", "identity", "names", "landmarks"],
)
def test_what_is_no_face_in_our_coordinates_is_refused(change: object, says: str) -> None:
    assert callable(change)
    broken: FaceModel = change(MODEL)
    with pytest.raises(UserError, match=says):
        assemble(broken)


def test_an_assembled_face_is_centred_and_named_by_its_bytes() -> None:
    moved = replace(MODEL, mean_v3=MODEL.mean_v3 + np.array([1, 2, 3], np.float32))
    assembled = assemble(moved)
    np.testing.assert_allclose(assembled.mean_v3.mean(axis=0), 0, atol=1e-5)
    assert assembled.sha256 != MODEL.sha256
    assert assemble(assembled).mean_v3.shape == MODEL.mean_v3.shape
