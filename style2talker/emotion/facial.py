"""The emotion a face shows: the answer of the expression nets pooled with the evidence of the action units.

The two witnesses see different things. The nets know appearance, but neither contempt nor that a mouth is
talking, and they lean on wrinkles, shade and the person: a drawn face without wrinkles and with a friendly
rest is "happy" to them whatever it does. The units know what is held against what speech does, but not what a
face's wrinkles mean. They are joined by a log-linear pool with equal weights, log p(e) = log p_nets(e) +
log p_units(e) + constant, so that units that fit an emotion well win over nets that are unsure.

- p_nets: mean over the nets. Contempt is unknown to them, so it gets the share of one in eight, which neither
  helps nor hinders it, and the seven others share the rest. Their "happy" is heeded above one in eight only
  where the units fit happiness by a half at least: lip corners are what the units see best, and without them
  there is no smile (EMFACS). What is cut off is spread evenly, for it says nothing about the other emotions.
- p_units: softmax over the eight emotions of s(e) / 0.25, where s in [0, 1] is how well the clip's units fit
  the emotion. 0.25 makes a perfect fit e^4 = 55 times likelier than none: about as sure as the nets are of a
  clear smile. s is the cosine of the clip's intensities and the emotion's profile, times how much there is to
  match (three times the length of the clip's vector, at most 1: a third of the way to the ceiling is plain
  enough). For neutral s is what the best other emotion leaves of 1, so that one odd unit, which fits no
  emotion well, leaves a face neutral. For contempt s is one-sidedness: how much further the upper lip or a
  mouth corner is drawn on one side than on the other, as the mean of the witnesses, because in EMFACS a
  unilateral 10, 12 or 14 is contempt whatever else the face does; happiness, a smile on both sides, fits less
  and less from a one-sidedness of a half on.

What was chosen with labelled clips in view: the contempt rule was changed once after seeing the two contempt
clips of MEAD. The gain of three, the marks of one-sidedness and the rules for "happy" and neutral were chosen
on twin footage of three drawn people together with MEAD's 16 acted and seven neutral clips; so the numbers
that `benchmarks/emotion.py` prints on those clips are not those of unseen ones. On 24 clips each, twins of
those three people get 20 emotions right and twins of three others 16; what is missed is mostly level 1.

Shapes: T frames, E = 8 emotions in the order of `EMOTIONS`, K = 52 blendshapes or coefficients.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from style2talker.emotion.action_units import UNITS, Reading, intensities, level_of, witness_readings
from style2talker.emotion.face_nets import WEIGHTS, FaceNets
from style2talker.emotion.facs import AU_PROFILES, ONE_SIDED
from style2talker.emotion.taxonomy import EMOTIONS

UNIT_TEMPERATURE = 0.25
_NET_FLOOR = 0.01  # no net may veto an emotion: its training labels are one in ten wrong (FER-2013)
AMOUNT_GAIN = 3.0
HEEDED_SMILE = 0.5
# Difference of the sides, mean of the witnesses: the largest of the neutral clips, and of all clips (at least
# 0.25 more), as for the marks of the units.
_LOPSIDED_MARKS = {10: (0.06, 0.45), 12: (0.06, 0.31), 14: (0.13, 0.50)}
# 6 and 9 no witness sees, 17 hardly above what one neutral talker shows; 14 speaks through one-sidedness.
_UNUSED_UNITS = frozenset({6, 9, 14, 17})

Readings = Mapping[str, Mapping[int, Reading]]
"""Of each witness, as `witness_readings` gives them."""


class FacialEmotion:
    """The nets, loaded once, and the rule that joins them with the action units.

    Args:
        paths: name in `face_nets.WEIGHTS` -> the user's own copy of the weights.
        names: the nets to use.

    Raises:
        UserError: an unknown name, or weights that cannot be had.
    """

    def __init__(self, *, paths: Mapping[str, Path] | None = None, names: tuple[str, ...] = WEIGHTS) -> None:
        self.nets = FaceNets(paths=paths, names=names)

    def __call__(
        self,
        frames_thw3: np.ndarray,
        landmarks_tl3: np.ndarray | None = None,
        *,
        blendshapes_tk: np.ndarray | None = None,
        found_t: np.ndarray | None = None,
        expression_tk: np.ndarray | None = None,
    ) -> np.ndarray:
        """Probability float32 [E]. Without blendshapes the nets answer alone.

        Args:
            frames_thw3: uint8 RGB at 25 Hz, the 256 px crop.
            landmarks_tl3: [T, 478, 3] in crop px, NaN where no face was found.
            blendshapes_tk: [T, 52].
            found_t: bool [T]; all frames when it is not given.
            expression_tk: [T, 52] of `face.fit`, a second witness of the units beside the blendshapes.

        Raises:
            Reject: `no_face`.
            UserError: shapes that do not agree.
        """
        by_net = self.nets(frames_thw3, landmarks_tl3)
        readings: Readings = {}
        if blendshapes_tk is not None:
            found_t = np.ones(len(blendshapes_tk), dtype=bool) if found_t is None else found_t
            readings = witness_readings(blendshapes_tk, found_t, expression_tk=expression_tk)
        return combine(net_probability(by_net), unit_match(readings)).astype(np.float32)


def net_probability(by_net: Mapping[str, np.ndarray]) -> np.ndarray:
    """[E], the mean of the nets with contempt at one in eight."""
    mean_e = np.mean(list(by_net.values()), axis=0)
    contempt = EMOTIONS.index("contempt")
    mean_e = mean_e * (1 - 1 / len(EMOTIONS)) / mean_e.sum()
    mean_e[contempt] = 1 / len(EMOTIONS)
    return mean_e


def unit_match(readings: Readings) -> np.ndarray | None:
    """s [E] in [0, 1], how well the units fit each emotion; None where nothing was read."""
    shown = intensities(readings)
    if not shown:
        return None
    units = [unit for unit in UNITS if unit not in _UNUSED_UNITS]
    shown_u = np.array([shown[unit][0] for unit in units])
    length = float(np.linalg.norm(shown_u))
    match_e = np.zeros(len(EMOTIONS))
    for index, emotion in enumerate(EMOTIONS):
        profile = AU_PROFILES[(emotion, 3)]
        wanted_u = np.array([profile.get(unit, 0.0) for unit in units])
        if ONE_SIDED[emotion]:
            match_e[index] = _lopsidedness(readings)
        elif profile and length > 0:
            cosine = float(shown_u @ wanted_u) / (length * float(np.linalg.norm(wanted_u)))
            match_e[index] = min(1.0, AMOUNT_GAIN * length) * cosine
    match_e[EMOTIONS.index("happy")] *= min(1.0, 2 - 2 * match_e[EMOTIONS.index("contempt")])
    match_e[EMOTIONS.index("neutral")] = 1 - match_e.max()
    return match_e


def unit_probability(match_e: np.ndarray | None) -> np.ndarray:
    """[E] from the action units; uniform where nothing was read."""
    if match_e is None:
        return np.full(len(EMOTIONS), 1 / len(EMOTIONS))
    weight_e = np.exp((match_e - match_e.max()) / UNIT_TEMPERATURE)
    return weight_e / weight_e.sum()


def combine(net_e: np.ndarray, match_e: np.ndarray | None) -> np.ndarray:
    """[E], both witnesses joined, the nets' "happy" heeded as far as the units allow."""
    happy = EMOTIONS.index("happy")
    excess = net_e[happy] - 1 / len(EMOTIONS)
    if match_e is not None and match_e[happy] < HEEDED_SMILE and excess > 0:
        net_e = net_e + excess / len(EMOTIONS)
        net_e[happy] -= excess
    return pool(net_e, unit_probability(match_e))


