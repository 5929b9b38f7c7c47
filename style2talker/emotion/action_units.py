"""Which action units a clip shows, how strongly, and on which side.

Relative to the same speaker's neutral, wherever one is known: what the frontal view changed by
(unit_change.py) is set against two marks per unit, the amount at which it counts and that of full strength.
- Units that the blendshape net and the fit follow as well (1, 2, 7, 10, 12, 17, 20, 24, 26)
  are believed as far as these
  agree: the geometric mean of what the pictures and they say. A face that smiles shows it to all three, and
  neither a shadow nor a pose that was fitted wrongly does.
- What is undone or imitated by a stronger movement gives way to it: a lowered brow (4) to one raised (2), a
  dimpler (14) or lowered corners (15) to corners stretched (20), a dimpler or a lowered lip (16) to an open
  jaw (26), which draws the corners in and the lip down.
- Units without a picture mark (16, 18, 22, 28, 43) count by the trackers, and only where they are plain: by
  both, above the floor as well as above the neutral, and more than low.
- Sides are told for 2, 10, 12 and 14, which faces do on one side.

Without a neutral the two trackers speak alone, each against its own floor and ceiling (unit_marks.py): the
unit counts as far as the one that sees more of it says. Cheek raiser (6) and nose wrinkler (9) are then not
seen: the net's cheekSquint and noseSneer stay below 1e-4 (mediapipe issue 4450), and no landmark follows.

Lips part (25) is never reported: every talking face parts its lips. docs/action_units.md has the figures.

Axes: R readings, rows as unit_readings.py lists them; 2 sides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from style2talker.emotion.facs import (
    AU_PROFILES,
    LEVEL_STRENGTH,
    ONE_SIDED,
    UNIT_NAMES,
    blendshapes_of,
    profile_blendshapes,
)
from style2talker.emotion.unit_change import unit_change
from style2talker.emotion.unit_marks import MARKS, PICTURE_MARKS, UNITS
from style2talker.emotion.unit_readings import (
    NUM_WITNESS_ROWS,
    Reading,
    frontal_view,
    measure_units,
    unit_readings,
    witness_readings,
    witness_rows,
)

__all__ = [
    "AU_PROFILES",
    "MARKS",
    "ONE_SIDED",
    "UNITS",
    "UNIT_NAMES",
    "ActionUnit",
    "Reading",
    "action_units",
    "blendshapes_of",
    "emotion_level",
    "intensities",
    "measure_units",
    "pictured",
    "profile_blendshapes",
    "strengths",
    "unit_readings",
    "witness_readings",
]

ACTIVE_INTENSITY = 0.1  # a tenth of the way from floor to ceiling: the floor itself is only known that well
LEVEL_EDGES = (1 / 3, 2 / 3)
STRONGEST = 1.5  # of the drawn shapes' full strength; real faces go beyond
SURE = 0.05  # no unit is measured better than this
# Opposites, or taken for the other: the weaker gives way.
_YIELDS_TO = MappingProxyType({4: (2,), 5: (43,), 43: (5,), 12: (15,), 15: (12, 20), 14: (20,)})
_OPEN_JAW, _LIKE_OPEN_JAW = 26, (14, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionUnit:
    """An active unit.

    Attributes:
        unit: FACS number.
        name: FACS name in lower case, after "left " or "right " (the subject's own) where one side shows it.
        intensity: in (0, 1], 1 is full strength.
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


def level_of(intensity: float) -> str:
    """low, middle or high."""
    return ("low", "middle", "high")[int(np.searchsorted(LEVEL_EDGES, intensity, side="right"))]


def intensities(readings: Mapping[str, Mapping[int, Reading]]) -> dict[int, tuple[float, Reading]]:
    """Without a neutral: per unit the larger of the trackers' intensities, floor 0 to ceiling 1, and the
    reading it is from. Empty where no frame has a face."""
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


def strengths(readings_r2: np.ndarray, *, neutral_r2: np.ndarray | None = None) -> dict[int, Reading]:
    """Both sides' strength of every unit, 1 is full; 0 for a unit below its mark. Empty without a face.

    Args:
        readings_r2: of `measure_units`. neutral_r2: their mean over the speaker's neutral clips.
    """
    shown = intensities(witness_rows(readings_r2))
    values = {
        unit: _above(_in_proportion(intensity, reading), ACTIVE_INTENSITY)
        for unit, (intensity, reading) in shown.items()
    }
    seen = {} if neutral_r2 is None else pictured(neutral_r2, readings_r2)
    if neutral_r2 is not None and seen:
        risen = _risen(readings_r2, neutral_r2)
        values = {unit: _by_trackers(unit, readings_r2, risen[unit]) for unit in UNITS}
        values |= {unit: _above(sides_2, PICTURE_MARKS[unit].least) for unit, sides_2 in seen.items()}
        if values[_OPEN_JAW].value > 0:
            values |= dict.fromkeys(_LIKE_OPEN_JAW, Reading(left=0.0, right=0.0))
    return {unit: reading for unit, reading in values.items() if not _yields(unit, values)}


def action_units(readings_r2: np.ndarray, *, neutral_r2: np.ndarray | None = None) -> list[ActionUnit]:
    """The active units of a clip by FACS number; see the module's text for the rule.

    Args as for `strengths`.
    """
    active = []
    for unit, reading in strengths(readings_r2, neutral_r2=neutral_r2).items():
        intensity = min(1.0, reading.value)
        if intensity > 0:
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


def emotion_level(emotion: str, readings_r2: np.ndarray, *, neutral_r2: np.ndarray | None = None) -> int:
    """1, 2 or 3: how much of the emotion's prototype at full strength the face shows.

    Relative to the neutral, the share of the prototype that explains its active units best (least squares,
    each unit by how well it is measured; one that is not shown says which face it is, not how strong), and
    the level whose strength (`facs.LEVEL_STRENGTH`) is nearest. Without one, where half of the units may go
    unseen, the level (low, middle, high) of the strongest unit of the prototype. 1 for neutral, and when none
    is active.
    """
    profile = AU_PROFILES[(emotion, 3)]
    seen = {} if neutral_r2 is None else pictured(neutral_r2, readings_r2)
    if not seen:
        shown = intensities(witness_rows(readings_r2))
        strongest = max((shown[unit][0] for unit in profile), default=0.0)
        return ("low", "middle", "high").index(level_of(strongest)) + 1
    if not profile:
        return 1
    value = {unit: Reading(left=seen[unit][0], right=seen[unit][1]).value for unit in profile}
    active = [unit for unit in profile if value[unit] >= PICTURE_MARKS[unit].least]
    if not active:
        return 1
    trust = {unit: 1 / (PICTURE_MARKS[unit].sigma ** 2 + SURE**2) for unit in active}
    explained = sum(trust[unit] * value[unit] * profile[unit] for unit in active)
    share = explained / sum(trust[unit] * profile[unit] ** 2 for unit in active)
    return min(LEVEL_STRENGTH, key=lambda level: abs(LEVEL_STRENGTH[level] - share))


def pictured(neutral_r2: np.ndarray, readings_r2: np.ndarray) -> dict[int, np.ndarray]:
    """Strength [left, right] of every unit with a picture mark, also below it; empty without the views."""
    own, view = frontal_view(neutral_r2), frontal_view(readings_r2)
    if own is None or view is None:
        return {}
    change, risen, seen = unit_change(own, view), _risen(readings_r2, neutral_r2), {}
    for unit, marks in PICTURE_MARKS.items():
        sides_2 = np.array(
            [change.get((unit, side), change.get((unit, "both"))) for side in ("left", "right")]
        )
        sides_2 = np.clip(sides_2.astype(np.float64) / marks.full, 0, STRONGEST)
        if marks.followed is not None:
            followed_2 = risen[unit] if (unit, "left") in change else np.full(2, risen[unit].mean())
            sides_2 = np.sqrt(sides_2 * np.clip(followed_2 / marks.followed, 0, STRONGEST))
        seen[unit] = sides_2
    return seen


def _by_trackers(unit: int, readings_r2: np.ndarray, risen_2: np.ndarray) -> Reading:
    """Strength of a unit that no picture is asked about."""
    least = 1.0
    for witness, by_unit in witness_rows(readings_r2).items():
        floor, ceiling = MARKS[witness][unit]
        above = min(by_unit[unit].value - floor, float(risen_2.mean()))
        least = min(least, max(0.0, above / (ceiling - floor)))
    return _above(np.full(2, least), LEVEL_EDGES[0])


def _risen(readings_r2: np.ndarray, neutral_r2: np.ndarray) -> dict[int, np.ndarray]:
    """How far each unit's readings lie above the neutral's [left, right], mean of the trackers."""
    above_r2 = readings_r2[:NUM_WITNESS_ROWS] - neutral_r2[:NUM_WITNESS_ROWS]
    return dict(zip(UNITS, above_r2.reshape(len(MARKS), len(UNITS), 2).mean(axis=0), strict=True))


def _above(sides_2: np.ndarray, least: float) -> Reading:
    reading = Reading(left=float(sides_2[0]), right=float(sides_2[1]))
    return reading if reading.value >= least else Reading(left=0.0, right=0.0)


def _in_proportion(intensity: float, reading: Reading) -> np.ndarray:
    """The sides [left, right] of a unit of this intensity, as its reading's are to each other."""
    sides_2 = np.array([reading.left, reading.right])
    return sides_2 * (intensity / reading.value) if reading.value > 0 else np.zeros(2)


def _yields(unit: int, values: Mapping[int, Reading]) -> bool:
    return any(
        values[unit].value < values[other].value for other in _YIELDS_TO.get(unit, ()) if other in values
    )
