"""The Surrey Face Model as eos ships it in its folder `share`.

Shapes: V vertices (3,448), F triangles, K modes. Upstream unit millimetre, axes as ours. The shape file is a
cereal archive of a `MorphableModel`: its version, then the shape `PcaModel` (mean, orthonormal basis,
variances, triangles); what follows is not needed. The six blendshapes are emotions, none is ARKit's.
"""

import tomllib
from pathlib import Path

import numpy as np

from style2talker.errors import UserError
from style2talker.face.importers.assemble import Imported, assemble, check_triangles
from style2talker.face.importers.cereal import Archive
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.importers.register import register
from style2talker.face.model import FaceModel

NAME = "surrey-3448"
LICENCE = "Surrey Face Model: free for non-commercial use"
SHAPE, BLENDSHAPES, LANDMARKS = "sfm_shape_3448.bin", "expression_blendshapes_3448.bin", "ibug_to_sfm.txt"
VERSIONS = range(1, 5)  # of eos' MorphableModel, whose first part is the same in all
CM_PER_UNIT = 0.1
WHERE = "give the folder `share` of github.com/patrikhuber/eos, 1.0 or later (its model is non-commercial)"


def import_surrey(path: Path) -> Imported:
    """The model from eos' folder `share` (or the repository above it). Raises `UserError`."""
    folder = path / "share" if (path / "share").is_dir() else path
    for name in (SHAPE, BLENDSHAPES, LANDMARKS):
        if not (folder / name).is_file():
            raise UserError(f"{folder / name} is missing; {WHERE}.")
    archive = Archive((folder / SHAPE).read_bytes(), source=folder / SHAPE)
    if (version := archive.uint32()) not in VERSIONS:
        raise UserError(f"{folder / SHAPE} has version {version}, expected 1 to 4; {WHERE}.")
    mean_n1, basis_nk, variance_k1 = archive.matrix(), archive.matrix(), archive.matrix()
    modes = basis_nk.shape[1]
    if mean_n1.shape != (len(basis_nk), 1) or len(mean_n1) % 3 or variance_k1.shape != (modes, 1):
        raise UserError(
            f"{folder / SHAPE} holds a mean of {mean_n1.shape}, a basis of {basis_nk.shape} and variances of "
            f"{variance_k1.shape}, which do not fit; {WHERE}."
        )
    mean_v3 = mean_n1.reshape(-1, 3) * CM_PER_UNIT
    identity_kv3 = (basis_nk * np.sqrt(variance_k1[:, 0])).T.reshape(modes, -1, 3) * CM_PER_UNIT
    triangles_f3 = check_triangles(archive.triples(), len(mean_v3), source=folder / SHAPE)
    names, expression_kv3 = _blendshapes(folder / BLENDSHAPES, len(mean_v3))
    seeds = {
        IBUG_TO_MEDIAPIPE[point]: mean_v3[vertex]
        for point, vertex in landmark_vertices(folder / LANDMARKS).items()
        if point in IBUG_TO_MEDIAPIPE and vertex < len(mean_v3)
    }
    model = FaceModel(
        name=NAME,
        licence=LICENCE,
        sha256="",
        mean_v3=mean_v3.astype(np.float32),
        identity_kv3=identity_kv3.astype(np.float32),
        expression_kv3=expression_kv3,
        triangles_f3=triangles_f3,
        expression_names=names,
        expression_kind="blendshapes",
        **register(mean_v3, triangles_f3, seeds),
    )
    return Imported(model=assemble(model), notes=("expressions are emotions, not ARKit shapes; no irises",))


def _blendshapes(path: Path, vertices: int) -> tuple[tuple[str, ...], np.ndarray]:
    """(names, float32 [K, V, 3] in cm)."""
    archive = Archive(path.read_bytes(), source=path)
    names, shapes = [], []
    for _ in range(archive.size()):
        names.append("_".join(archive.text().split()) or f"expression{len(names)}")
        shapes.append(archive.matrix())
    if any(shape.size != 3 * vertices for shape in shapes) or not shapes:
        raise UserError(f"{path} does not hold shapes of {vertices} vertices; {WHERE}.")
    return tuple(names), np.stack(shapes).reshape(len(shapes), vertices, 3) * np.float32(CM_PER_UNIT)


def landmark_vertices(path: Path) -> dict[int, int]:
    """iBUG point, counted from 0, to vertex: eos' mapping file is TOML and counts points from 1."""
    try:
        mapping = tomllib.loads(path.read_text())["landmark_mappings"]
        return {int(point) - 1: int(vertex) for point, vertex in mapping.items()}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(f"{path} maps no landmarks ({error!r}); {WHERE}.") from error
