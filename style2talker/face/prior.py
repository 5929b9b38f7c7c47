"""What the blendshape network's scores say about an expression before any landmark is looked at.

Shapes: T frames, K coefficients.
"""

import numpy as np

from style2talker.face.model import EXPRESSION_NAMES, FaceModel

NOISE_FLOOR = 0.12  # scores below it say nothing; the prior then leans towards zero
RESTING: dict[str, float] = {
    "eyeBlink": 0.06,
    "eyeLookDown": 0.07,
    "eyeLookUp": 0.13,
    "eyeSquint": 0.38,
    "mouthPress": 0.05,
    "browOuterUp": 0.1,
}
"""What MediaPipe's blendshape network answers for people who talk without emotion: median over 17 clips of 13
people, studio and web footage, of each clip's median (of the mouth, which speech moves, the 10th percentile);
both sides averaged. Names without an entry rest below 0.03."""
SHUT = 0.65
"""The network's eyeBlink for eyes that are shut: median over 18 of the same clips, at the frame where it is
largest. It calls shut eyes eyeLookDown as well (0.74 there): what gaze does behind a lid is not seen."""
GAZE = ("eyeLookOut", "eyeLookIn")
LARGEST_STRAY = 0.3
"""Gaze to the side is two opposite scores of which people show one. Its median over a clip is taken as
straight ahead, up to this much: the network's zero moves with the head's turn."""
LOW = 0.15  # quantile over the clip
LARGEST_TRAIT = 0.2
"""A score that a clip never falls below is a trait of the face, up to this much over rest."""
COMPONENT_SIGMA = 1.0
BLENDSHAPE_SIGMA = 0.15


def prior_sigma(model: FaceModel) -> float:
    """How far expression coefficients may be expected from `prior_mean`."""
    return BLENDSHAPE_SIGMA if model.expression_kind == "blendshapes" else COMPONENT_SIGMA


def prior_mean(blendshapes_tk: np.ndarray, model: FaceModel) -> np.ndarray:
    """Expected coefficients [T, K] of `model`; below zero where the network sees nothing.

    Expressions whose names the network does not know are expected at zero.

    Args:
        blendshapes_tk: [T, 52] in the order of EXPRESSION_NAMES.
    """
    scores_tk = np.clip(blendshapes_tk, 0, 1)
    resting_k = np.array([RESTING.get(_both_sides(name), 0.0) for name in EXPRESSION_NAMES])
    lowest_k = np.quantile(scores_tk, LOW, axis=0)
    resting_k = np.clip(lowest_k, resting_k, resting_k + LARGEST_TRAIT) + NOISE_FLOOR
    expected_tk = (scores_tk - resting_k) / (1 - resting_k)
    for side in ("Left", "Right"):
        blink, down = (EXPRESSION_NAMES.index(name + side) for name in ("eyeBlink", "eyeLookDown"))
        shut_t = (scores_tk[:, blink] - resting_k[blink]) / (SHUT - resting_k[blink])
        expected_tk[:, blink] = np.minimum(shut_t, 1)
        expected_tk[:, down] *= 1 - np.clip(shut_t, 0, 1)
        outwards, inwards = (EXPRESSION_NAMES.index(name + side) for name in GAZE)
        gaze_t = scores_tk[:, outwards] - scores_tk[:, inwards]
        gaze_t = gaze_t - np.clip(np.median(gaze_t), -LARGEST_STRAY, LARGEST_STRAY)
        expected_tk[:, outwards], expected_tk[:, inwards] = np.maximum(gaze_t, 0), np.maximum(-gaze_t, 0)
    mean_tk = np.zeros((len(blendshapes_tk), len(model.expression_names)))
    for column, name in enumerate(model.expression_names):
        if name in EXPRESSION_NAMES:
            source = EXPRESSION_NAMES.index(name)
            mean_tk[:, column] = np.maximum(expected_tk[:, source], -NOISE_FLOOR)
    return mean_tk


def _both_sides(name: str) -> str:
    return name.removesuffix("Left").removesuffix("Right")
