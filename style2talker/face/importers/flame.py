"""FLAME 2020 and 2023, with a landmark embedding beside the model.

Shapes: V vertices (5,023), F triangles, K modes, L landmarks. Upstream unit metre, axes as ours. Columns 0 to
299 of `shapedirs` are identity, 300 to 399 expression, both at one standard deviation. The jaw, which FLAME
turns about a joint, becomes two more linear modes (`jaw_modes`); neck and eyeballs stay at rest.

FLAME has no landmarks of its own. Beside the model lies either `mediapipe_landmark_embedding.npz` (105 of
MediaPipe's landmarks, kept exactly) or `flame_static_embedding.pkl` (51 iBUG points); `register` places the
others.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from style2talker.errors import UserError
from style2talker.face.geometry import rotation_matrix
from style2talker.face.importers.assemble import Imported, assemble, check_triangles
from style2talker.face.importers.flame_pickle import load_flame_pickle
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.importers.register import register
from style2talker.face.model import FaceModel

NUM_IDENTITY, NUM_EXPRESSION = 300, 100
CM_PER_UNIT = 100.0
JAW = 2  # of the joints root, neck, jaw, left eye, right eye
JAW_OPEN_RAD, JAW_SIDE_RAD = 0.1, 0.05  # what coefficient 1 of the two jaw modes stands for
NAMES = ("generic_model.pkl", "flame2023.pkl", "flame2023_Open.pkl", "flame2023_no_jaw.pkl")
MEDIAPIPE_FILE, IBUG_FILE = "mediapipe_landmark_embedding.npz", "flame_static_embedding.pkl"
WHERE = (
    "register at flame.is.tue.mpg.de and download it (2020 and 2023: non-commercial; 2023 Open: CC BY 4.0)"
)


def import_flame(path: Path) -> Imported:
    """FLAME from its pickle or the folder that holds it, with the embedding beside it. Raises `UserError`."""
    file = _model_file(path)
    arrays = load_flame_pickle(file)
    try:
        mean_v3 = arrays["v_template"] * CM_PER_UNIT
        modes_kv3 = np.moveaxis(arrays["shapedirs"], 2, 0) * CM_PER_UNIT
        triangles_f3 = check_triangles(arrays["f"].astype(np.int64), len(mean_v3), source=file)
        jaw_kv3, jaw_names, error_cm = jaw_modes(arrays)
    except (KeyError, ValueError, IndexError) as error:
        raise UserError(f"{file} is not a FLAME model (problem with {error}); {WHERE}.") from error
    if len(modes_kv3) != NUM_IDENTITY + NUM_EXPRESSION:
        raise UserError(
            f"{file} has {len(modes_kv3)} modes, expected {NUM_IDENTITY} + {NUM_EXPRESSION}; {WHERE}."
        )
    skin_f3 = triangles_f3[_head(triangles_f3, len(mean_v3))]
    exact, seeds, embedding = _embedding(file.parent, mean_v3, triangles_f3)
    places = register(mean_v3, skin_f3, seeds)
    other = ~np.isin(places["landmark_l"], exact["landmark_l"])
    places = {name: np.concatenate([value, places[name][other]]) for name, value in exact.items()}
    order = np.argsort(places["landmark_l"])
    model = FaceModel(
        name=file.stem if "flame" in file.stem.lower() else "flame2020",
        licence="CC BY 4.0"
        if "open" in file.stem.lower()
        else "FLAME: non-commercial research, after registration",
        sha256="",
        mean_v3=mean_v3.astype(np.float32),
        identity_kv3=modes_kv3[:NUM_IDENTITY].astype(np.float32),
        expression_kv3=np.concatenate([modes_kv3[NUM_IDENTITY:], jaw_kv3]).astype(np.float32),
        triangles_f3=triangles_f3,
        expression_names=(*(f"expression{number}" for number in range(NUM_EXPRESSION)), *jaw_names),
        expression_kind="components",
        **{name: value[order] for name, value in places.items()},
    )
    jaw = f"the jaw as {len(jaw_names)} linear modes is at most {10 * error_cm:.1f} mm off its rotation"
    return Imported(model=assemble(model), notes=(embedding, jaw, "left out: neck, eyeball rotation, irises"))


def jaw_modes(arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, tuple[str, ...], float]:
    """(modes [2, V, 3] in cm, names, worst error in cm of any vertex) of a jaw that opens and moves sideways.

    A mode is the straight line that comes nearest to the arcs of the vertices between the coefficient's
    bounds (0 to 3 for opening, -3 to 3 for sideways). No modes where the model has no jaw that turns.
    """
    if not arrays["weights"][:, JAW].any():
        return np.zeros((0, len(arrays["v_template"]), 3)), (), 0.0
    modes, worst_cm = [], 0.0
    for axis, unit_rad, coefficients in (
        (0, JAW_OPEN_RAD, np.linspace(0, 3, 7)),
        (1, JAW_SIDE_RAD, np.linspace(-3, 3, 7)),
    ):
        angle_t3 = np.zeros((len(coefficients), 3))
        angle_t3[:, axis] = coefficients * unit_rad
        moved_tv3 = np.stack([_jaw_turned(arrays, angle_3) for angle_3 in angle_t3])
        mode_v3 = np.tensordot(coefficients, moved_tv3, axes=1) / (coefficients**2).sum()
        left_tv3 = moved_tv3 - coefficients[:, None, None] * mode_v3
        worst_cm = max(worst_cm, float(np.linalg.norm(left_tv3, axis=2).max()))
        modes.append(mode_v3)
    return np.stack(modes), ("jaw_open", "jaw_side"), worst_cm


def _jaw_turned(arrays: dict[str, np.ndarray], angle_3: np.ndarray) -> np.ndarray:
    """How the mean face moves [V, 3] in cm when the jaw turns: linear blend skinning with correctives."""
    turn_33 = rotation_matrix(angle_3)
    corrective_9 = (turn_33 - np.eye(3)).reshape(-1)
    first = 9 * (JAW - 1)  # the root has no correctives
    moved_v3 = arrays["posedirs"][:, :, first : first + 9] @ corrective_9
    rest_v3 = arrays["v_template"] + moved_v3
    joint_3 = arrays["J_regressor"][JAW] @ arrays["v_template"]
    turned_v3 = joint_3 + (rest_v3 - joint_3) @ turn_33.T
    return (moved_v3 + arrays["weights"][:, JAW, None] * (turned_v3 - rest_v3)) * CM_PER_UNIT


def _model_file(path: Path) -> Path:
    if path.is_file():
        return path
    found = [path / name for name in NAMES if (path / name).is_file()]
    if len(found) != 1:
        what = "holds none" if not found else f"holds {', '.join(x.name for x in found)}; name one file"
        raise UserError(f"{path} {what} of {', '.join(NAMES)}; {WHERE}.")
    return found[0]


def _head(triangles_f3: np.ndarray, vertices: int) -> np.ndarray:
    """bool [F]: the triangle belongs to the largest connected part, the head without its eyeballs."""
    first, second = triangles_f3[:, [0, 1]].T, triangles_f3[:, [1, 2]].T
    row, column = np.concatenate([first, second], axis=1)
    _, part_v = connected_components(
        coo_matrix((np.ones(len(row)), (row, column)), (vertices, vertices)), directed=False
    )
    part_f = part_v[triangles_f3[:, 0]]
    return part_f == np.bincount(part_f).argmax()


def _embedding(
    folder: Path, mean_v3: np.ndarray, triangles_f3: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[tuple[int, ...], np.ndarray], str]:
    """(exact places, seeds, which file they are from)."""
    mediapipe, ibug = folder / MEDIAPIPE_FILE, folder / IBUG_FILE
    try:
        if mediapipe.is_file():
            with np.load(mediapipe, allow_pickle=False) as file:
                landmark_l = file["landmark_indices"].astype(np.int32).reshape(-1)
                corner_l3 = triangles_f3[file["lmk_face_idx"].astype(np.int64).reshape(-1)]
                weight_l3 = file["lmk_b_coords"].astype(np.float32)
            landmarks = [(int(landmark),) for landmark in landmark_l]
        elif ibug.is_file():
            arrays = load_flame_pickle(ibug)
            corner_l3 = triangles_f3[arrays["lmk_face_idx"].astype(np.int64).reshape(-1)]
            weight_l3 = arrays["lmk_b_coords"].astype(np.float32)
            landmark_l = np.zeros(0, np.int32)
            landmarks = [IBUG_TO_MEDIAPIPE[point] for point in range(17, 68)]
        else:
            raise UserError(f"{mediapipe} is missing (or {IBUG_FILE}): FLAME's landmarks are in it; {WHERE}.")
        place_l3 = np.einsum("lw,lwx->lx", weight_l3, mean_v3[corner_l3])
        seeds = dict(zip(landmarks, place_l3, strict=True))
    except (KeyError, ValueError, IndexError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"a landmark embedding in {folder} is damaged (problem with {error}); {WHERE}."
        ) from error
    count = len(landmark_l)
    exact = {
        "landmark_l": landmark_l,
        "landmark_vertices_l3": corner_l3[:count].astype(np.int32),
        "landmark_weights_l3": weight_l3[:count],
    }
    used = mediapipe if mediapipe.is_file() else ibug
    return exact, seeds, f"landmarks from {used.name}, {count} of them exactly"
