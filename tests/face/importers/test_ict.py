"""ICT-FaceKit: the repository's files and the packed one become ARKit's 52 shapes on a face in our axes."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.face.importers import ict
from style2talker.face.importers.ict import import_ict
from style2talker.face.importers.kinds import import_model
from style2talker.face.model import EXPRESSION_NAMES, FaceModel, own_landmarks


@pytest.fixture(scope="module")
def real(shared_data: Path) -> FaceModel:
    path = shared_data / "face_model/ict_facekit_light_f16.npz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return import_ict(path).model


def shape_of(model: FaceModel, name: str) -> np.ndarray:
    return model.expression_kv3[EXPRESSION_NAMES.index(name)]


def test_a_repository_becomes_named_shapes_with_eyeballs(layouts: ModuleType, tmp_path: Path) -> None:
    made = layouts.modes(4)
    shapes = dict(zip(("jawOpen", "browInnerUp_L", "browInnerUp_R", "mouthSmile_L"), made, strict=True))
    folder = layouts.write_ict(tmp_path, {**shapes, "PupilDilate_L": made[0]}, layouts.modes(2))
    imported = import_ict(folder)
    model, skin = imported.model, slice(layouts.NUM_SKIN)
    np.testing.assert_allclose(shape_of(model, "jawOpen")[skin], made[0], atol=1e-4)
    np.testing.assert_allclose(shape_of(model, "browInnerUp")[skin], made[1] + made[2], atol=1e-4)
    np.testing.assert_allclose(shape_of(model, "mouthSmileLeft")[skin], made[3], atol=1e-4)
    assert not shape_of(model, "tongueOut").any()
    assert len(model.mean_v3) == 9409 + 3140
    assert set(range(468, 478)) <= set(model.landmark_l.tolist())
    iris_3 = model.at_landmarks(model.mean_v3)[model.landmark_l.tolist().index(468)]
    np.testing.assert_allclose(
        iris_3 + (layouts.MODEL.mean_v3[4] - layouts.MODEL.mean_v3[468]), model.mean_v3[4], atol=0.3
    )
    notes = " ".join(imported.notes)
    for word in ("PupilDilate_L", "browInnerUp_L", "tongueOut", "all but face and eyeballs"):
        assert word in notes


def test_missing_files_are_named_with_the_way_to_get_them(layouts: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"generic_neutral_mesh\.obj is missing; clone .*ICT-FaceKit \(MIT\)"):
        import_ict(tmp_path)
    layouts.write_ict(tmp_path, {"jawOpen": layouts.modes(1)[0]}, layouts.modes(1))
    for name, text in (("jawOpen.obj", "jawOpen"), ("identity000.obj", "identity000")):
        path = tmp_path / "FaceXModel" / name
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(UserError, match=f"{text}.obj is missing"):
            import_ict(tmp_path)
        path.write_bytes(b"v 1 2 3\n")
        with pytest.raises(UserError, match="has 1 vertices, expected 26719"):
            import_ict(tmp_path)
        path.write_bytes(content)
    (tmp_path / "FaceXModel/vertex_indices.json").write_text("{}")
    with pytest.raises(UserError, match=r"vertex_indices\.json is damaged"):
        import_ict(tmp_path)


def test_a_packed_file_of_other_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", neutral=np.zeros((3, 3)))
    with pytest.raises(UserError, match="is not a packed ICT-FaceKit"):
        import_ict(tmp_path / "a.npz")


def packed(layouts: ModuleType, **changed: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "neutral": layouts.MEAN_V3.astype(np.float32),
        "expr": layouts.modes(2),
        "ident": layouts.modes(2),
        "tri": layouts.SKIN_F3,
        "lmk68": layouts.keypoints(),
        "names": np.array(["jawOpen", "mouthSmile_L"]),
        **changed,
    }


@pytest.mark.parametrize(
    ("key", "change", "reason"),
    [
        ("lmk68", lambda x: x + 400, r"a landmark lies at vertex \d+, expected 0 to 467"),
        ("lmk68", lambda x: x - 400, "a landmark lies at vertex -"),
        ("lmk68", lambda x: x[:60], r"lmk68 is int64 \(60,\), expected whole numbers \(68,\)"),
        ("lmk68", lambda x: x.astype(np.float32), "lmk68 is float32"),
        ("names", lambda x: x[:1], r"expr is float64 \(2, 468, 3\), expected floats \(1, 468, 3\)"),
        ("names", lambda x: x[[0, 0]], "names of shapes repeat"),
        ("names", lambda x: np.arange(2), "0 is not the name of a shape"),
        ("expr", lambda x: x[:, :-1], r"expr is float64 \(2, 467, 3\)"),
        ("ident", lambda x: x[0], r"ident is float64 \(468, 3\)"),
        ("neutral", lambda x: x.ravel(), "neutral is float32"),
        ("neutral", lambda x: x * 1e30, "beyond 1000.0 cm, or NaN"),
        ("neutral", lambda x: x * np.nan, "beyond 1000.0 cm, or NaN"),
        ("tri", lambda x: x.astype(np.float64), r"tri is float64 .*expected whole numbers"),
        ("tri", lambda x: x + 1, "triangles name vertices 1 to 468"),
        ("tri", lambda x: x[:0], "triangles have shape"),
    ],
)
def test_packed_arrays_that_do_not_fit_are_told(
    layouts: ModuleType, tmp_path: Path, key: str, change: Callable, reason: str
) -> None:
    arrays = packed(layouts)
    np.savez(tmp_path / "a.npz", **{**arrays, key: change(arrays[key])})
    with pytest.raises(UserError, match=rf"a\.npz.*({reason})"):
        import_ict(tmp_path / "a.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_packed_file_is_read_or_refused(
    layouts: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    only_sentences: Callable,
    save: Callable,
) -> None:
    def placed(mean_v3: np.ndarray, *_: object, **__: object) -> dict[str, np.ndarray]:
        return {name: value[: len(mean_v3)] for name, value in own_landmarks().items()}

    monkeypatch.setattr(ict, "register", placed)  # which takes a second
    save(tmp_path / "a.npz", **packed(layouts))
    assert import_ict(tmp_path / "a.npz").model.mean_v3.shape == (468, 3)
    only_sentences("a.npz", (tmp_path / "a.npz").read_bytes(), import_ict)


@pytest.mark.parametrize(
    ("indices", "reason"),
    [
        ({"expressions": ["../../secret"]}, "'../../secret' is not the name of a shape"),
        ({"expressions": ["/etc/secret"]}, "'/etc/secret' is not the name of a shape"),
        ({"expressions": [".."]}, "'..' is not the name of a shape"),
        ({"expressions": ["a" * 300]}, "is not the name of a shape"),
        ({"expressions": [1]}, "1 is not the name of a shape"),
        ({"expressions": []}, "no list of names"),
        ({"expressions": "jawOpen"}, "no list of names"),
        ({"expressions": ["jawOpen", "jawOpen"]}, "repeat"),
        ({"idx_to_landmark_verts": [0] * 67}, "no list of 68"),
        ({"idx_to_landmark_verts": [9409] * 68}, "vertex 9409, expected 0 to 9408"),
        ({"idx_to_landmark_verts": [-1] * 68}, "vertex -1"),
        ({"idx_to_landmark_verts": [0.5] * 68}, "vertex 0.5"),
        ({"idx_to_landmark_verts": [[0]] * 68}, "vertex .0."),
    ],
)
def test_indices_that_name_other_files_or_no_vertices_are_told(
    tmp_path: Path, indices: dict, reason: str
) -> None:
    """Before any of the named files is opened."""
    (tmp_path / "generic_neutral_mesh.obj").write_text("never read")
    right = {"expressions": ["jawOpen"], "idx_to_landmark_verts": [0] * 68}
    (tmp_path / "vertex_indices.json").write_text(json.dumps({**right, **indices}))
    with pytest.raises(UserError, match=rf"vertex_indices\.json is damaged .*{reason}"):
        import_ict(tmp_path)


def test_a_face_with_an_endless_index_is_told(layouts: ModuleType, tmp_path: Path) -> None:
    folder = layouts.write_ict(tmp_path, {"jawOpen": layouts.modes(1)[0]}, layouts.modes(1)) / "FaceXModel"
    with (folder / "generic_neutral_mesh.obj").open("a") as file:
        file.write(f"f 1 2 {'9' * 40}\n")
    with pytest.raises(UserError, match="index of no vertex"):
        import_ict(tmp_path)


def test_an_unknown_kind_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no kind of face model 'flam'; the nearest is 'flame'"):
        import_model("flam", tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        import_model("ict", tmp_path / "nowhere")


def test_the_real_face_lies_in_our_axes(real: FaceModel) -> None:
    at = dict(zip(real.landmark_l.tolist(), real.at_landmarks(real.mean_v3), strict=True))
    assert sorted(at) == list(range(468))
    assert at[13][1] < at[4][1] < at[168][1] < at[10][1]  # lips, nose, bridge, forehead from below
    assert at[33][0] < at[133][0] < at[362][0] < at[263][0]  # the eyes' corners from the subject's right
    assert max(at, key=lambda landmark: at[landmark][2]) in (1, 4, 44, 45, 274, 275)  # the tip of the nose
    np.testing.assert_allclose(real.mean_v3.mean(axis=0), 0, atol=1e-4)
    assert real.licence == "MIT"


def test_the_real_shapes_move_what_their_names_say(real: FaceModel) -> None:
    index = {landmark: number for number, landmark in enumerate(real.landmark_l.tolist())}

    def moved_cm(name: str, landmark: int, axis: int) -> float:
        return float(real.at_landmarks(shape_of(real, name))[index[landmark], axis])

    assert moved_cm("jawOpen", 14, 1) < -2
    assert abs(moved_cm("jawOpen", 13, 1)) < 0.3  # so upper and lower lip are not mixed up
    for upper, lower in ((81, 178), (311, 402), (82, 87), (312, 317), (80, 88), (310, 318)):
        assert moved_cm("jawOpen", lower, 1) < moved_cm("jawOpen", upper, 1) - 0.5
    for upper, lower in ((386, 374), (387, 373), (385, 380)):
        assert moved_cm("eyeBlinkLeft", upper, 1) < -0.3
        assert moved_cm("eyeBlinkLeft", lower, 1) > -0.1
        assert abs(moved_cm("eyeBlinkRight", upper, 1)) < 0.01
    assert moved_cm("mouthSmileLeft", 291, 1) > 0.3
    assert moved_cm("browInnerUp", 336, 1) > 0.3
    assert moved_cm("browInnerUp", 107, 1) > 0.3
    assert moved_cm("noseSneerLeft", 278, 1) > 0.1
