"""What is read of a clip's action units, before it is set against a neutral: numbers of this clip alone.

Three witnesses. The tracker's blendshape net looks at each picture; the expression coefficients of `face.fit`
look at where the landmarks are; the frontal view (frontal.py) keeps the skin itself, for what neither
follows. `measure_units` stores them as rows of two numbers, `NUM_READINGS` in all:

    rows                   what                                     the two numbers
    0 to 19                blendshapes, in the order of UNITS       the subject's left side, the right side
    20 to 39               expression, the same                     the same
    40 to 517              frontal landmarks                        x cm, y cm
    518 to 2949            frontal picture, line by line            two neighbouring points, grey 0 to 255

Rows of what was not seen are 0. Mean and median over clips of one speaker are readings again.

A talking mouth passes through most mouth shapes: pooling its peaks would report speech as feeling. So a mouth
or eyelid unit counts only as far as it is held: a grey opening over 0.4 s (minimum, then maximum) keeps what
lasts longer than a stressed syllable (0.2 to 0.3 s) or a blink, and drops the rest. Then the mean over the
clip's top fifth of frames is taken, for every unit.

Axes: T frames, K = 52 amounts in the order of `style2talker.face.model.EXPRESSION_NAMES`, R readings.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import grey_opening

from style2talker.emotion.facs import UNIT_SOURCES
from style2talker.emotion.frontal import HEIGHT, WIDTH, Frontal, frontal
from style2talker.emotion.unit_marks import MARKS, UNITS
from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS

HELD_FRAMES = 10
TOP_SHARE = 0.2
ONE_SIDED_RATIO = 0.5  # one-sided when the weaker side has less than half of the stronger
_PASSING_UNITS = frozenset({10, 12, 14, 15, 16, 17, 18, 20, 22, 24, 26, 28, 43})
NUM_WITNESS_ROWS = len(MARKS) * len(UNITS)
NUM_READINGS = NUM_WITNESS_ROWS + NUM_LANDMARKS + HEIGHT * WIDTH // 2


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


def measure_units(
    blendshapes_tk: np.ndarray,
    found_t: np.ndarray,
    *,
    expression_tk: np.ndarray,
    frame_at: Callable[[int], np.ndarray] | None = None,
    landmarks_tl3: np.ndarray | None = None,
    rotation_t3: np.ndarray | None = None,
    translation_t3: np.ndarray | None = None,
) -> np.ndarray:
    """The clip's readings, float32 [NUM_READINGS, 2]; without all of the last four, no frontal view.

    Args:
        blendshapes_tk, found_t, landmarks_tl3: of the tracker, landmarks [T, 478, 3] in px of the pictures.
        expression_tk, rotation_t3, translation_t3: of `face.fit`, in the same px.
        frame_at: from the number of a frame to it, uint8 RGB, the 256 px crop; a few are asked for.

    Raises:
        UserError: the shapes do not agree.
    """
    readings_r2 = np.zeros((NUM_READINGS, 2), np.float32)
    by_witness = witness_readings(blendshapes_tk, found_t, expression_tk=expression_tk)
    for start, by_unit in zip(range(0, NUM_WITNESS_ROWS, len(UNITS)), by_witness.values(), strict=True):
        for row, unit in enumerate(UNITS, start):
            if unit in by_unit:
                readings_r2[row] = by_unit[unit].left, by_unit[unit].right
    if frame_at is None or landmarks_tl3 is None or rotation_t3 is None or translation_t3 is None:
        return readings_r2
    view = frontal(frame_at, landmarks_tl3, blendshapes_tk, found_t, rotation_t3, translation_t3)
    if view is not None:
        # Whole greys and hundredths of a millimetre: what lies below is noise, and would not compress.
        pictured_r2 = np.rint(view.picture_hw).reshape(-1, 2)
        readings_r2[NUM_WITNESS_ROWS:] = np.concatenate([np.round(view.landmarks_l2, 3), pictured_r2])
    return readings_r2


def witness_rows(readings_r2: np.ndarray) -> dict[str, dict[int, Reading]]:
    """What the two trackers say, back from the rows."""
    rows = iter(readings_r2[:NUM_WITNESS_ROWS].tolist())
    return {witness: {unit: _sides(next(rows)) for unit in UNITS} for witness in MARKS}


def _sides(row: list[float]) -> Reading:
    return Reading(left=row[0], right=row[1])


def frontal_view(readings_r2: np.ndarray) -> Frontal | None:
    """The frontal view, back from the rows; None where there is none."""
    rows_r2 = np.asarray(readings_r2[NUM_WITNESS_ROWS:], np.float32)
    if len(rows_r2) != NUM_READINGS - NUM_WITNESS_ROWS or not rows_r2.any():
        return None
    return Frontal(
        landmarks_l2=rows_r2[:NUM_LANDMARKS], picture_hw=rows_r2[NUM_LANDMARKS:].reshape(HEIGHT, WIDTH)
    )
