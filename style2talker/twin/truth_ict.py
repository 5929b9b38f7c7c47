"""Truth clips of the ICT-FaceKit face: a mesh and shapes that no other part of the project was made from.

Shape suffixes as in truth_clips.
"""

from functools import cache
from pathlib import Path

import numpy as np

from style2talker.face.importers.ict import import_ict
from style2talker.face.model import EXPRESSION_NAMES, FaceModel
from style2talker.twin.identity import look_of
from style2talker.twin.solid_ict import LOWER_LIP, UPPER_LIP, WholeHead
from style2talker.twin.truth_clips import SIZE_PX, Measures, TruthClip, make_clip, placed
from style2talker.twin.truth_motion import TruthSpec, motion

BONES = 0.8


@cache
def packed(path: Path) -> tuple[FaceModel, np.ndarray]:
    """The model, and its vertices at the 68 iBUG points, from the packed face part."""
    with np.load(path, allow_pickle=False) as file:
        return import_ict(path).model, file["lmk68"]


def measures_68(points_68: np.ndarray) -> Measures:
    """Openings by the 68 points."""
    right, left = (points_68[start : start + 6] for start in (36, 42))
    return Measures(
        lips=(points_68[UPPER_LIP], points_68[LOWER_LIP]),
        lids=((right[[1, 2]], right[[5, 4]]), (left[[1, 2]], left[[5, 4]])),
        brows=(points_68[17:22], points_68[22:27]),
        corners=((right[0], right[3]), (left[0], left[3])),
    )


def ict_clip(spec: TruthSpec, path: Path) -> TruthClip:
    """One clip; `path` is the packed face part."""
    model, points_68 = packed(path)
    measures = measures_68(points_68)
    bones_k = np.random.default_rng((spec.person, 41)).normal(0, BONES, len(model.identity_kv3))
    identity_k = np.clip(bones_k, -2 * BONES, 2 * BONES)
    moves = motion(spec, parts_k=measures.parts(model.expression_kv3))
    rest_v3 = model.shape(identity_k, np.zeros((1, len(EXPRESSION_NAMES))))[0]
    translation_t3, shoulders = placed(spec, moves, rest_v3[np.array(measures.corners)].mean((0, 1)))
    head = WholeHead(model, points_68, identity_k, look_of(spec.person), shoulders=shoulders, size_px=SIZE_PX)
    return make_clip(spec, head, moves, translation_t3, measures)
