"""The landmarker, shown a drawing of the ICT face, finds landmarks where the importer placed them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from style2talker.face.canonical import OVAL
from style2talker.face.importers.ict import import_ict
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES

_path = Path(__file__).parents[3] / "benchmarks" / "landmark_places.py"
_spec = importlib.util.spec_from_file_location("landmark_places", _path)
assert _spec is not None
assert _spec.loader is not None
places = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(places)


@pytest.mark.parametrize("jaw", [0.0, 0.4])
def test_the_landmarker_agrees_with_the_places(shared_data: Path, jaw: float) -> None:
    path = shared_data / "face_model/ict_facekit_light_f16.npz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    model = import_ict(path).model
    expression_1k = np.zeros((1, 52))
    expression_1k[0, EXPRESSION_NAMES.index("jawOpen")] = jaw
    vertices_v3 = model.shape(np.zeros(len(model.identity_kv3)), expression_1k)[0].astype(np.float64)
    with LandmarkTracker() as tracker:
        seen = tracker.detect_image(places.draw(model, vertices_v3, np.zeros(3), np.load(path)["lmk68"]))
    assert seen is not None
    distance_l = places.distances(model, vertices_v3, np.zeros(3), seen[0][:, :2])
    inner_l = ~np.isin(model.landmark_l, OVAL)  # the oval lies on the silhouette, wherever that is
    assert np.median(distance_l[inner_l]) < 0.03
    assert distance_l[inner_l].mean() < 0.04
    lips_l = np.isin(model.landmark_l, [13, 14, 0, 17, 61, 291, 78, 308, 81, 311, 178, 402])
    assert distance_l[lips_l].mean() < 0.03
