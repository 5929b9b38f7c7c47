"""The drawn prior: 52 expression shapes and the first identity modes, from anatomy rather than from data.

Shapes: V vertices (478), K modes. Unit cm at coefficient 1. Each shape names a few handle vertices and where
they go; everything within `radius` of a handle follows by a biharmonic fill over the skin (eyes and mouth cut
open), everything beyond stays. One-sided shapes are drawn on the subject's left and mirrored. The movements
follow the captions of Apple's ARFaceAnchor.BlendShapeLocation; sizes are centimetres of an adult face,
checked against what MediaPipe's blendshape network answers to the projected landmarks (EMBEDDED.md).
"""

from collections.abc import Sequence

import numpy as np

from style2talker.face.canonical import (
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    IRIS_LEFT,
    LIPS_LOWER_INNER,
    LIPS_LOWER_OUTER,
    LIPS_UPPER_INNER,
    LIPS_UPPER_OUTER,
)
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.face.skin import NUM_SKIN, Handles, SkinFill

JAW_HINGE = (0.0, 1.0, -1.0)  # the jaw's joint is in front of the ear, at about its height and depth
JAW_OPEN_RAD = 0.36
CHIN = (152, 148, 176, 377, 400, 175, 199, 200, 171, 396, 208, 428, 201, 421, 83, 313, 18)


def move(vertices: Sequence[int], x: float, y: float, z: float) -> Handles:
    """The same displacement (cm) for several vertices."""
    return dict.fromkeys(vertices, (x, y, z))


def eye_look(x: float, y: float, upper_lid: float, lower_lid: float) -> Handles:
    """Turn the left eye: its iris slides over the eyeball and the lids follow the gaze."""
    inner_upper, inner_lower = EYE_LEFT_UPPER[2:7], EYE_LEFT_LOWER[2:7]
    return {
        **move(IRIS_LEFT, x, y, -0.1),
        **move(inner_upper, 0, upper_lid, 0),
        **move(inner_lower, 0, lower_lid, 0),
    }


LID_LEFT = EYE_LEFT_UPPER[1:-1]

