"""FLAME: its pickles are read and never run; the jaw becomes modes that stay near its rotation."""

import os
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.face.geometry import rotation_matrix
from style2talker.face.importers.flame import import_flame, jaw_modes
from style2talker.face.importers.flame_pickle import load_flame_pickle
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE

LANDMARKS = np.array(sorted({landmark for at in IBUG_TO_MEDIAPIPE.values() for landmark in at}))


@pytest.fixture
def arrays(layouts: ModuleType) -> dict[str, Any]:
    """A file's entries: a jaw below the lips that turns about a joint in front of the ears."""
    joint_v = np.zeros(layouts.NUM_SKIN)
    joint_v[[234, 454]] = 0.5
    jaw_weight_v = (layouts.MEAN_V3[:, 1] < -5).astype(float)
    shapedirs = np.moveaxis(layouts.modes(400), 0, 2)
    return layouts.flame_arrays(shapedirs, jaw_weight_v, joint_v)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_arrays_come_out_of_chumpy_and_scipy(
    layouts: ModuleType, arrays: dict[str, Any], tmp_path: Path, protocol: int
) -> None:
    read = load_flame_pickle(layouts.write_flame(tmp_path / "a.pkl", arrays, protocol=protocol))
    np.testing.assert_array_equal(read["shapedirs"], arrays["shapedirs"].x)
    np.testing.assert_array_equal(read["J_regressor"], arrays["J_regressor"].toarray())
    np.testing.assert_array_equal(read["f"], arrays["f"])
    assert "bs_style" not in read


class Runs:
    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> tuple:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("place", ["top", "chumpy", "sparse"])
def test_a_hostile_file_is_refused_and_nothing_runs(
    layouts: ModuleType, arrays: dict[str, Any], tmp_path: Path, place: str, protocol: int
) -> None:
    trap = tmp_path / "ran"
    payload = Runs(os.system, f"touch {trap}")
    if place == "chumpy":
        arrays["shapedirs"].x = payload
    elif place == "sparse":
        arrays["J_regressor"].data = payload
    else:
        arrays["v_template"] = payload
    file = layouts.write_flame(tmp_path / "generic_model.pkl", arrays, protocol=protocol)
    with pytest.raises(UserError, match=r"asks for the name \w+\.system"):
        load_flame_pickle(file)
    assert not trap.exists()


@pytest.mark.parametrize("payload", [Runs(eval, "1"), Runs(getattr, "a", "b"), Runs(bytearray, 10), open])
def test_names_that_no_flame_file_needs_are_refused(tmp_path: Path, payload: object) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"v_template": payload}, protocol=2))
    with pytest.raises(UserError, match="asks for the name"):
        load_flame_pickle(tmp_path / "a.pkl")


def test_units_names_and_exact_landmarks(layouts: ModuleType, arrays: dict[str, Any], tmp_path: Path) -> None:
    layouts.write_flame(tmp_path / "generic_model.pkl", arrays)
    imported = import_flame(layouts.write_mediapipe_embedding(tmp_path, LANDMARKS))
    model = imported.model
    assert (model.identity_kv3.shape[0], model.expression_kv3.shape[0]) == (300, 102)
    truth_v3 = layouts.MEAN_V3 - layouts.MEAN_V3.mean(axis=0)
    np.testing.assert_allclose(model.mean_v3, truth_v3, atol=1e-5)
    modes_kv3 = np.moveaxis(arrays["shapedirs"].x, 2, 0) * 100
    np.testing.assert_allclose(model.identity_kv3, modes_kv3[:300], atol=1e-5)
    np.testing.assert_allclose(model.expression_kv3[:100], modes_kv3[300:], atol=1e-5)
    distance_l = np.linalg.norm(model.at_landmarks(model.mean_v3) - truth_v3[model.landmark_l], axis=1)
    assert distance_l[np.isin(model.landmark_l, LANDMARKS)].max() < 1e-4
    assert distance_l.max() < 0.1
    assert len(model.landmark_l) > 450
    assert model.expression_names[-2:] == ("jaw_open", "jaw_side")
    assert any("mm off its rotation" in note for note in imported.notes)


