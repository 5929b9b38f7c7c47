"""Where an imported face's landmarks lie, against what MediaPipe's landmarker sees on drawings of it.

    python benchmarks/landmark_places.py ict_facekit.npz

Prints the mean distance, in percent of the distance between the eyes, with the usual pairs of iBUG points
and single landmarks as seeds (P. Yan's table, as often used) and with ours. The landmarker's own error is in
both.

Nothing of the importer's is in a drawing: lips and brows are coloured inside the polygons of the kit's own 68
points, eyes are drawn between their corners. Shapes: V vertices, F triangles, L landmarks, N drawings.
"""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from style2talker.face.canonical import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    LIPS_LOWER_INNER,
    LIPS_LOWER_OUTER,
    LIPS_UPPER_INNER,
    LIPS_UPPER_OUTER,
    OVAL,
)
from style2talker.face.geometry import project, rotation_matrix
from style2talker.face.importers.ict import import_ict
from style2talker.face.importers.register import register
from style2talker.face.importers.surface import triangle_normals
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES, FaceModel

NUM_DRAWINGS = 36
SIZE_PX, PX_PER_CM = 400, 14.0
CAMERA_13 = np.array([[SIZE_PX / 2, SIZE_PX / 2, PX_PER_CM]])
SKIN, LIPS, BROWS, WHITE, IRIS = (205, 160, 135), (165, 85, 80), (70, 50, 42), (228, 222, 218), (60, 42, 34)
USUAL_PAIRS = (
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91, 78, 82, 13, 312, 308, 317, 14, 87),
)  # of the points 17 to 67
GROUPS = {
    "all": tuple(range(468)),
    "without the oval": tuple(sorted(set(range(468)) - set(OVAL))),
    "lips": LIPS_UPPER_OUTER + LIPS_LOWER_OUTER + LIPS_UPPER_INNER + LIPS_LOWER_INNER,
    "lids": EYE_RIGHT_UPPER + EYE_RIGHT_LOWER + EYE_LEFT_UPPER + EYE_LEFT_LOWER,
    "brows": BROW_RIGHT + BROW_LEFT,
    "nose": (168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 75, 305, 97, 326, 48, 278),
}


def draw(model: FaceModel, vertices_v3: np.ndarray, turn_3: np.ndarray, points_68: np.ndarray) -> np.ndarray:
    """The face as RGB [400, 400, 3], far triangles first. `points_68`: vertices of the iBUG points."""
    point_v2 = project(vertices_v3[None], turn_3[None], CAMERA_13)[0]
    turned_v3 = vertices_v3 @ rotation_matrix(turn_3).T
    image = np.full((SIZE_PX, SIZE_PX, 3), 80, np.uint8)
    for outer, inner in ((36, 39), (42, 45)):
        middle_3 = vertices_v3[points_68[[outer, inner]]].mean(axis=0) + np.array([0, 0.05, -1.0])
        for depth_cm, radius_cm, colour in ((0.0, 1.25, WHITE), (1.1, 0.6, IRIS)):
            place_3 = middle_3 + np.array([0, 0, depth_cm])
            at_2 = project(place_3[None, None], turn_3[None], CAMERA_13)[0, 0]
            cv2.circle(image, tuple(map(round, at_2)), round(radius_cm * PX_PER_CM), colour, -1)
    facing_f = triangle_normals(turned_v3, model.triangles_f3)
    light_f1 = 0.45 + 0.6 * np.clip(facing_f @ [0, 0.33, 0.94], 0, 1)[:, None]
    colour_f3 = _colours(model.mean_v3, model.triangles_f3, points_68) * light_f1
    for face in np.argsort(turned_v3[model.triangles_f3, 2].mean(axis=1)):
        corner_32 = np.round(point_v2[model.triangles_f3[face]] * 16).astype(np.int32)
        cv2.fillConvexPoly(image, corner_32, tuple(map(float, colour_f3[face])), cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7))


def _colours(mean_v3: np.ndarray, triangles_f3: np.ndarray, points_68: np.ndarray) -> np.ndarray:
    """RGB of each triangle [F, 3]."""
    centre_f2 = mean_v3[triangles_f3].mean(axis=1)[:, :2].astype(np.float32)
    colour_f3 = np.tile(np.array(SKIN, np.float64), (len(triangles_f3), 1))
    corner_682 = mean_v3[points_68][:, :2].astype(np.float32)
    half = np.array([0, 0.25], np.float32)
    areas = [(corner_682[48:60], LIPS)]
    for brow in (corner_682[17:22], corner_682[22:27]):
        areas.append((np.concatenate([brow + half, brow[::-1] - half]), BROWS))
    for polygon, colour in areas:
        inside_f = [cv2.pointPolygonTest(polygon, tuple(map(float, at)), False) >= 0 for at in centre_f2]
        colour_f3[inside_f] = colour
    return colour_f3


def distances(
    model: FaceModel, vertices_v3: np.ndarray, turn_3: np.ndarray, seen_l2: np.ndarray
) -> np.ndarray:
    """From the landmarks seen in a drawing [478, 2] px to their places, per distance between the eyes [L]."""
    placed_l2 = project(model.at_landmarks(vertices_v3)[None], turn_3[None], CAMERA_13)[0]
    between_px = np.linalg.norm(seen_l2[[33, 133]].mean(axis=0) - seen_l2[[263, 362]].mean(axis=0))
    return np.linalg.norm(seen_l2[model.landmark_l] - placed_l2, axis=1) / between_px


def main(path: Path) -> None:
    ours = import_ict(path).model
    points_68 = np.load(path)["lmk68"]
    usual = {(at,): ours.mean_v3[point] for at, point in zip(USUAL_PAIRS, points_68[17:], strict=True)}
    models = {
        "usual pairs": replace(ours, **register(ours.mean_v3, ours.triangles_f3, usual)),
        "ours": ours,
    }
    random = np.random.default_rng(0)
    found = {label: np.full((NUM_DRAWINGS, 468), np.nan) for label in models}
    with LandmarkTracker() as tracker:
        for drawing in range(NUM_DRAWINGS):
            identity_k = np.zeros(len(ours.identity_kv3))
            identity_k[:30] = random.normal(size=30) * 0.8
            expression_1k = np.zeros((1, len(EXPRESSION_NAMES)))
            if drawing % 2:
                expression_1k[0, EXPRESSION_NAMES.index("jawOpen")] = random.uniform(0, 0.5)
                for name in ("mouthSmileLeft", "mouthSmileRight"):
                    expression_1k[0, EXPRESSION_NAMES.index(name)] = random.uniform(0, 0.6)
            turn_3 = np.deg2rad([random.uniform(-8, 8), random.uniform(-18, 18), 0])
            vertices_v3 = ours.shape(identity_k, expression_1k)[0].astype(np.float64)
            seen = tracker.detect_image(draw(ours, vertices_v3, turn_3, points_68))
            if seen is None:
                continue
            for label, model in models.items():
                found[label][drawing, model.landmark_l] = distances(
                    model, vertices_v3, turn_3, seen[0][:, :2]
                )
    for label, distance_nl in found.items():
        shares = (f"{what} {100 * np.nanmean(distance_nl[:, list(at)]):.1f} %" for what, at in GROUPS.items())
        faces = np.isfinite(distance_nl[:, 4]).sum()
        print(f"{label} ({faces} drawings): {', '.join(shares)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
