"""What the blendshape network's scores say about an expression before any landmark is looked at.

Shapes: T frames, K coefficients.
"""

import numpy as np

from style2talker.face.model import EXPRESSION_NAMES, FaceModel

NOISE_FLOOR = 0.08  # scores below it say nothing; the prior then leans towards zero
RESTING: dict[str, float] = {
    "eyeBlink": 0.06,
    "eyeLookDown": 0.07,
    "eyeLookIn": 0.08,
    "eyeLookOut": 0.1,
    "eyeLookUp": 0.13,
    "eyeSquint": 0.38,
    "mouthPress": 0.05,
    "browOuterUp": 0.1,
}
"""What MediaPipe's blendshape network answers for people who talk without emotion: median over 17 clips of 13
people, studio and web footage, of each clip's median (of the mouth, which speech moves, the 10th percentile);
both sides averaged. Names without an entry rest below 0.03."""
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
    resting_k = np.array([RESTING.get(_both_sides(name), 0.0) for name in EXPRESSION_NAMES]) + NOISE_FLOOR
    expected_tk = (np.clip(blendshapes_tk, 0, 1) - np.minimum(resting_k, 0.5)) / (1 - resting_k)
    mean_tk = np.zeros((len(blendshapes_tk), len(model.expression_names)))
    for column, name in enumerate(model.expression_names):
        if name in EXPRESSION_NAMES:
            source = EXPRESSION_NAMES.index(name)
            mean_tk[:, column] = np.maximum(expected_tk[:, source], -NOISE_FLOOR)
    return mean_tk


def _both_sides(name: str) -> str:
    return name.removesuffix("Left").removesuffix("Right")
