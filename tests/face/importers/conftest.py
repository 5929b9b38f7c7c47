"""Writers of small files in the exact layouts of the upstream models, as the fixture `layouts`.

The face in all of them is the embedded one, so every importer must find the same face again.

Shapes: V vertices (468, without irises), F triangles, K modes.
"""

import pickle
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

from style2talker.face.canonical import open_triangles
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.model import embedded
from style2talker.face.skin import NUM_SKIN

MODEL = embedded()
MEAN_V3 = MODEL.mean_v3[:NUM_SKIN].astype(np.float64)
SKIN_F3 = MODEL.triangles_f3[open_triangles(MODEL.triangles_f3)]
# A vertex for each iBUG point: the one nearest to the mean of its landmarks.
ONE_TO_ONE = {
    point: int(np.linalg.norm(MEAN_V3 - MEAN_V3[list(at)].mean(axis=0), axis=1).argmin())
    for point, at in IBUG_TO_MEDIAPIPE.items()
}
RANDOM = np.random.default_rng(0)


OFF_CENTRE = np.array([0.3, -0.7, 11.0])  # cm; no upstream mean is centred


def modes(count: int, size_cm: float = 0.1) -> np.ndarray:
    return RANDOM.normal(size=(count, NUM_SKIN, 3)) * size_cm


@pytest.fixture(scope="session")
def layouts() -> ModuleType:
    """This module."""
    return sys.modules[__name__]


def keypoints() -> np.ndarray:
    """68 vertices, from 0; the jaw's, which have no landmark, are at the chin."""
    return np.array([ONE_TO_ONE.get(point, 152) for point in range(68)])


# ---- ICT-FaceKit: 26,719 vertices, of which the first 9,409 are the face and two ranges are the eyeballs

NUM_ICT, NUM_FACE, LEFT_EYE, RIGHT_EYE = 26719, 9409, 21451, 23021


