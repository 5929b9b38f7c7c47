"""The Facial Action Coding System seen through ARKit blendshapes: names, the table both ways, profiles.

Sources. Unit names: Ekman & Friesen, Facial Action Coding System (1978; 2002 with Hager). Blendshape to unit:
the descriptions of `ARFaceAnchor.BlendShapeLocation` in Apple's ARKit documentation, and the published
correspondence of M. Ozel, "ARKit to FACS cheat sheet". Profiles: the prototypes of EMFACS (Friesen & Ekman
1983) and of FACS (2002, emotion predictions); the intensities are ours, the sources give units, not amounts.

Axis: K = 52 blendshapes in the order of `style2talker.face.model.EXPRESSION_NAMES`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from style2talker.emotion.taxonomy import LEVELS
from style2talker.errors import UserError

UNIT_NAMES = MappingProxyType(
    {
        1: "inner brow raiser",
        2: "outer brow raiser",
        4: "brow lowerer",
        5: "upper lid raiser",
        6: "cheek raiser",
        7: "lid tightener",
        9: "nose wrinkler",
        10: "upper lip raiser",
        12: "lip corner puller",
        14: "dimpler",
        15: "lip corner depressor",
        16: "lower lip depressor",
        17: "chin raiser",
        18: "lip pucker",
        20: "lip stretcher",
        22: "lip funneler",
        23: "lip tightener",
        24: "lip pressor",
        25: "lips part",
        26: "jaw drop",
        28: "lip suck",
        43: "eye closure",
        45: "blink",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSource:
    """Which blendshapes show a unit, and the amount of them that is the unit at full strength.

    Attributes:
        left: blendshapes of the subject's left half, or of the whole face when the unit has no sides.
        right: the mirror images; the same names as `left` when the unit has no sides.
        full: value of these blendshapes when the unit's intensity is 1.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    full: float = 1.0


def _sided(stem: str) -> UnitSource:
    return UnitSource(left=(f"{stem}Left",), right=(f"{stem}Right",))


def _whole(*names: str, full: float = 1.0) -> UnitSource:
    return UnitSource(left=names, right=names, full=full)


# 23 is missing: ARKit has no lip tightener; the nearest, mouthPress, is 24. 25 shares jawOpen with 26 because
# the ARKit jaw opens the lips: at three tenths of its way they are fully apart (mouthClose undoes it). 43 and
# 45 are one picture and differ in duration only.
UNIT_SOURCES: Mapping[int, UnitSource] = MappingProxyType(
    {
        1: _whole("browInnerUp"),
        2: _sided("browOuterUp"),
        4: _sided("browDown"),
        5: _sided("eyeWide"),
        6: _sided("cheekSquint"),
        7: _sided("eyeSquint"),
        9: _sided("noseSneer"),
        10: _sided("mouthUpperUp"),
        12: _sided("mouthSmile"),
        14: _sided("mouthDimple"),
        15: _sided("mouthFrown"),
        16: _sided("mouthLowerDown"),
        17: _whole("mouthShrugLower"),
        18: _whole("mouthPucker"),
        20: _sided("mouthStretch"),
        22: _whole("mouthFunnel"),
        24: _sided("mouthPress"),
        25: _whole("jawOpen", full=0.3),
        26: _whole("jawOpen"),
        28: _whole("mouthRollLower", "mouthRollUpper"),
        43: _sided("eyeBlink"),
        45: _sided("eyeBlink"),
    }
)

# Units of the prototype at full strength. Fear leaves out 7 (it would undo 5 in a blendshape face). Each
# emotion has companions that show in landmarks beside units that hardly do (4, 6, 9, 14, 17).
_PROTOTYPES = MappingProxyType(
    {
        "angry": {4: 1.0, 5: 0.3, 7: 1.0, 24: 1.0},
        "contempt": {10: 0.5, 12: 0.8, 14: 1.0},
        "disgusted": {9: 1.0, 10: 1.0, 15: 0.4, 17: 0.5},
        "fear": {1: 1.0, 2: 0.4, 4: 0.4, 5: 1.0, 20: 1.0, 26: 0.35},
        "happy": {6: 0.9, 12: 1.0},
        "neutral": {},
        "sad": {1: 1.0, 4: 0.5, 15: 1.0, 17: 0.6},
        "surprised": {1: 1.0, 2: 1.0, 5: 0.9, 26: 0.9},
    }
)
LEVEL_STRENGTH = MappingProxyType({1: 0.5, 2: 0.75, 3: 1.0})

AU_PROFILES: Mapping[tuple[str, int], Mapping[int, float]] = MappingProxyType(
    {
        (emotion, level): MappingProxyType(
            {unit: round(peak * LEVEL_STRENGTH[level], 3) for unit, peak in units.items()}
        )
        for emotion, units in _PROTOTYPES.items()
        for level in LEVELS
    }
)
# Contempt is the one emotion whose face is one-sided (EMFACS: unilateral 10, 12 and 14).
ONE_SIDED = MappingProxyType(
    {emotion: frozenset[int]() for emotion in _PROTOTYPES} | {"contempt": frozenset({10, 12, 14})}
)


def blendshapes_of(
    unit_intensities: Mapping[int, float], *, left_only: Collection[int] = frozenset()
) -> np.ndarray:
    """The 52 blendshapes that show these units; where two units share one, the stronger wins.

    Args:
        unit_intensities: FACS number -> intensity in [0, 1].
        left_only: units shown on the subject's left half alone (contempt). No effect on units without sides.

    Returns:
        float32 [52] in the order of `EXPRESSION_NAMES`, values in [0, 1].

    Raises:
        UserError: a unit without a blendshape, or an intensity outside [0, 1].
    """
    from style2talker.face.model import EXPRESSION_NAMES

    blendshapes_k = np.zeros(len(EXPRESSION_NAMES), dtype=np.float32)
    for unit, intensity in unit_intensities.items():
        if unit not in UNIT_SOURCES:
            raise UserError(
                f"action unit: got {unit!r}, expected one of {', '.join(map(str, UNIT_SOURCES))}; "
                "the other units have no ARKit blendshape"
            )
        if not 0.0 <= intensity <= 1.0:
            raise UserError(
                f"intensity of action unit {unit}: got {intensity}, expected 0 to 1; scale it first"
            )
        source = UNIT_SOURCES[unit]
        names = source.left if unit in left_only else dict.fromkeys(source.left + source.right)
        for name in names:
            k = EXPRESSION_NAMES.index(name)
            blendshapes_k[k] = max(blendshapes_k[k], intensity * source.full)
    return blendshapes_k


def profile_blendshapes(emotion: str, level: int) -> np.ndarray:
    """float32 [52]: the face of `emotion` at `level`, one-sided where the emotion is."""
    if (emotion, level) not in AU_PROFILES:
        raise UserError(
            f"profile: got {emotion!r}, {level!r}, expected an emotion of taxonomy.EMOTIONS and 1, 2 or 3"
        )
    return blendshapes_of(AU_PROFILES[(emotion, level)], left_only=ONE_SIDED[emotion])
