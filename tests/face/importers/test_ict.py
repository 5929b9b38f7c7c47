"""ICT-FaceKit: the repository's files and the packed one become ARKit's 52 shapes on a face in our axes."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.face.importers.ict import import_ict
from style2talker.face.importers.kinds import import_model
from style2talker.face.model import EXPRESSION_NAMES, FaceModel


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
