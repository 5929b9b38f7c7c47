"""Action units of heads drawn with another face model than the one whose shapes are looked for.

Truth     the prototypes that ICT-FaceKit's heads show, held throughout; three people, the eight emotions once
Run       python benchmarks/units_ict.py ict_facekit_light_f16.npz
Of each clip only 23 frames are drawn, those at rest before and after the speech and four of it. The marks are
those of units.py's drawn people; the figures are its own.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import typer
from emotion import face_of
from units import Shown, print_twin

from style2talker.emotion.facs import AU_PROFILES
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.twin.acting import perform
from style2talker.twin.identity import look_of
from style2talker.twin.make import ClipSpec, corpus_specs
from style2talker.twin.sentences import SENTENCES
from style2talker.twin.solid_ict import WholeHead
from style2talker.twin.truth_clips import SIZE_PX, make_clip, placed
from style2talker.twin.truth_ict import BONES, measures_68, packed
from style2talker.twin.truth_motion import Motion, TruthSpec

NUM_PEOPLE, SEED = 3, 5


def drawn(spec: ClipSpec, path: Path) -> np.ndarray:
    """Frames, uint8 RGB."""
    model, points_68 = packed(path)
    measures = measures_68(points_68)
    jaw_v3 = model.expression_kv3[EXPRESSION_NAMES.index("jawOpen")]
    act = perform(
        SENTENCES[spec.sentence % len(SENTENCES)],
        emotion=spec.emotion,
        level=spec.level,
        voice=look_of(spec.identity).voice,
        jaw_reach_cm=float(measures.parts(jaw_v3[None])[0]),
        rng=np.random.default_rng((spec.seed, spec.identity, spec.number)),
    )
    num_frames = len(act.expression_tk)
    kept = np.r_[0:9, num_frames // 2 : num_frames // 2 + 4, num_frames - 10 : num_frames]
    moves = Motion(
        expression_tk=act.expression_tk[kept],
        rotation_t3=act.rotation_t3[kept],
        sway_t3=act.sway_t3[kept],
        closure_n=np.array([], int),
    )
    who = TruthSpec(person=spec.identity, performance=spec.number, yaw_deg=0.0)
    bones_k = np.random.default_rng((spec.identity, 41)).normal(0, BONES, len(model.identity_kv3))
    identity_k = np.clip(bones_k, -2 * BONES, 2 * BONES)
    rest_v3 = model.shape(identity_k, np.zeros((1, len(EXPRESSION_NAMES))))[0]
    translation_t3, shoulders = placed(who, moves, rest_v3[np.array(measures.corners)].mean((0, 1)))
    look = look_of(spec.identity)
    head = WholeHead(model, points_68, identity_k, look, shoulders=shoulders, size_px=SIZE_PX)
    return make_clip(who, head, moves, translation_t3, measures).frames_thw3


def shown(path: Path) -> Iterator[Shown]:
    with LandmarkTracker() as tracker:
        for spec in corpus_specs(num_identities=NUM_PEOPLE, clips_per_identity=8, seed=SEED):
            face = face_of(tracker, list(drawn(spec, path)))
            assert face is not None, f"no face in {spec.name}"
            yield Shown(
                name=spec.name,
                speaker=spec.speaker,
                emotion=spec.emotion,
                level=spec.level,
                truth=AU_PROFILES[(spec.emotion, spec.level)],
                readings_r2=face.readings(),
                halves=None,
            )


def main(path: Path) -> None:
    """`path` is the packed face part of ICT-FaceKit."""
    print_twin(list(shown(path)))


if __name__ == "__main__":
    typer.run(main)
