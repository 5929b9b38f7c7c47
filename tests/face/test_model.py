"""The embedded face: complete, symmetric, and each named movement does what its name says."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.face.canonical import mirror_vertices, wire_fields
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS, embedded, load_model, model_bytes

MODEL = embedded()
MIRROR_V = mirror_vertices(MODEL.mean_v3)


def moved(*names: str, vertex: int) -> np.ndarray:
    """Displacement (cm) of one vertex with the named shapes at 1."""
    return MODEL.expression_kv3[[EXPRESSION_NAMES.index(name) for name in names], vertex].sum(axis=0)


def gap_cm(upper: int, lower: int, *names: str) -> float:
    at_rest = MODEL.mean_v3[upper, 1] - MODEL.mean_v3[lower, 1]
    return float(at_rest + moved(*names, vertex=upper)[1] - moved(*names, vertex=lower)[1])


def test_shapes_and_names() -> None:
    assert len(EXPRESSION_NAMES) == len(set(EXPRESSION_NAMES)) == 52
    assert MODEL.expression_names == EXPRESSION_NAMES
    assert MODEL.mean_v3.shape == (NUM_LANDMARKS, 3)
    assert MODEL.expression_kv3.shape == (52, NUM_LANDMARKS, 3)
    assert MODEL.identity_kv3.shape[1:] == (NUM_LANDMARKS, 3)
    assert 0 <= MODEL.triangles_f3.min() <= MODEL.triangles_f3.max() < NUM_LANDMARKS


def test_shape_adds_one_identity_to_every_frame() -> None:
    identity_k = np.zeros(len(MODEL.identity_kv3))
    identity_k[0] = 2
    expression_tk = np.eye(52)[[17, 0]]
    vertices_tv3 = MODEL.shape(identity_k, expression_tk)
    expected_v3 = MODEL.mean_v3 + 2 * MODEL.identity_kv3[0] + MODEL.expression_kv3[17]
    np.testing.assert_allclose(vertices_tv3[0], expected_v3, atol=1e-5)


@pytest.mark.parametrize("field_nv3", [MODEL.mean_v3[None], MODEL.identity_kv3], ids=["mean", "identity"])
def test_the_face_is_its_own_mirror_image(field_nv3: np.ndarray) -> None:
    np.testing.assert_allclose(field_nv3[:, MIRROR_V] * [-1, 1, 1], field_nv3, atol=2e-5)


@pytest.mark.parametrize("name", [name for name in EXPRESSION_NAMES if "Right" not in name])
def test_left_and_right_shapes_are_mirror_images(name: str) -> None:
    left_v3 = MODEL.expression_kv3[EXPRESSION_NAMES.index(name)]
    right_v3 = MODEL.expression_kv3[EXPRESSION_NAMES.index(name.replace("Left", "Right"))]
    np.testing.assert_allclose(left_v3[MIRROR_V] * [-1, 1, 1], right_v3, atol=2e-5)


def test_zero_is_a_closed_mouth_and_open_eyes() -> None:
    assert abs(gap_cm(13, 14)) < 0.1
    assert gap_cm(386, 374) > 0.4


def test_the_jaw_opens_below_the_upper_lip() -> None:
    assert 2.0 < gap_cm(13, 14, "jawOpen") < 4.5
    assert abs(moved("jawOpen", vertex=0)[1]) < 0.35
    assert abs(gap_cm(13, 14, "jawOpen", "mouthClose")) < 0.3


def test_a_blink_closes_its_own_eye() -> None:
    assert gap_cm(386, 374, "eyeBlinkLeft") < 0.1
    assert gap_cm(159, 145, "eyeBlinkLeft") > 0.4


@pytest.mark.parametrize(
    ("name", "vertex", "axis", "sign"),
    [
        ("mouthSmileLeft", 291, 1, 1),
        ("mouthSmileLeft", 291, 0, 1),
        ("mouthFrownLeft", 291, 1, -1),
        ("mouthPucker", 291, 0, -1),
        ("mouthFunnel", 14, 1, -1),
        ("mouthLeft", 13, 0, 1),
        ("jawLeft", 152, 0, 1),
        ("jawForward", 152, 2, 1),
        ("mouthUpperUpLeft", 311, 1, 1),
        ("mouthLowerDownLeft", 402, 1, -1),
        ("browDownLeft", 336, 1, -1),
        ("browInnerUp", 336, 1, 1),
        ("browOuterUpLeft", 334, 1, 1),
        ("cheekPuff", 425, 2, 1),
        ("noseSneerLeft", 278, 1, 1),
        ("eyeLookOutLeft", 473, 0, 1),
        ("eyeLookInLeft", 473, 0, -1),
        ("eyeLookUpLeft", 473, 1, 1),
        ("eyeLookDownLeft", 473, 1, -1),
        ("eyeWideLeft", 386, 1, 1),
    ],
)
def test_movements_go_where_their_names_say(name: str, vertex: int, axis: int, sign: int) -> None:
    assert moved(name, vertex=vertex)[axis] * sign > 0.08


def test_the_tongue_is_a_zero_mode() -> None:
    assert not MODEL.expression_kv3[EXPRESSION_NAMES.index("tongueOut")].any()


def test_the_file_comes_back_and_its_bytes_are_fixed(tmp_path: Path) -> None:
    content = model_bytes(MODEL)
    assert content == model_bytes(MODEL)
    assert content == model_bytes(replace(MODEL, mean_v3=np.where(MODEL.mean_v3 == 0, -0.0, MODEL.mean_v3)))
    (tmp_path / "face.safetensors").write_bytes(content)
    again = load_model(tmp_path / "face.safetensors")
    assert again.sha256 == MODEL.sha256
    np.testing.assert_array_equal(again.expression_kv3, MODEL.expression_kv3)


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "face.safetensors").write_bytes(b"not a model")
    with pytest.raises(UserError, match=r"face\.safetensors is not a face model"):
        load_model(tmp_path / "face.safetensors")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"triangles_f3": MODEL.triangles_f3 + 100}, "triangles_f3 holds 100 to 567, expected 0 to 477"),
        ({"landmark_vertices_l3": MODEL.landmark_vertices_l3 - 1}, "landmark_vertices_l3 holds -1 to 476"),
        ({"landmark_l": MODEL.landmark_l + 1}, "landmark_l holds 1 to 478"),
        ({"landmark_l": MODEL.landmark_l[::-1]}, "landmark_l does not ascend"),
        ({"landmark_weights_l3": MODEL.landmark_weights_l3 * 2}, "do not sum to 1"),
        ({"expression_names": EXPRESSION_NAMES[:10]}, r"\(52, 478, 3\), expected float32 \(10, 478, 3\)"),
        ({"expression_names": (*EXPRESSION_NAMES[:51], "jawOpen")}, "names repeat"),
        ({"mean_v3": MODEL.mean_v3 * np.nan}, "mean_v3 holds NaN"),
        ({"mean_v3": MODEL.mean_v3[:, :2]}, r"mean_v3 is float32 \(478, 2\)"),
        ({"mean_v3": np.zeros((0, 3))}, "mean_v3 is empty"),
        ({"identity_kv3": MODEL.identity_kv3[:, :-1]}, r"identity_kv3 is float32 \(18, 477, 3\)"),
        ({"expression_kind": "poses"}, "poses"),
    ],
    ids=lambda change: next(iter(change)) if isinstance(change, dict) else "",
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, change: dict, reason: str) -> None:
    path = tmp_path / "face.safetensors"
    path.write_bytes(model_bytes(replace(MODEL, **change)))
    with pytest.raises(UserError, match=rf"face\.safetensors is not a face model.*{reason}"):
        load_model(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no file .*face\.safetensors; `style2talker face-model import`"):
        load_model(tmp_path / "face.safetensors")


def test_a_damaged_model_is_read_or_refused(only_sentences: Callable) -> None:
    only_sentences("face.safetensors", model_bytes(MODEL), load_model)


def test_wire_fields_reads_numbers_and_bytes() -> None:
    # Field 1 = 150 (varint), field 2 = b"hi" (length-delimited), field 3 = 1.0 (fixed 32).
    message = bytes([0x08, 0x96, 0x01, 0x12, 0x02]) + b"hi" + bytes([0x1D, 0, 0, 0x80, 0x3F])
    assert list(wire_fields(message)) == [(1, 150), (2, b"hi"), (3, b"\x00\x00\x80\x3f")]
