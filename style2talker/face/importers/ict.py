"""ICT-FaceKit (light): from its repository, or packed into one npz of its face part.

Shapes: V vertices, F triangles, K modes. Upstream unit cm, axes as ours.

The neutral mesh is `generic_neutral_mesh.obj`; every other OBJ of the same topology is one shape at
coefficient 1, identities being principal components at one standard deviation (the kit draws them from a
standard normal). Names are ARKit's with `_L` and `_R`; `browInnerUp` and `cheekPuff`, which the kit splits
into two sides, are their sums. Vertex ranges are from its README.
"""

import json
import re
import struct
import zipfile
import zlib
from itertools import count, takewhile
from pathlib import Path
from tokenize import TokenError

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
NUM_POINTS = 68
NAME_PATTERN = re.compile(r"[\w-]{1,60}", re.ASCII)
LARGEST_CM = 1000.0
# What a damaged archive makes NumPy and zipfile raise.
FAILURES = (
    *(ArithmeticError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError, TypeError),
    *(ValueError, TokenError, struct.error, zipfile.BadZipFile, zlib.error),
)
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
        indices = json.loads((folder / INDICES).read_text(encoding="utf-8"))
        names, lmk68 = _names(indices["expressions"]), _lmk68(indices["idx_to_landmark_verts"], len(FACE))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{folder / INDICES} is damaged ({error!r}); {WHERE}.") from error
    neutral_v3 = _vertices(folder / NEUTRAL)
    kept = np.array([*FACE, *EYEBALLS])
    number_v = np.full(NUM_VERTICES, -1)
    number_v[kept] = np.arange(len(kept))
    try:
        triangles_f3 = read_triangles(folder / NEUTRAL)
    except OverflowError as error:
        raise UserError(f"{folder / NEUTRAL} has a face with an index of no vertex; {WHERE}.") from error
    triangles_f3 = number_v[check_triangles(triangles_f3, NUM_VERTICES, source=folder / NEUTRAL)]
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
        lmk68,
        num_skin=len(FACE),
    )
    if others:
        notes += (f"not used, because ARKit has no such shape: {', '.join(others)}",)
    return Imported(model=model, notes=(*notes, "left out: all but face and eyeballs"))


def _packed(path: Path) -> Imported:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {key: np.asarray(file[key]) for key in PACKED_KEYS}
        neutral_v3 = arrays["neutral"]
        vertices, names = len(neutral_v3), _names(arrays["names"].tolist())
        for key, shape, kinds in (
            ("neutral", (vertices, 3), "f"),
            ("expr", (len(names), vertices, 3), "f"),
            ("ident", (len(arrays["ident"]), vertices, 3), "f"),
            ("tri", (len(arrays["tri"]), 3), "iu"),
            ("lmk68", (NUM_POINTS,), "iu"),
        ):
            if arrays[key].shape != shape or arrays[key].dtype.kind not in kinds:
                expected = f"{'whole numbers' if kinds == 'iu' else 'floats'} {shape}"
                raise ValueError(f"{key} is {arrays[key].dtype} {arrays[key].shape}, expected {expected}")
        lmk68 = _lmk68(arrays["lmk68"].tolist(), vertices)
        if not (np.abs(neutral_v3) < LARGEST_CM).all():
            raise ValueError(f"neutral has vertices beyond {LARGEST_CM} cm, or NaN")
    except FAILURES as error:
        raise UserError(
            f"{path} is not a packed ICT-FaceKit, or a damaged one ({error}); expected "
            f"{', '.join(PACKED_KEYS)} as in the file that was packed: copy it again."
        ) from error
    triangles_f3 = check_triangles(arrays["tri"], vertices, source=path)
    model, notes = _model(
        neutral_v3,
        arrays["ident"].astype(np.float32),
        dict(zip(names, arrays["expr"].astype(np.float32), strict=True)),
        triangles_f3,
        lmk68,
        num_skin=vertices,
    )
    return Imported(model=model, notes=(*notes, "the packed file has no eyeballs, so no iris landmarks"))


def _names(names: object) -> list[str]:
    """Names of shapes, which name files too: nothing in them may lead out of the folder."""
    if not isinstance(names, list) or not names:
        raise ValueError("no list of names of shapes")
    for name in names:
        if not isinstance(name, str) or NAME_PATTERN.fullmatch(name) is None:
            raise ValueError(f"{name!r} is not the name of a shape, expected letters, digits and _")
    if len(set(names)) < len(names):
        raise ValueError("the names of shapes repeat")
    return names


def _lmk68(points: object, vertices: int) -> np.ndarray:
    """The vertices of iBUG's 68 points, of which there are `vertices` to choose from."""
    if not isinstance(points, list) or len(points) != NUM_POINTS:
        raise ValueError(f"the landmarks are no list of {NUM_POINTS} vertices")
    for point in points:
        if type(point) is not int or not 0 <= point < vertices:
            raise ValueError(f"a landmark lies at vertex {point!r}, expected 0 to {vertices - 1}")
    return np.array(points)


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
    if not is_skin_f.any():
        raise UserError(f"{NAME}: no triangle lies on the face; {WHERE}.")
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
