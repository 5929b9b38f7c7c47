"""What a person does in a truth clip: speech, emotion, blinks, gaze, brows and head, known in every frame.

Shape suffixes: t frames, k coefficients, n closures of the lips, 3 rotation or translation.
"""

from dataclasses import dataclass

import numpy as np

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.twin.acting import perform
from style2talker.twin.identity import look_of
from style2talker.twin.sentences import SENTENCES
from style2talker.twin.visemes import JAW_OPEN, MOUTH_CLOSE, split_phonemes

LONGEST_FRAMES = 125
SOFT_CM = 0.1  # how far closed lips give way
LARGEST_TILT_DEG = (3.0, 4.0)  # mean pitch and roll of a clip, about:
BOWED_DEG = 8.6  # the photographed head's own pitch, which its texture shows whatever the mesh does
YAW_REACH = 0.4  # of the usual +-10 degrees, so that the clip keeps to its mean turn
BROWS = (
    ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    ("browOuterUpLeft",),
    ("browDownLeft", "browDownRight"),
)
BROW_S, BROW_GAP_S, BROW_AMOUNT = (0.4, 0.9), (0.3, 0.9), (0.4, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthSpec:
    """One clip: who (0, 1, ...) performs what, at which mean turn of the head.

    The emotion comes and goes, unless `passing` is False. `performance` seeds mouth, lids, gaze, brows and
    head alike: two people with the same one do the same.
    """

    person: int
    performance: int
    emotion: str = "neutral"
    level: int = 1
    yaw_deg: float = 5.0
    passing: bool = True

    @property
    def name(self) -> str:
        """Such as `p03_a07_happy_2_yaw-25`."""
        return (
            f"p{self.person:02d}_a{self.performance:02d}_{self.emotion}_{self.level}_yaw{self.yaw_deg:+03.0f}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What a clip does, whoever does it; T frames at 25 fps.

    Attributes:
        expression_tk: [T, 52] in [0, 1], `EXPRESSION_NAMES` order.
        rotation_t3: (pitch, yaw, roll) rad. sway_t3: (x px, y px, relative scale).
        closure_n: the frames in the middle of p, b and m: the lips touch.
    """

    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    sway_t3: np.ndarray
    closure_n: np.ndarray


def motion(spec: TruthSpec, *, parts_k: np.ndarray) -> Motion:
    """The motion of one clip; `parts_k`: how far each coefficient at 1 parts the lips in the middle, cm."""
    rng = np.random.default_rng((spec.performance, 23))
    act = perform(
        SENTENCES[int(rng.integers(len(SENTENCES)))],
        emotion=spec.emotion,
        level=spec.level,
        voice=look_of(spec.performance).voice,
        jaw_reach_cm=float(parts_k[JAW_OPEN]),
        rng=rng,
        passing=spec.passing,
    )
    num_frames = min(len(act.expression_tk), LONGEST_FRAMES)
    pitch_deg, roll_deg = (rng.uniform(-most, most) for most in LARGEST_TILT_DEG)
    rest_3 = np.radians([BOWED_DEG + pitch_deg, spec.yaw_deg, roll_deg])
    closures = [
        round((start_s + end_s) / 2 * FRAME_RATE_HZ)
        for symbol, start_s, end_s in split_phonemes(act.speech.phonemes)
        if symbol in "pbm"
    ]
    return Motion(
        expression_tk=lips_touch(_brows(rng, act.expression_tk[:num_frames]), parts_k),
        rotation_t3=(rest_3 + act.rotation_t3[:num_frames] * [1, YAW_REACH, 1]).astype(np.float32),
        sway_t3=act.sway_t3[:num_frames],
        closure_n=np.array([frame for frame in closures if frame < num_frames], np.int32),
    )


def lips_touch(expression_tk: np.ndarray, parts_k: np.ndarray) -> np.ndarray:
    """The same faces without lips that pass through each other, which no picture could show.

    Speech and emotion close a mouth each on its own account. Where they would press the lips deeper than
    SOFT_CM into one another, `mouthClose` gives way and then the jaw.
    """
    touching_tk = expression_tk.copy()
    for column, least, most in ((MOUTH_CLOSE, 0.0, None), (JAW_OPEN, None, 1.0)):
        deep_t = np.maximum(-SOFT_CM - touching_tk @ parts_k, 0)
        touching_tk[:, column] = np.clip(touching_tk[:, column] + deep_t / parts_k[column], least, most)
    return touching_tk


def _brows(rng: np.random.Generator, expression_tk: np.ndarray) -> np.ndarray:
    """Brows that rise or fall for about half a second, again and again, over whatever they were doing."""
    moved_tk = expression_tk.copy()
    time_t = np.arange(len(expression_tk)) / FRAME_RATE_HZ
    start_s = rng.uniform(*BROW_GAP_S)
    while start_s + BROW_S[0] < time_t[-1]:
        length_s, amount = rng.uniform(*BROW_S), rng.uniform(*BROW_AMOUNT)
        phase_t = np.clip((time_t - start_s) / length_s, 0, 1)
        columns = [EXPRESSION_NAMES.index(name) for name in BROWS[rng.integers(len(BROWS))]]
        bump_t1 = (amount * np.sin(np.pi * phase_t) ** 2)[:, None]
        moved_tk[:, columns] = np.maximum(moved_tk[:, columns], bump_t1)
        start_s += length_s + rng.uniform(*BROW_GAP_S)
    return moved_tk
