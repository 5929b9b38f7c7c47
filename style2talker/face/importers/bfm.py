"""The Basel Face Model 2009 as Deep3DFaceRecon lays it out (`BFM_model_front.mat`).

Shapes: V vertices (35,709), F triangles, K modes. Upstream unit decimetre, axes as ours; bases are columns
over x0 y0 z0 x1 ..., already times their standard deviations. 80 identity and 64 expression modes keep their
order and scale, so numbers 0 to 79 and 80 to 143 of a Deep3D vector are this model's coefficients, and the
mean is centred the same way (models/bfm.py and util/load_mats.py of sicxu/Deep3DFaceRecon_pytorch).
"""

from pathlib import Path

import numpy as np

from style2talker.errors import UserError
from style2talker.face.convert.mat import read_mat
from style2talker.face.importers.assemble import Imported, assemble, check_triangles
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.importers.register import register
from style2talker.face.model import FaceModel

NAME = "bfm2009-deep3d"
LICENCE = "Basel Face Model 2009: non-commercial research, after registration"
FILE = "BFM_model_front.mat"
NUM_IDENTITY, NUM_EXPRESSION = 80, 64
CM_PER_UNIT = 10.0
WHERE = (
    "register at faces.dmi.unibas.ch for 01_MorphableModel.mat (non-commercial), fetch Exp_Pca.bin as the "
    f"README of sicxu/Deep3DFaceRecon_pytorch says, and run that program once: it writes {FILE}"
)


def import_bfm(path: Path) -> Imported:
    """The model from `BFM_model_front.mat` or the folder that holds it. Raises `UserError`."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"{file} is missing; {WHERE}.")
    try:
        content = read_mat(file)
        mean_v3 = _rows(content["meanshape"], 1)[0]
        identity_kv3 = _rows(content["idBase"], NUM_IDENTITY)
        expression_kv3 = _rows(content["exBase"], NUM_EXPRESSION)
        triangles_f3 = content["tri"].astype(np.int64) - 1
        keypoints = content["keypoints"].astype(np.int64).reshape(-1) - 1
    except (UserError, KeyError, ValueError, TypeError, OSError) as error:
        raise UserError(f"{file} is not Deep3D's face model ({error}); {WHERE}.") from error
    triangles_f3 = check_triangles(triangles_f3, len(mean_v3), source=file)
    if len(keypoints) != 68 or keypoints.min() < 0 or keypoints.max() >= len(mean_v3):
        raise UserError(f"{file}: keypoints do not name 68 of its {len(mean_v3)} vertices; {WHERE}.")
    seeds = {landmarks: mean_v3[keypoints[point]] for point, landmarks in IBUG_TO_MEDIAPIPE.items()}
    model = FaceModel(
        name=NAME,
        licence=LICENCE,
        sha256="",
        mean_v3=mean_v3,
        identity_kv3=identity_kv3,
        expression_kv3=expression_kv3,
        triangles_f3=triangles_f3,
        expression_names=tuple(f"expression{number}" for number in range(NUM_EXPRESSION)),
        expression_kind="components",
        **register(mean_v3, triangles_f3, seeds),
    )
    return Imported(model=assemble(model), notes=("left out: albedo; landmarks of the irises (no eyeballs)",))


def _rows(columns: np.ndarray, modes: int) -> np.ndarray:
    """A basis [3V, K] (or the mean, [1, 3V] or [3V, 1]) as float32 [K, V, 3] in cm."""
    flat_kn = columns.reshape(modes, -1) if 1 in columns.shape else columns.T
    if len(flat_kn) != modes or flat_kn.shape[1] % 3:
        raise ValueError(f"a basis of shape {columns.shape}, expected {modes} columns over x y z")
    return (flat_kn.reshape(modes, -1, 3) * CM_PER_UNIT).astype(np.float32)
