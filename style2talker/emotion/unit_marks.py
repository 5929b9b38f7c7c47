"""The marks that action units are measured against.

Constants, not percentiles of the corpus at hand: a clip's labels must not depend on others.

Without the speaker's neutral (`MARKS`, of the blendshape net and of the fitted expression, per unit):

- the floor: the largest value that neutral speech shows (five GRID talkers, two MEAD actors, six neutral
  clips of three drawn people; at least 0.05). It holds the witness's biases and what speech leaves over. For
  1, 10 and 24 it is the second largest, because one talker stands apart there and would hide the unit in
  everybody else. The price: that MEAD actor's neutral clip shows 1 and 10, and one GRID talker, who does
  press his lips by both witnesses, shows 24; the other neutral clips show nothing.
- the ceiling: the largest value over 33 real clips, acted emotions of MEAD's strongest level among them, and
  at least 0.25 (net) or 0.15 (fit) above the floor, at most 1. Labels were not used.

With it (`PICTURE_MARKS`, of the aligned frontal pictures): measured on twelve drawn people (06 to 17, 96
clips) by `python benchmarks/units.py --marks`. Full strength is the least-squares slope on the truth; a unit
counts from where the F1 of the twelve is largest, the middle of that range, and no earlier than four in five
halves of 19 clips of real speech show it against their other half (`--quiet`; raised 4, 5, 14 and 26).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

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
class PictureMark:
    """What the amounts of `unit_change` mean for one unit.

    Attributes:
        least: strength at which the unit counts.
        full: amount of full strength.
        sigma: standard error of the strength.
        followed: rise of the blendshape net's and the fit's readings (their mean) at full strength, for
            units that both follow; None for the others.
    """

    least: float
    full: float
    sigma: float
    followed: float | None = None


PICTURE_MARKS: Mapping[int, PictureMark] = MappingProxyType(
    {
        1: PictureMark(least=0.21, full=0.85, sigma=0.12, followed=0.57),
        2: PictureMark(least=0.1, full=0.96, sigma=0.09, followed=0.76),
        4: PictureMark(least=0.17, full=0.85, sigma=0.19),
        5: PictureMark(least=0.25, full=0.85, sigma=0.19),
        6: PictureMark(least=0.36, full=0.72, sigma=0.2),
        7: PictureMark(least=0.1, full=0.67, sigma=0.15, followed=0.18),
        9: PictureMark(least=0.3, full=1.04, sigma=0.1),
        10: PictureMark(least=0.12, full=0.88, sigma=0.08, followed=0.59),
        12: PictureMark(least=0.18, full=0.93, sigma=0.11, followed=0.61),
        14: PictureMark(least=0.72, full=0.31, sigma=0.62),
        15: PictureMark(least=0.19, full=1.09, sigma=0.08),
        17: PictureMark(least=0.07, full=0.49, sigma=0.2, followed=0.13),
        20: PictureMark(least=0.14, full=0.88, sigma=0.24, followed=0.27),
        24: PictureMark(least=0.32, full=0.72, sigma=0.17, followed=0.23),
        26: PictureMark(least=0.19, full=0.28, sigma=0.14, followed=0.26),
    }
)
