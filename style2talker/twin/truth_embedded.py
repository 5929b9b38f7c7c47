"""Truth clips of the embedded face model.

Shape suffixes as in truth_clips.
"""

import numpy as np

from style2talker.face.canonical import BROW_LEFT, BROW_RIGHT
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.twin.identity import look_of, with_closed_lips
from style2talker.twin.solid_embedded import EmbeddedHead
from style2talker.twin.truth_clips import SIZE_PX, Measures, TruthClip, make_clip, placed
from style2talker.twin.truth_motion import TruthSpec, motion

BONES = 0.9
MEASURES = Measures(
    lips=(13, 14),
    lids=(((160, 159, 158), (144, 145, 153)), ((387, 386, 385), (373, 374, 380))),
    brows=(BROW_RIGHT, BROW_LEFT),
    corners=((33, 133), (263, 362)),
)


def embedded_clip(spec: TruthSpec) -> TruthClip:
    """One clip."""
    model = embedded()
    bones_k = np.random.default_rng((spec.person, 31)).normal(0, BONES, len(model.identity_kv3))
    identity_k = with_closed_lips(np.clip(bones_k, -2 * BONES, 2 * BONES), model)
    moves = motion(spec, parts_k=MEASURES.parts(model.expression_kv3))
    rest_v3 = model.shape(identity_k, np.zeros((1, len(EXPRESSION_NAMES))))[0]
    translation_t3, shoulders = placed(spec, moves, rest_v3[np.array(MEASURES.corners)].mean((0, 1)))
    head = EmbeddedHead(identity_k, look_of(spec.person), shoulders=shoulders, size_px=SIZE_PX)
    return make_clip(spec, head, moves, translation_t3, MEASURES)
