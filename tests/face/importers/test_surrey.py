"""The Surrey model: cereal's bytes are read, directions get their variance, mm become cm."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.face.importers.surrey import import_surrey
from style2talker.face.model import FaceModel


@pytest.fixture
def folder(layouts: ModuleType, tmp_path: Path) -> Path:
    directions_kv3 = layouts.modes(3)
    directions_kv3 /= np.linalg.norm(directions_kv3, axis=(1, 2), keepdims=True)
    shapes = {"anger": layouts.modes(1)[0], "happiness": layouts.modes(1)[0]}
    return layouts.write_surrey(tmp_path, directions_kv3, np.array([400.0, 100.0, 25.0]), shapes)


@pytest.fixture
def model(folder: Path) -> FaceModel:
    return import_surrey(folder).model


def test_modes_are_at_one_standard_deviation_in_centimetres(model: FaceModel) -> None:
    size_k = np.linalg.norm(model.identity_kv3, axis=(1, 2))
    np.testing.assert_allclose(size_k, [2.0, 1.0, 0.5], rtol=1e-5)  # 20, 10 and 5 mm


def test_the_face_comes_back(layouts: ModuleType, model: FaceModel) -> None:
    np.testing.assert_allclose(model.mean_v3, layouts.MEAN_V3 - layouts.MEAN_V3.mean(axis=0), atol=1e-5)
    np.testing.assert_array_equal(model.triangles_f3, layouts.SKIN_F3)
    assert model.expression_names == ("anger", "happiness")
    assert model.expression_bounds == (0.0, 1.0)


@pytest.mark.parametrize("name", ["sfm_shape_3448.bin", "expression_blendshapes_3448.bin", "ibug_to_sfm.txt"])
def test_a_missing_or_cut_file_is_named(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 3])
    if not name.endswith(".txt"):
        with pytest.raises(UserError, match=f"{name} ends after .* damaged or of another version"):
            import_surrey(folder)
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing; give the folder `share` of .*non-commercial"):
        import_surrey(folder)


def test_another_version_or_text_is_refused(folder: Path) -> None:
    content = (folder / "sfm_shape_3448.bin").read_bytes()
    (folder / "sfm_shape_3448.bin").write_bytes(b"\x09" + content[1:])
    with pytest.raises(UserError, match="has version 9, expected 1 to 4"):
        import_surrey(folder)
    (folder / "sfm_shape_3448.bin").write_bytes(content)
    (folder / "ibug_to_sfm.txt").write_text("landmarkMappings { 9 33 }")
    with pytest.raises(UserError, match="maps no landmarks"):
        import_surrey(folder)