def test_ibug_points_serve_where_mediapipes_are_missing(
    layouts: ModuleType, arrays: dict[str, Any], tmp_path: Path
) -> None:
    layouts.write_flame(tmp_path / "flame2023_Open.pkl", arrays)
    vertices = layouts.keypoints()[17:]
    faces = np.array([np.flatnonzero(np.isin(layouts.SKIN_F3, vertex).any(axis=1))[0] for vertex in vertices])
    weights = np.equal(layouts.SKIN_F3[faces], vertices[:, None]).astype(float)
    layouts.write_flame(
        tmp_path / "flame_static_embedding.pkl", {"lmk_face_idx": faces, "lmk_b_coords": weights}
    )
    model = import_flame(tmp_path).model
    assert model.licence == "CC BY 4.0"
    truth_v3 = layouts.MEAN_V3 - layouts.MEAN_V3.mean(axis=0)
    distance_l = np.linalg.norm(model.at_landmarks(model.mean_v3) - truth_v3[model.landmark_l], axis=1)
    assert np.median(distance_l) < 0.1


def test_the_jaw_opens_sinks_and_stays_near_its_rotation(layouts: ModuleType, arrays: dict[str, Any]) -> None:
    plain = {**arrays, "J_regressor": arrays["J_regressor"].toarray()}
    (open_v3, side_v3), names, error_cm = jaw_modes(plain)
    assert names == ("jaw_open", "jaw_side")
    chin, brow = 152, 151
    assert open_v3[chin, 1] < -0.3
    assert side_v3[chin, 0] > 0.2
    assert not open_v3[brow].any()
    joint_3 = layouts.MEAN_V3[[234, 454]].mean(axis=0)
    turn_33 = rotation_matrix(np.array([0.3, 0, 0]))
    rotated_3 = joint_3 + turn_33 @ (layouts.MEAN_V3[chin] - joint_3)
    assert np.linalg.norm(layouts.MEAN_V3[chin] + 3 * open_v3[chin] - rotated_3) <= error_cm + 1e-9
    radius_cm = np.linalg.norm((layouts.MEAN_V3 - joint_3)[layouts.MEAN_V3[:, 1] < -5], axis=1).max()
    assert error_cm < radius_cm * 0.3**2 / 8  # less than the height of the arc over its chord


def test_a_model_whose_jaw_does_not_turn_has_no_jaw_modes(arrays: dict[str, Any]) -> None:
    still = {**arrays, "weights": np.zeros_like(arrays["weights"])}
    assert jaw_modes(still)[1] == ()


def test_missing_files_are_named_with_the_way_to_get_them(
    layouts: ModuleType, arrays: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"none of generic_model\.pkl.* register at flame\.is\.tue\.mpg\.de"):
        import_flame(tmp_path)
    layouts.write_flame(tmp_path / "generic_model.pkl", arrays)
    with pytest.raises(UserError, match=r"mediapipe_landmark_embedding\.npz is missing"):
        import_flame(tmp_path)
    layouts.write_flame(tmp_path / "flame2023.pkl", arrays)
    with pytest.raises(UserError, match="name one file"):
        import_flame(tmp_path)


def test_a_file_without_modes_is_refused(layouts: ModuleType, arrays: dict[str, Any], tmp_path: Path) -> None:
    layouts.write_mediapipe_embedding(tmp_path, LANDMARKS)
    file = layouts.write_flame(
        tmp_path / "a.pkl", {**arrays, "shapedirs": layouts.Ch(np.zeros((468, 3, 10)))}
    )
    with pytest.raises(UserError, match=r"has 10 modes, expected 300 \+ 100"):
        import_flame(file)
    file = layouts.write_flame(tmp_path / "a.pkl", {"v_template": arrays["v_template"]})
    with pytest.raises(UserError, match="is not a FLAME model"):
        import_flame(file)