def pool(net_e: np.ndarray, unit_e: np.ndarray) -> np.ndarray:
    """[E], the normalised product of the two witnesses."""
    joint_e = np.maximum(net_e, _NET_FLOOR) * unit_e
    return joint_e / joint_e.sum()


def emotion_level(
    emotion: str, blendshapes_tk: np.ndarray, found_t: np.ndarray, *, expression_tk: np.ndarray | None = None
) -> int:
    """1, 2 or 3: the level (low, middle, high) of the strongest unit among those of the emotion's profile.

    The strongest and not the mean, because a tracker that misses half of the profile would halve the mean.
    1 when none of them is active, and for neutral.
    """
    readings = witness_readings(blendshapes_tk, found_t, expression_tk=expression_tk)
    shown = intensities(readings)
    if not shown or not AU_PROFILES[(emotion, 3)]:
        return 1
    strongest = max(shown[unit][0] for unit in AU_PROFILES[(emotion, 3)])
    if ONE_SIDED[emotion]:
        strongest = max(strongest, _lopsidedness(readings))
    return ("low", "middle", "high").index(level_of(strongest)) + 1


def _lopsidedness(readings: Readings) -> float:
    """How one-sided the plainest of units 10, 12 and 14 is, floor 0 to ceiling 1."""
    shares = []
    for unit, (floor, ceiling) in _LOPSIDED_MARKS.items():
        difference = np.mean([abs(by_unit[unit].left - by_unit[unit].right) for by_unit in readings.values()])
        shares.append((difference - floor) / (ceiling - floor))
    return float(np.clip(max(shares), 0.0, 1.0))