def ict_vertices(face_v3: np.ndarray, eye_shift_3: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    vertices_v3 = np.tile(face_v3, (NUM_ICT // NUM_SKIN + 1, 1))[:NUM_ICT]
    for first, iris in ((LEFT_EYE, 473), (RIGHT_EYE, 468)):
        corner = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * 1.2
        vertices_v3[first : first + 4] = MODEL.mean_v3[iris] + [0, 0, -0.1] + corner + eye_shift_3
    return vertices_v3


def write_ict(folder: Path, shapes: dict[str, np.ndarray], identities: np.ndarray) -> Path:
    """A FaceXModel folder with quads, texture indices and a material, as upstream has them."""
    files = folder / "FaceXModel"
    files.mkdir()
    quads = [[first + 1, first + 2, first + 3, first + 4] for first in (LEFT_EYE, RIGHT_EYE)]
    faces = [*(SKIN_F3 + 1).tolist(), *quads, [9411, 9412, 9413]]  # the last is of the head
    tail = ["usemtl M_Face", "s 1", *("f " + " ".join(f"{i}/{i}/{i}" for i in corners) for corners in faces)]
    neutral_v3 = ict_vertices(MEAN_V3)

    def write(name: str, vertices_v3: np.ndarray) -> None:
        lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices_v3]
        text = ["mtllib ICTFaceModelMaterial.mtl", *lines, "vt 0.5 0.5", *tail]
        (files / f"{name}.obj").write_text("\n".join(text) + "\n")

    write("generic_neutral_mesh", neutral_v3)
    for name, shape_v3 in shapes.items():
        write(name, ict_vertices(MEAN_V3 + shape_v3))
    for number, mode_v3 in enumerate(identities):
        write(f"identity{number:03}", ict_vertices(MEAN_V3 + mode_v3))
    names = [name for name in shapes if not name.startswith("Pupil")]
    lists = ", ".join(f'"{name}"' for name in names)
    (files / "vertex_indices.json").write_text(
        f'{{"expressions": [{lists}], "idx_to_landmark_verts": {keypoints().tolist()}}}'
    )
    return folder


# ---- BFM 2009 as Deep3DFaceRecon writes it: decimetres, one-based, modes in columns


def write_bfm(folder: Path, identity_kv3: np.ndarray, expression_kv3: np.ndarray, **changed: Any) -> Path:
    vertices = len(MEAN_V3)
    content = {
        "meanshape": (MEAN_V3 + OFF_CENTRE).reshape(1, -1) / 10,
        "idBase": identity_kv3.reshape(len(identity_kv3), -1).T / 10,
        "exBase": expression_kv3.reshape(len(expression_kv3), -1).T / 10,
        "tri": (SKIN_F3 + 1).astype(np.float64),
        "keypoints": (keypoints() + 1)[None].astype(np.float64),
        "meantex": np.zeros((1, 3 * vertices)),
        **changed,
    }
    savemat(folder / "BFM_model_front.mat", content)
    return folder


# ---- eos: cereal's binary archives and a TOML file


def _matrix(values: np.ndarray) -> bytes:
    values = np.atleast_2d(values.T).T
    return struct.pack("<ii", *values.shape) + values.astype("<f4").tobytes(order="F")


def _text(name: str) -> bytes:
    return struct.pack("<Q", len(name)) + name.encode()


def write_surrey(
    folder: Path, directions_kv3: np.ndarray, variance_k: np.ndarray, blendshapes: dict[str, np.ndarray]
) -> Path:
    """Millimetres; `directions_kv3` have length 1. Behind the shape model comes an empty colour model."""
    triangles = struct.pack("<Q", len(SKIN_F3)) + SKIN_F3.astype("<i4").tobytes()
    flat_kn = directions_kv3.reshape(len(directions_kv3), -1)
    shape = _matrix((MEAN_V3 * 10).ravel()) + _matrix(flat_kn.T) + _matrix(variance_k) + triangles
    empty = b"".join(_matrix(np.zeros(shape)) for shape in ((0, 1), (0, 0), (0, 1))) + struct.pack("<Q", 0)
    rest = b"\x01\x01" + struct.pack("<QQ", 0, 0)  # no expression model, no landmarks, no texture
    (folder / "sfm_shape_3448.bin").write_bytes(struct.pack("<I", 4) + shape + empty + rest)
    shapes = [_text(name) + _matrix((shape_v3 * 10).ravel()) for name, shape_v3 in blendshapes.items()]
    content = struct.pack("<Q", len(shapes)) + b"".join(shapes)
    (folder / "expression_blendshapes_3448.bin").write_bytes(content)
    known = [point for point in ONE_TO_ONE if point not in (60, 64)]  # as upstream
    lines = [f"{point + 1} = {ONE_TO_ONE[point]}  # comment" for point in known]
    text = "\n".join(["# TOML", "[landmark_mappings]", *lines, "[contour_landmarks]", "right = [1, 2]"])
    (folder / "ibug_to_sfm.txt").write_text(text)
    return folder


# ---- FLAME: a Python 2 pickle with chumpy and scipy inside; metres


class Ch:
    """Stands for chumpy.ch.Ch: same module and name in the pickle, same kind of state."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = x
        self._dirty_vars: set = set()
        self._itr = None


Ch.__module__ = "chumpy.ch"


def flame_arrays(shapedirs: np.ndarray, jaw_weight_v: np.ndarray, joint_v: np.ndarray) -> dict[str, Any]:
    """The entries of a FLAME file. `joint_v`: weights of the vertices whose mean is the jaw's joint."""
    weights = np.zeros((NUM_SKIN, 5))
    weights[:, 1], weights[:, 2] = 1 - jaw_weight_v, jaw_weight_v
    regressor = np.zeros((5, NUM_SKIN))
    regressor[2] = joint_v
    return {
        "v_template": MEAN_V3 / 100,
        "shapedirs": Ch(shapedirs / 100),
        "posedirs": np.zeros((NUM_SKIN, 3, 36)),
        "J_regressor": csc_matrix(regressor),
        "weights": weights,
        "kintree_table": np.array([[4294967295, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32),
        "f": SKIN_F3.astype(np.uint32),
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }


def write_flame(path: Path, arrays: dict[str, Any], *, protocol: int = 2) -> Path:
    """Pickled with the names that Python 2, chumpy and old scipy leave in such files."""
    chumpy, ch = ModuleType("chumpy"), ModuleType("chumpy.ch")
    vars(ch)["Ch"] = Ch
    sys.modules.update({"chumpy": chumpy, "chumpy.ch": ch})
    try:
        content = pickle.dumps(arrays, protocol=protocol, fix_imports=True)
    finally:
        del sys.modules["chumpy"], sys.modules["chumpy.ch"]
    path.write_bytes(content.replace(b"scipy.sparse._csc\n", b"scipy.sparse.csc\n"))
    return path


def write_mediapipe_embedding(folder: Path, landmarks: np.ndarray) -> Path:
    """The landmarks at corners of triangles, as barycentric coordinates."""
    faces = np.array([np.flatnonzero(np.isin(SKIN_F3, landmark).any(axis=1))[0] for landmark in landmarks])
    weights = np.equal(SKIN_F3[faces], landmarks[:, None]).astype(np.float64)
    np.savez(
        folder / "mediapipe_landmark_embedding.npz",
        lmk_face_idx=faces,
        lmk_b_coords=weights,
        landmark_indices=landmarks,
    )
    return folder
