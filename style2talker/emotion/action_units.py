"""Which action units a clip shows, how strongly, and on which side.

A talking mouth passes through most mouth shapes: pooling its peaks would report speech as feeling. So a mouth
or eyelid unit counts only as far as it is held: a grey opening over 0.4 s (minimum, then maximum) keeps what
lasts longer than a stressed syllable (0.2 to 0.3 s) or a blink, and drops the rest. Then, for all units, the
mean over the clip's top fifth of frames is set against two fixed marks per unit:

- the floor: the largest value that seven clips of neutral speech show (five GRID talkers, two MEAD actors).
  It holds the biases of the blendshape net (it sees lowered brows and narrow eyes in many resting faces) and
  what speech leaves over. A jaw drop is therefore reported only where the jaw hangs lower than talking needs.
- the ceiling: the largest value over 33 real clips, acted emotions of MEAD's strongest level among them, and
  at least 0.25 above the floor (at most 1). Labels were not used.

The marks are constants, not percentiles of the corpus at hand: a clip's labels must not depend on others.
Cheek raiser (6) and nose wrinkler (9) cannot be seen by MediaPipe's blendshape net, whose cheekSquint and
noseSneer stay below 1e-4 on all 33 clips (mediapipe issue 4450); they are read for trackers that show them.
Lips part (25) is never reported: every talking face parts its lips.

Axes: T frames, K = 52 blendshapes in the order of `style2talker.face.model.EXPRESSION_NAMES`.
"""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.ndimage import grey_opening

from style2talker.emotion.facs import (
    AU_PROFILES,
    ONE_SIDED,
    UNIT_NAMES,
    UNIT_SOURCES,
    blendshapes_of,
    profile_blendshapes,
)
from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES

__all__ = [
    "AU_PROFILES",
    "ONE_SIDED",
    "UNIT_NAMES",
    "ActionUnit",
    "action_units",
    "blendshapes_of",
    "profile_blendshapes",
    "unit_readings",
]

HELD_FRAMES = 10
TOP_SHARE = 0.2
ACTIVE_INTENSITY = 0.1  # a tenth of the way from floor to ceiling: the floor itself is only known that well
_OPPOSITE = MappingProxyType(
    {5: 43, 43: 5, 12: 15, 15: 12}
)  # what goes up does not go down: the stronger stays
LEVEL_EDGES = (1 / 3, 2 / 3)
ONE_SIDED_RATIO = 0.5  # one-sided when the weaker side has less than half of the stronger

_PASSING_UNITS = frozenset({10, 12, 14, 15, 16, 17, 18, 20, 22, 24, 26, 28, 43})
# unit: (floor, ceiling). None for 25, speech, and 45, blinks. Not measured: 6, 9 and the closed eye of 43.
MARKS = MappingProxyType(
    {
        1: (0.73, 0.98),
        2: (0.68, 0.94),
        4: (0.28, 0.55),
        5: (0.10, 0.44),
        6: (0.10, 0.80),
        7: (0.65, 0.90),
        9: (0.10, 0.80),
        10: (0.28, 0.75),
        12: (0.18, 0.75),
        14: (0.08, 0.56),
        15: (0.05, 0.51),
        16: (0.23, 0.48),
        17: (0.39, 0.64),
        18: (0.61, 0.86),
        20: (0.05, 0.46),
        22: (0.07, 0.32),
        24: (0.41, 0.66),
        26: (0.26, 0.51),
        28: (0.18, 0.43),
        43: (0.18, 0.80),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionUnit:
    """An active unit.

    Attributes:
        unit: FACS number.
        name: FACS name in lower case, after "left " or "right " (the subject's own) where one side shows it.
        intensity: in (0, 1], floor to ceiling.
        level: low, middle or high; thirds of the intensity.
    """

    unit: int
    name: str
    intensity: float
    level: str

    @property
    def side(self) -> str:
        """left, right or both."""
        first = self.name.split(" ", 1)[0]
        return first if first in ("left", "right") else "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One unit over a clip: the pooled value of each side, in blendshape amounts over `UnitSource.full`."""

    left: float
    right: float

    @property
    def side(self) -> str:
        """left, right or both."""
        if min(self.left, self.right) >= ONE_SIDED_RATIO * max(self.left, self.right):
            return "both"
        return "left" if self.left > self.right else "right"

    @property
    def value(self) -> float:
        """Mean of the sides; the stronger one where the other does not take part."""
        return (self.left + self.right) / 2 if self.side == "both" else max(self.left, self.right)


def unit_readings(blendshapes_tk: np.ndarray, found_t: np.ndarray) -> dict[int, Reading]:
    """Pooled value of every unit, before floor and ceiling. Empty where no frame has a face.

    Args:
        blendshapes_tk: [T, 52] at 25 Hz, in [0, 1].
        found_t: bool [T], frames with a face; the others are left out.

    Raises:
        UserError: the shapes do not agree.
    """
    if blendshapes_tk.ndim != 2 or blendshapes_tk.shape != (len(found_t), len(EXPRESSION_NAMES)):
        raise UserError(
            f"blendshapes and found: got shapes {blendshapes_tk.shape} and {np.shape(found_t)}, expected "
            f"[T, {len(EXPRESSION_NAMES)}] and [T]; pass the tracker's output unchanged"
        )
    seen_tk = np.asarray(blendshapes_tk, dtype=np.float64)[np.asarray(found_t, dtype=bool)]
    if not len(seen_tk):
        return {}
    # A clip shorter than the window is held when it is held throughout. Beyond its ends there is nothing: a
    # blink on the first frame must not be drawn out.
    window = (min(HELD_FRAMES, len(seen_tk)), 1)
    held_tk = grey_opening(seen_tk, size=window, mode="constant", cval=0.0)
    num_top = max(1, round(TOP_SHARE * len(seen_tk)))
    readings = {}
    for unit, source in UNIT_SOURCES.items():
        values_tk = held_tk if unit in _PASSING_UNITS else seen_tk
        sides = []
        for names in (source.left, source.right):
            side_t = values_tk[:, [EXPRESSION_NAMES.index(name) for name in names]].mean(axis=1)
            sides.append(float(np.sort(side_t)[-num_top:].mean()) / source.full)
        readings[unit] = Reading(left=sides[0], right=sides[1])
    return readings


def intensity_of(unit: int, reading: Reading) -> float:
    """The reading between the unit's floor (0) and ceiling (1), clipped."""
    floor, ceiling = MARKS[unit]
    return float(np.clip((reading.value - floor) / (ceiling - floor), 0.0, 1.0))


def level_of(intensity: float) -> str:
    """low, middle or high."""
    return ("low", "middle", "high")[int(np.searchsorted(LEVEL_EDGES, intensity, side="right"))]


def action_units(blendshapes_tk: np.ndarray, found_t: np.ndarray) -> list[ActionUnit]:
    """The active units of a clip by FACS number; see the module's text for the rule.

    Args and errors as for `unit_readings`.
    """
    readings = unit_readings(blendshapes_tk, found_t)
    intensities = {unit: intensity_of(unit, readings[unit]) for unit in MARKS if unit in readings}
    active = []
    for unit, intensity in intensities.items():
        stronger = intensity >= intensities.get(_OPPOSITE.get(unit, 0), 0.0)
        if intensity >= ACTIVE_INTENSITY and stronger:
            reading = readings[unit]
            side = "" if reading.side == "both" else f"{reading.side} "
            active.append(
                ActionUnit(
                    unit=unit,
                    name=side + UNIT_NAMES[unit],
                    intensity=round(intensity, 4),
                    level=level_of(intensity),
                )
            )
    return active
