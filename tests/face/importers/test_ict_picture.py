"""The landmarker, shown a drawing of the ICT face, finds landmarks where the importer placed them.

Nothing of the importer's is in the drawing: lips and brows are coloured inside the polygons of the kit's own
68 points, eyes are drawn between their corners. Shapes: V vertices, F triangles, L landmarks.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest

from style2talker.face.canonical import OVAL
from style2talker.face.geometry import project
from style2talker.face.importers.ict import import_ict
from style2talker.face.importers.surface import triangle_normals
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES, FaceModel

SIZE_PX, PX_PER_CM = 400, 14.0
SKIN, LIPS, BROWS, WHITE, IRIS = (205, 160, 135), (165, 85, 80), (70, 50, 42), (228, 222, 218), (60, 42, 34)


@pytest.fixture(scope="module")
def path(shared_data: Path) -> Path:
    path = shared_data / "face_model/ict_facekit_light_f16.npz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path


def colours(mean_v3: np.ndarray, triangles_f3: np.ndarray, points_68: np.ndarray) -> np.ndarray:
    """RGB of each triangle, [F, 3]."""
    centre_f2 = mean_v3[triangles_f3].mean(axis=1)[:, :2].astype(np.float32)
    colour_f3 = np.tile(np.array(SKIN, np.float64), (len(triangles_f3), 1))
    corner_682 = mean_v3[points_68][:, :2].astype(np.float32)
    areas = [(corner_682[48:60], LIPS)]
    for brow in (corner_682[17:22], corner_682[22:27]):
        half = np.array([0, 0.25], np.float32)
        areas.append((np.concatenate([brow + half, brow[::-1] - half]), BROWS))
    for polygon, colour in areas:
        inside_f = [cv2.pointPolygonTest(polygon, tuple(map(float, at)), False) >= 0 for at in centre_f2]
        colour_f3[inside_f] = colour
    return colour_f3


def draw(model: FaceModel, vertices_v3: np.ndarray, turn_3: np.ndarray, points_68: np.ndarray) -> np.ndarray:
    """The face as RGB, far triangles first."""
    camera_13 = np.array([[SIZE_PX / 2, SIZE_PX / 2, PX_PER_CM]])
    point_v2 = project(vertices_v3[None], turn_3[None], camera_13)[0]
    image = np.full((SIZE_PX, SIZE_PX, 3), 80, np.uint8)
    for outer, inner in ((36, 39), (42, 45)):
        eye_2 = tuple(map(int, point_v2[points_68[[outer, inner]]].mean(axis=0)))
        cv2.circle(image, eye_2, round(1.3 * PX_PER_CM), WHITE, -1)
        cv2.circle(image, eye_2, round(0.6 * PX_PER_CM), IRIS, -1)
    facing_f = triangle_normals(vertices_v3, model.triangles_f3)
    light_f1 = 0.45 + 0.6 * np.clip(facing_f @ [0, 0.33, 0.94], 0, 1)[:, None]
    colour_f3 = colours(model.mean_v3, model.triangles_f3, points_68) * light_f1
    for face in np.argsort(vertices_v3[model.triangles_f3, 2].mean(axis=1)):
        corner_32 = np.round(point_v2[model.triangles_f3[face]] * 16).astype(np.int32)
        cv2.fillConvexPoly(image, corner_32, tuple(map(float, colour_f3[face])), cv2.LINE_AA, 4)
    return cv2.GaussianBlur(image, (0, 0), 0.7)


@pytest.mark.parametrize("jaw", [0.0, 0.4])
def test_the_landmarker_agrees_with_the_places(path: Path, jaw: float) -> None:
    model = import_ict(path).model
    points_68 = np.load(path)["lmk68"]
    expression_1k = np.zeros((1, 52))
    expression_1k[0, EXPRESSION_NAMES.index("jawOpen")] = jaw
    vertices_v3 = model.shape(np.zeros(len(model.identity_kv3)), expression_1k)[0].astype(np.float64)
    turn_3 = np.zeros(3)
    with LandmarkTracker() as tracker:
        seen = tracker.detect_image(draw(model, vertices_v3, turn_3, points_68))
    assert seen is not None
    placed_l2 = project(
        model.at_landmarks(vertices_v3)[None], turn_3[None], np.array([[200, 200, PX_PER_CM]])
    )[0]
    between_eyes_px = np.linalg.norm(
        seen[0][[33, 133], :2].mean(axis=0) - seen[0][[263, 362], :2].mean(axis=0)
    )
    distance_l = np.linalg.norm(seen[0][model.landmark_l, :2] - placed_l2, axis=1) / between_eyes_px
    inner_l = ~np.isin(model.landmark_l, OVAL)  # the oval lies on the silhouette, wherever that is
    assert np.median(distance_l[inner_l]) < 0.03
    assert distance_l[inner_l].mean() < 0.04
    lips_l = np.isin(model.landmark_l, [13, 14, 0, 17, 61, 291, 78, 308, 81, 311, 178, 402])
    assert distance_l[lips_l].mean() < 0.03
