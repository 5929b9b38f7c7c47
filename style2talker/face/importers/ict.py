"""ICT-FaceKit (light): from its repository, or packed into one npz of its face part.

Shapes: V vertices, F triangles, K modes. Upstream unit cm, axes as ours.

The neutral mesh is `generic_neutral_mesh.obj`; every other OBJ of the same topology is one shape at
coefficient 1, identities being principal components at one standard deviation (the kit draws them from a
standard normal). Names are ARKit's with `_L` and `_R`; `browInnerUp` and `cheekPuff`, which the kit splits
into two sides, are their sums. Vertex ranges are from its README.
"""

import json
import zipfile
import zlib
from itertools import count, takewhile
from pathlib import Path

import numpy as np

from style2talker.errors import UserError
from style2talker.face.importers.assemble import Imported, assemble, check_triangles
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.importers.obj import read_triangles, read_vertices
from style2talker.face.importers.register import register
from style2talker.face.model import EXPRESSION_NAMES, FaceModel

NAME, LICENCE = "ict-facekit-light", "MIT"
NEUTRAL, INDICES = "generic_neutral_mesh.obj", "vertex_indices.json"
NUM_VERTICES = 26719
FACE = range(0, 9409)
EYEBALLS = range(21451, 24591)
PACKED_KEYS = ("neutral", "expr", "ident", "tri", "lmk68", "names")
WHERE = "clone github.com/ICT-VGL/ICT-FaceKit (MIT) and give its folder"


def import_ict(path: Path) -> Imported:
    """ICT-FaceKit from `path`: the repository, its FaceXModel folder, or an npz with the face part.

    Raises `UserError` for what is missing, damaged or of another layout.
    """
    return _packed(path) if path.suffix == ".npz" else _folder(path)


def _folder(path: Path) -> Imported:
    folder = path / "FaceXModel" if (path / "FaceXModel").is_dir() else path
    for name in (NEUTRAL, INDICES):
        if not (folder / name).is_file():
            raise UserError(f"{folder / name} is missing; {WHERE}.")
    try:
        indices = json.loads((folder / INDICES).read_text())
        names, lmk68 = [str(name) for name in indices["expressions"]], indices["idx_to_landmark_verts"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder / INDICES} is damaged ({error!r}); {WHERE}.") from error
    neutral_v3 = _vertices(folder / NEUTRAL)
    kept = np.array([*FACE, *EYEBALLS])
    number_v = np.full(NUM_VERTICES, -1)
    number_v[kept] = np.arange(len(kept))
    triangles_f3 = number_v[
        check_triangles(read_triangles(folder / NEUTRAL), NUM_VERTICES, source=folder / NEUTRAL)
    ]
    triangles_f3 = triangles_f3[(triangles_f3 >= 0).all(axis=1)]
    identities = takewhile(Path.is_file, (folder / f"identity{number:03}.obj" for number in count()))
    identity_kv3 = np.array([_vertices(each) - neutral_v3 for each in identities])
    if not len(identity_kv3):
        raise UserError(f"{folder / 'identity000.obj'} is missing; {WHERE}.")
    expression_kv3 = np.stack([_vertices(folder / f"{name}.obj") - neutral_v3 for name in names])
    known = {NEUTRAL, *(f"{name}.obj" for name in names)}
    others = sorted(x.stem for x in folder.glob("*.obj") if x.name not in known and "identity" not in x.name)
    model, notes = _model(
        neutral_v3[kept],
        identity_kv3[:, kept],
        dict(zip(names, expression_kv3[:, kept], strict=True)),
        triangles_f3,
        np.asarray(lmk68),
        num_skin=len(FACE),
    )
    if others:
        notes += (f"not used, because ARKit has no such shape: {', '.join(others)}",)
    return Imported(model=model, notes=(*notes, "left out: all but face and eyeballs"))


def _packed(path: Path) -> Imported:
    try:
        with np.load(path, allow_pickle=False) as file:
            neutral_v3, expression_kv3, identity_kv3, triangles_f3, lmk68, names = (
                file[x] for x in PACKED_KEYS
            )
    except (KeyError, ValueError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"{path} is not a packed ICT-FaceKit ({error}); expected {', '.join(PACKED_KEYS)}."
        ) from error
    triangles_f3 = check_triangles(triangles_f3, len(neutral_v3), source=path)
    model, notes = _model(
        neutral_v3,
        identity_kv3.astype(np.float32),
        dict(zip(names.tolist(), expression_kv3.astype(np.float32), strict=True)),
        triangles_f3,
        lmk68,
        num_skin=len(neutral_v3),
    )
    return Imported(model=model, notes=(*notes, "the packed file has no eyeballs, so no iris landmarks"))


def _vertices(path: Path) -> np.ndarray:
    if not path.is_file():
        raise UserError(f"{path} is missing, though {INDICES} or a neighbour names it; {WHERE}.")
    vertices_v3 = read_vertices(path)
    if len(vertices_v3) != NUM_VERTICES:
        raise UserError(f"{path} has {len(vertices_v3)} vertices, expected {NUM_VERTICES}; {WHERE}.")
    return vertices_v3


def _model(
    mean_v3: np.ndarray,
    identity_kv3: np.ndarray,
    shapes: dict[str, np.ndarray],
    triangles_f3: np.ndarray,
    lmk68: np.ndarray,
    *,
    num_skin: int,
) -> tuple[FaceModel, tuple[str, ...]]:
    """The model, and notes on its names. Vertices from `num_skin` on are eyeballs."""
    expression_kv3 = np.zeros((len(EXPRESSION_NAMES), *mean_v3.shape), np.float32)
    merged, foreign = [], []
    for name, shape_v3 in shapes.items():
        whole = name.removesuffix("_L").removesuffix("_R")
        sided = name.replace("_L", "Left").replace("_R", "Right")
        if sided in EXPRESSION_NAMES:
            expression_kv3[EXPRESSION_NAMES.index(sided)] = shape_v3
        elif whole in EXPRESSION_NAMES:
            expression_kv3[EXPRESSION_NAMES.index(whole)] += shape_v3
            merged.append(name)
        else:
            foreign.append(name)
    if foreign == list(shapes):
        raise UserError(f"{NAME}: no shape has an ARKit name (got {', '.join(foreign[:3])}...); {WHERE}.")
    empty = [
        name for name, shape_v3 in zip(EXPRESSION_NAMES, expression_kv3, strict=True) if not shape_v3.any()
    ]
    notes = [
        f"{what}: {', '.join(each)}"
        for what, each in (
            ("two sides added up", merged),
            ("not used, because ARKit has no such shape", foreign),
            ("zero, because the kit has no such shape", empty),
        )
        if each
    ]
    is_skin_f = (triangles_f3 < num_skin).all(axis=1)
    seeds = {landmarks: mean_v3[lmk68[point]] for point, landmarks in IBUG_TO_MEDIAPIPE.items()}
    places = register(
        mean_v3,
        triangles_f3[is_skin_f],
        seeds,
        eyeballs_f3=None if is_skin_f.all() else triangles_f3[~is_skin_f],
    )
    model = FaceModel(
        name=NAME,
        licence=LICENCE,
        sha256="",
        mean_v3=mean_v3,
        identity_kv3=identity_kv3,
        expression_kv3=expression_kv3,
        triangles_f3=triangles_f3,
        expression_names=EXPRESSION_NAMES,
        expression_kind="blendshapes",
        **places,
    )
    return assemble(model), tuple(notes)