# name: (radius cm, handles). Left stands for both sides; a name without a side is drawn on both.
SHAPES: dict[str, tuple[float, Handles]] = {
    "eyeLookDownLeft": (0.8, eye_look(0, -0.38, -0.24, -0.08)),
    "eyeLookInLeft": (0.8, eye_look(-0.5, 0, 0, 0)),
    "eyeLookOutLeft": (0.8, eye_look(0.5, 0, 0, 0)),
    "eyeLookUpLeft": (0.8, eye_look(0, 0.45, 0.2, 0.05)),
    "eyeSquintLeft": (
        1.3,
        {
            **move((390, 373, 374, 380, 381), 0, 0.2, 0.03),
            **move((387, 386, 385), 0, -0.08, 0),
            346: (0, 0.1, 0.05),
        },
    ),
    "eyeWideLeft": (
        1.0,
        {**move((388, 387, 386, 385, 384), 0, 0.24, 0), **move((390, 373, 374, 380, 381), 0, -0.05, 0)},
    ),
    "mouthFunnel": (
        2.6,
        {
            **move((13, 312, 311, 0, 267, 269), -0.08, 0.16, 0.5),
            **move((14, 317, 402, 17, 314, 405), -0.1, -0.4, 0.5),
            **move((291, 308), -0.55, -0.05, 0.3),
        },
    ),
    "mouthPucker": (
        2.6,
        {
            **move((13, 0), 0, 0.0, 0.45),
            **move((14, 17), 0, 0.0, 0.45),
            **move((311, 269, 402, 405), -0.35, 0, 0.45),
            **move((291, 308), -0.8, 0, 0.35),
        },
    ),
    "mouthLeft": (
        2.4,
        {**move((13, 0, 14, 17, 311, 402, 81, 178), 0.75, 0, 0), 291: (0.6, 0.1, -0.25), 61: (0.6, 0, 0.1)},
    ),
    "mouthSmileLeft": (
        2.8,
        {
            **move((291, 308), 0.62, 0.5, -0.4),
            **move((270, 310), 0.4, 0.16, -0.2),
            **move((321, 318), 0.4, 0.2, -0.2),
            **move((0, 13, 14, 17), 0.06, 0.02, -0.04),
            **move((425, 280), 0.08, 0.22, 0.12),
        },
    ),
    "mouthFrownLeft": (
        2.2,
        {
            **move((291, 308), 0.05, -0.65, -0.05),
            321: (0.0, -0.24, 0),
            270: (0.0, -0.22, 0),
            **move((13, 14), 0, 0.02, 0),
        },
    ),
    "mouthDimpleLeft": (1.6, {**move((291, 308), 0.35, 0.06, -0.35), **move((270, 321), 0.15, 0, -0.1)}),
    "mouthStretchLeft": (
        2.4,
        {
            **move((291, 308), 0.6, -0.3, -0.3),
            321: (0.25, -0.2, -0.1),
            405: (0.1, -0.15, 0),
            270: (0.2, -0.05, -0.1),
        },
    ),
    "mouthRollLower": (
        1.4,
        {**move(LIPS_LOWER_OUTER[2:9], 0, 0.3, -0.2), **move(LIPS_LOWER_INNER[2:9], 0, 0.04, -0.35)},
    ),
    "mouthRollUpper": (
        1.4,
        {**move(LIPS_UPPER_OUTER[2:9], 0, -0.3, -0.2), **move(LIPS_UPPER_INNER[2:9], 0, -0.04, -0.3)},
    ),
    "mouthShrugLower": (
        2.4,
        {
            **move((17, 314, 405, 14, 317, 402), 0, 0.32, 0.15),
            **move((13, 312, 311), 0, 0.1, 0.05),
            199: (0, 0.25, 0.12),
        },
    ),
    "mouthShrugUpper": (1.8, move((0, 267, 269, 13, 312, 311), 0, 0.24, 0.12)),
    "mouthPressLeft": (
        1.4,
        {
            **move((267, 269, 270), 0, -0.14, -0.06),
            **move((314, 405, 321), 0, 0.14, -0.06),
            291: (0.12, 0.02, -0.12),
        },
    ),
    "mouthLowerDownLeft": (
        2.0,
        {
            **move((317, 402, 318, 314, 405), 0.05, -0.52, 0),
            **move((14, 17), 0.02, -0.25, 0),
            324: (0.05, -0.22, 0),
        },
    ),
    "mouthUpperUpLeft": (
        2.0,
        {**move((312, 311, 310, 267, 269), 0.04, 0.48, 0), **move((13, 0), 0, 0.22, 0), 327: (0.05, 0.12, 0)},
    ),
    "browDownLeft": (
        1.8,
        {
            **move((336, 285), -0.15, -0.5, 0.05),
            **move((296, 295), -0.12, -0.5, 0),
            334: (-0.05, -0.35, 0),
            282: (0, -0.35, 0),
            **move(LID_LEFT, 0, -0.07, 0),
        },
    ),
    "browInnerUp": (
        2.4,
        {
            **move((336, 285), -0.05, 0.7, 0),
            **move((296, 295), 0, 0.55, 0),
            9: (0, 0.4, 0),
            334: (0, 0.2, 0),
            **move(LID_LEFT, 0, 0.03, 0),
        },
    ),
    "browOuterUpLeft": (
        2.2,
        {
            **move((334, 282, 293, 283), 0, 0.6, 0),
            **move((300, 276), 0.02, 0.42, 0),
            296: (0, 0.35, 0),
            **move(LID_LEFT, 0, 0.04, 0),
        },
    ),
    "cheekPuff": (2.8, {**move((425, 427, 436, 411), 0.3, 0, 0.5), **move((0, 17, 13, 14), 0, 0, 0.12)}),
    "cheekSquintLeft": (2.0, {**move((280, 346, 347), 0.03, 0.32, 0.15), **move((373, 374, 380), 0, 0.1, 0)}),
    "noseSneerLeft": (
        1.7,
        {
            **move((278, 279, 294, 429), 0.08, 0.28, 0),
            371: (0.05, 0.22, 0.06),
            285: (0, -0.08, 0),
            269: (0, 0.1, 0),
        },
    ),
}

