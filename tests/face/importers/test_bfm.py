"""BFM 2009 in Deep3D's layout: decimetres become centimetres, and its coefficients stay what they were."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.face.importers.bfm import import_bfm
from style2talker.face.model import load_model, model_bytes


def test_a_deep3d_vector_gives_deep3ds_shape_in_centimetres(layouts: ModuleType, tmp_path: Path) -> None:
    identity_kv3, expression_kv3 = layouts.modes(80), layouts.modes(64)
    model = import_bfm(layouts.write_bfm(tmp_path, identity_kv3, expression_kv3)).model
    vector = np.random.default_rng(1).normal(size=257)
    upstream_v3 = layouts.MEAN_V3 + layouts.OFF_CENTRE - (layouts.MEAN_V3 + layouts.OFF_CENTRE).mean(axis=0)
    upstream_v3 = upstream_v3 + np.tensordot(vector[:80], identity_kv3, axes=1)
    upstream_v3 = upstream_v3 + np.tensordot(vector[80:144], expression_kv3, axes=1)
    np.testing.assert_allclose(model.shape(vector[:80], vector[None, 80:144])[0], upstream_v3, atol=1e-4)
    assert model.expression_kind == "components"
    assert model.expression_bounds == (-3.0, 3.0)
    np.testing.assert_array_equal(model.triangles_f3, layouts.SKIN_F3)


def test_landmarks_lie_where_the_embedded_face_has_them(layouts: ModuleType, tmp_path: Path) -> None:
    model = import_bfm(layouts.write_bfm(tmp_path, layouts.modes(80), layouts.modes(64))).model
    truth_v3 = layouts.MEAN_V3 - layouts.MEAN_V3.mean(axis=0)
    distance_cm = np.linalg.norm(model.at_landmarks(model.mean_v3) - truth_v3[model.landmark_l], axis=1)
    assert np.median(distance_cm) < 0.1
    assert np.quantile(distance_cm, 0.95) < 0.4
    assert len(model.landmark_l) > 450


def test_it_is_saved_and_read_again(layouts: ModuleType, tmp_path: Path) -> None:
    model = import_bfm(layouts.write_bfm(tmp_path, layouts.modes(80), layouts.modes(64))).model
    (tmp_path / "bfm.safetensors").write_bytes(model_bytes(model))
    again = load_model(tmp_path / "bfm.safetensors")
    assert again.sha256 == model.sha256
    assert "non-commercial" in again.licence
    np.testing.assert_array_equal(again.identity_kv3, model.identity_kv3)


def test_a_missing_file_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"BFM_model_front\.mat is missing; register at .*non-commercial"):
        import_bfm(tmp_path)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"idBase": np.zeros((9, 80))},
            r"identity_kv3 is float32 \(80, 3, 3\), expected float32 \(80, 468, 3\)",
        ),
        ({"idBase": np.zeros((1404, 40))}, "is not Deep3D's face model"),
        ({"tri": np.full((4, 3), 9999)}, "triangles name vertices"),
        ({"keypoints": np.ones((1, 5))}, "keypoints do not name 68"),
        ({"meanshape": np.zeros((1, 1404))}, "cm apart|landmark_l is empty"),
        ({"meanshape": np.full((1, 1404), np.nan)}, "holds NaN"),
    ],
    ids=["rows", "columns", "triangles", "keypoints", "flat", "nan"],
)
def test_a_file_of_another_layout_is_refused(
    layouts: ModuleType, tmp_path: Path, changed: dict, says: str
) -> None:
    layouts.write_bfm(tmp_path, layouts.modes(80), layouts.modes(64), **changed)
    with pytest.raises(UserError, match=says):
        import_bfm(tmp_path)


def test_what_is_no_whole_mat_file_is_refused(layouts: ModuleType, tmp_path: Path) -> None:
    file = layouts.write_bfm(tmp_path, layouts.modes(80), layouts.modes(64)) / "BFM_model_front.mat"
    for content in (b"not a mat file" * 20, file.read_bytes()[:9999]):
        file.write_bytes(content)
        with pytest.raises(UserError, match="is not Deep3D's face model"):
            import_bfm(tmp_path)
