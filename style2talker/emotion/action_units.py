"""Which action units a clip shows, how strongly, and on which side.

Two witnesses report the same 52 amounts: the tracker's blendshape net, which looks at the picture, and the
expression coefficients of `face.fit`, which look at where the landmarks are. Each overlooks what the other
sees (the net hardly knows lowered lip corners, the fit hardly a dimple), so each is measured against its own
marks and a unit counts as far as the witness that sees more of it says.

A talking mouth passes through most mouth shapes: pooling its peaks would report speech as feeling. So a mouth
or eyelid unit counts only as far as it is held: a grey opening over 0.4 s (minimum, then maximum) keeps what
lasts longer than a stressed syllable (0.2 to 0.3 s) or a blink, and drops the rest. Then, for all units, the
mean over the clip's top fifth of frames is set against two fixed marks per unit and witness:

- the floor: the largest value that neutral speech shows (five GRID talkers, two MEAD actors, six neutral
  clips of three drawn people; at least 0.05). It holds the witness's biases and what speech leaves over. For
  1, 10 and 24 it is the second largest, because one talker stands apart there and would hide the unit in
  everybody else. The price: that MEAD actor's neutral clip shows 1 and 10, and one GRID talker, who does
  press his lips by both witnesses, shows 24; the other neutral clips show nothing.
- the ceiling: the largest value over 33 real clips, acted emotions of MEAD's strongest level among them, and
  at least 0.25 (net) or 0.15 (fit) above the floor, at most 1. Labels were not used.

The marks are constants, not percentiles of the corpus at hand: a clip's labels must not depend on others.
`benchmarks/emotion.py --marks` measures them; the fit's marks are those of a noisier fit, whose higher floors
still serve better (12 of 16 acted clips right, 10 with the floors of today's fit).

Cheek raiser (6) and nose wrinkler (9) no witness sees: the net's cheekSquint and noseSneer stay below 1e-4
(mediapipe issue 4450), and no landmark follows them; they are read for trackers that show them. Lips part
(25) is never reported: every talking face parts its lips.

Axes: T frames, K = 52 amounts in the order of `style2talker.face.model.EXPRESSION_NAMES`.
"""

from collections.abc import Mapping
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
    "intensities",
    "profile_blendshapes",
    "unit_readings",
    "witness_readings",
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
MARKS: Mapping[str, Mapping[int, tuple[float, float]]] = MappingProxyType(
    {
        "blendshapes": MappingProxyType(
            {
                1: (0.21, 0.93),
                2: (0.40, 0.92),
                4: (0.33, 0.73),
                5: (0.05, 0.30),
                6: (0.10, 0.80),
                7: (0.68, 0.93),
                9: (0.10, 0.80),
                10: (0.05, 0.81),
                12: (0.26, 0.81),
                14: (0.22, 0.59),
                15: (0.05, 0.42),
                16: (0.09, 0.37),
                17: (0.61, 0.86),
                18: (0.53, 0.78),
                20: (0.05, 0.39),
                22: (0.07, 0.32),
                24: (0.12, 0.42),
                26: (0.22, 0.47),
                28: (0.20, 0.45),
                43: (0.18, 0.80),
            }
        ),
        "expression": MappingProxyType(
            {
                1: (0.16, 0.92),
                2: (0.27, 0.84),
                4: (0.27, 0.76),
                5: (0.05, 0.20),
                6: (0.20, 0.80),
                7: (0.39, 0.60),
                9: (0.20, 0.80),
                10: (0.06, 0.65),
                12: (0.24, 0.89),
                14: (0.18, 0.53),
                15: (0.05, 0.37),
                16: (0.11, 0.37),
                17: (0.54, 0.69),
                18: (0.50, 0.65),
                20: (0.05, 0.38),
                22: (0.07, 0.22),
                24: (0.06, 0.34),
                26: (0.22, 0.40),
                28: (0.17, 0.32),
                43: (0.17, 0.80),
            }
        ),
    }
)
UNITS = tuple(MARKS["blendshapes"])


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


def unit_readings(amounts_tk: np.ndarray, found_t: np.ndarray) -> dict[int, Reading]:
    """Pooled value of every unit by one witness, before floor and ceiling. Empty where no frame has a face.

    Args:
        amounts_tk: [T, 52] at 25 Hz, in [0, 1]: blendshape scores or fitted expression.
        found_t: bool [T], frames with a face; the others are left out.

    Raises:
        UserError: the shapes do not agree.
    """
    if amounts_tk.ndim != 2 or amounts_tk.shape != (len(found_t), len(EXPRESSION_NAMES)):
        raise UserError(
            f"blendshapes or expression, and found: got shapes {amounts_tk.shape} and {np.shape(found_t)}, "
            f"expected [T, {len(EXPRESSION_NAMES)}] and [T]; pass the tracker's or the fit's output unchanged"
        )
    seen_tk = np.asarray(amounts_tk, dtype=np.float64)[np.asarray(found_t, dtype=bool)]
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


def witness_readings(
    blendshapes_tk: np.ndarray, found_t: np.ndarray, *, expression_tk: np.ndarray | None = None
) -> dict[str, dict[int, Reading]]:
    """`unit_readings` of each witness in `MARKS`; of the blendshapes alone without `expression_tk`.

    Args and errors as for `unit_readings`; `expression_tk` are the coefficients of `face.fit`.
    """
    readings = {"blendshapes": unit_readings(blendshapes_tk, found_t)}
    if expression_tk is not None:
        readings["expression"] = unit_readings(expression_tk, found_t)
    return readings


def intensities(readings: Mapping[str, Mapping[int, Reading]]) -> dict[int, tuple[float, Reading]]:
    """Per unit the larger of the witnesses' intensities, floor 0 to ceiling 1, and the reading it is from.

    Empty where no frame has a face.
    """
    shown = {}
    for unit in UNITS:
        answers = []
        for witness, by_unit in readings.items():
            if unit in by_unit:
                floor, ceiling = MARKS[witness][unit]
                answers.append(
                    (float(np.clip((by_unit[unit].value - floor) / (ceiling - floor), 0, 1)), witness)
                )
        if answers:
            intensity, witness = max(answers, key=lambda answer: answer[0])
            shown[unit] = (intensity, readings[witness][unit])
    return shown


def level_of(intensity: float) -> str:
    """low, middle or high."""
    return ("low", "middle", "high")[int(np.searchsorted(LEVEL_EDGES, intensity, side="right"))]


def action_units(
    blendshapes_tk: np.ndarray, found_t: np.ndarray, *, expression_tk: np.ndarray | None = None
) -> list[ActionUnit]:
    """The active units of a clip by FACS number; see the module's text for the rule.

    Args and errors as for `witness_readings`.
    """
    shown = intensities(witness_readings(blendshapes_tk, found_t, expression_tk=expression_tk))
    active = []
    for unit, (intensity, reading) in shown.items():
        opposite = _OPPOSITE.get(unit)
        stronger = opposite is None or intensity >= shown[opposite][0]
        if intensity >= ACTIVE_INTENSITY and stronger:
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