# Two-sided identity modes as (radius, handles) for one standard deviation over people.
IDENTITY: dict[str, tuple[float, Handles]] = {
    "jaw_width": (4.5, {**move((397, 365, 379), 0.45, 0, 0)}),
    "chin_length": (3.5, {**move((152, 377, 400, 175), 0, -0.45, 0)}),
    "cheekbone_width": (3.5, {**move((454, 323, 447), 0.35, 0, 0), 280: (0.15, 0, 0.1)}),
    "nose_length": (2.2, {**move((1, 2, 4), 0, -0.28, 0.1), **move((327, 294), 0, -0.2, 0)}),
    "nose_width": (1.6, {**move((278, 279, 294, 327), 0.18, 0, 0)}),
    "eye_spacing": (
        2.2,
        {**move((*EYE_LEFT_UPPER, *EYE_LEFT_LOWER, *IRIS_LEFT), 0.15, 0, 0), 336: (0.1, 0, 0)},
    ),
    "eye_height": (0.8, {**move(EYE_LEFT_UPPER[2:7], 0, 0.08, 0), **move(EYE_LEFT_LOWER[2:7], 0, -0.04, 0)}),
    "brow_height": (2.0, move((336, 285, 296, 295, 334, 282, 293, 283, 300, 276), 0, 0.22, 0)),
    "mouth_width": (2.2, {**move((291, 308), 0.22, 0, -0.05), **move((270, 321), 0.12, 0, 0)}),
    "mouth_height": (3.0, move((13, 0, 14, 17, 291, 308, 269, 405), 0, 0.22, 0)),
    "lip_fullness": (1.5, {**move((0, 267, 269), 0, 0.12, 0.04), **move((17, 314, 405), 0, -0.12, 0.04)}),
    "forehead_height": (3.5, {**move((10, 338, 297), 0, 0.4, 0)}),
}


def jaw_weight(fill: SkinFill) -> np.ndarray:
    """How far each skin vertex rides on the jaw [V]: 1 on the lower lip and chin, 0 above the mouth."""
    rides = {*LIPS_LOWER_INNER[1:-1], *LIPS_LOWER_OUTER[1:-1], *CHIN}
    rides -= {95, 324, 146, 375}
    y_v, z_v = fill.vertices_v3[:NUM_SKIN, 1], fill.vertices_v3[:NUM_SKIN, 2]
    still = {
        *LIPS_UPPER_INNER[1:-1],
        *LIPS_UPPER_OUTER[1:-1],
        *np.flatnonzero((y_v > -1.8) | (z_v < -1.0)).tolist(),
    }
    half = {61: 0.42, 291: 0.42, 78: 0.42, 308: 0.42, 95: 0.72, 324: 0.72, 146: 0.7, 375: 0.7}
    fixed = {**dict.fromkeys(still, 0.0), **dict.fromkeys(rides, 1.0), **half}
    index = np.array(sorted(fixed))
    weight_v1 = fill.solve(index, np.array([[fixed[int(i)]] for i in index]))
    weight_v = np.clip(weight_v1[:, 0], 0, 1)
    return (weight_v + weight_v[fill.mirror_v[:NUM_SKIN]]) / 2


def blink(fill: SkinFill) -> np.ndarray:
    """The left upper lid comes down onto the lower one [V, 3]; the fold above follows part of the way."""
    handles: Handles = {}
    for upper, lower in zip(EYE_LEFT_UPPER[1:-1], EYE_LEFT_LOWER[1:-1], strict=True):
        gap_3 = fill.vertices_v3[lower] - fill.vertices_v3[upper]
        handles[upper] = tuple(0.88 * gap_3 + [0, 0, 0.05])
        handles[lower] = tuple(-0.08 * gap_3)
    for fold, lid in ((467, 466), (260, 388), (259, 387), (257, 386), (258, 385), (286, 384), (414, 398)):
        handles[fold] = tuple(0.5 * np.array(handles[lid]))
    return fill.field(handles, radius=0.8)


def draw_expressions(fill: SkinFill) -> np.ndarray:
    """All 52 shapes [K, V, 3] in EXPRESSION_NAMES order; `tongueOut` is zero, no landmark sees a tongue."""
    shape_of = {"tongueOut": np.zeros_like(fill.vertices_v3), "eyeBlinkLeft": blink(fill)}
    for name, (radius, handles) in SHAPES.items():
        sided = name.endswith("Left")
        shape_of[name] = (fill.field if sided else fill.both_sides)(handles, radius=radius)

    jaw_v1 = np.zeros((len(fill.vertices_v3), 1))
    jaw_v1[:NUM_SKIN, 0] = jaw_weight(fill)
    arm_v3 = fill.vertices_v3 - JAW_HINGE
    c, s = np.cos(JAW_OPEN_RAD), np.sin(JAW_OPEN_RAD)
    opened_v3 = arm_v3 @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]).T
    shape_of["jawOpen"] = jaw_v1 * (opened_v3 - arm_v3)
    shape_of["jawForward"] = jaw_v1 * np.array([0, -0.05, 0.6])
    shape_of["jawLeft"] = jaw_v1 * np.array([0.8, 0, -0.1])
    lower = np.array([14, 317, 402, 318, 87, 178, 88])
    lift = -shape_of["jawOpen"][lower].mean(axis=0) * 0.5
    close = {**move(LIPS_LOWER_INNER[2:9], 0, 1.2, 0.3), **move(LIPS_LOWER_OUTER[2:9], 0, 1.0, 0.25)}
    close |= {**move(LIPS_UPPER_INNER[2:9], 0, -1.0, 0), **move(LIPS_UPPER_OUTER[2:9], 0, -0.8, 0)}
    shape_of["mouthClose"] = fill.both_sides(close, radius=2.4) * (lift[1] / 1.1)

    for name in EXPRESSION_NAMES:
        if name.endswith("Right"):
            shape_of[name] = fill.mirror(shape_of[name.removesuffix("Right") + "Left"])
    return np.stack([shape_of[name] for name in EXPRESSION_NAMES])


def draw_identities(fill: SkinFill) -> np.ndarray:
    """Symmetric identity modes [K, V, 3] at one standard deviation: width, length, depth, then IDENTITY."""
    centre_v3 = fill.vertices_v3 - fill.vertices_v3.mean(axis=0)
    modes = [centre_v3 * [0.05, 0, 0], centre_v3 * [0, 0.05, 0], centre_v3 * [0, 0, 0.07]]
    modes += [fill.both_sides(handles, radius=radius) for radius, handles in IDENTITY.values()]
    return np.stack(modes)


def close_lips(fill: SkinFill) -> np.ndarray:
    """Bring the lips together [V, 3]: the canonical mouth is 5 mm open, and zero should be a closed mouth."""
    handles: Handles = {}
    for upper, lower in zip(LIPS_UPPER_INNER[1:-1], LIPS_LOWER_INNER[1:-1], strict=True):
        half_3 = (fill.vertices_v3[lower] - fill.vertices_v3[upper]) / 2
        handles[upper], handles[lower] = tuple(0.98 * half_3), tuple(-0.98 * half_3)
    for upper, lower in zip(LIPS_UPPER_OUTER[2:-2], LIPS_LOWER_OUTER[2:-2], strict=True):
        handles[upper] = tuple(0.6 * np.array(handles[LIPS_UPPER_INNER[LIPS_UPPER_OUTER.index(upper)]]))
        handles[lower] = tuple(0.6 * np.array(handles[LIPS_LOWER_INNER[LIPS_LOWER_OUTER.index(lower)]]))
    field_v3 = fill.field(handles, radius=1.6)
    return (field_v3 + fill.mirror(field_v3)) / 2
