"""The emotion a face shows: the answer of the expression nets pooled with the evidence of the action units.

The two witnesses see different things. The nets know appearance, but neither contempt nor that a mouth is
talking. The units know what is held against what speech does, but not what a face's wrinkles mean. They are
joined by a log-linear pool with equal weights, the product of experts in which neither is trusted above the
other: log p(e) = log p_nets(e) + log p_units(e) + constant. No constant here was searched on labelled clips.

- p_nets: mean over the nets. Contempt is unknown to them, so it gets the share of one in eight, which neither
  helps nor hinders it, and the seven others share the rest.
- p_units: softmax over the eight emotions of s(e) / 0.25, where s in [0, 1] is how well the clip's units fit
  the emotion. 0.25 makes a perfect fit e^4 = 55 times likelier than none: about as sure as the nets are of a
  clear smile. s is the cosine of the clip's intensities and the emotion's profile, times how much there is to
  match (the length of the clip's vector, at most 1). For neutral s is what is left of 1. For contempt s is
  one-sidedness: how much further the upper lip or a mouth corner is drawn on one side than on the other,
  because in EMFACS a unilateral 12 or 14 is contempt whatever else the face does.

Shapes: T frames, E = 8 emotions in the order of `EMOTIONS`, K = 52 blendshapes.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from style2talker.emotion.action_units import MARKS, Reading, intensity_of, level_of, unit_readings
from style2talker.emotion.face_nets import WEIGHTS, FaceNets
from style2talker.emotion.facs import AU_PROFILES, ONE_SIDED
from style2talker.emotion.taxonomy import EMOTIONS

UNIT_TEMPERATURE = 0.25
_NET_FLOOR = 0.01  # no net may veto an emotion: its training labels are one in ten wrong (FER-2013)
_LOPSIDED_UNITS = (10, 12, 14)
_LOPSIDED_MARKS = MARKS[14]  # the dimpler is the unit that speech makes most one-sided
_UNSEEN_UNITS = frozenset({6, 9})  # the tracker's blendshape net does not move them


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
    ) -> np.ndarray:
        """Probability float32 [E]. Without blendshapes the nets answer alone.

        Args:
            frames_thw3: uint8 RGB at 25 Hz, the 256 px crop.
            landmarks_tl3: [T, 478, 3] in crop px, NaN where no face was found.
            blendshapes_tk: [T, 52].
            found_t: bool [T]; all frames when it is not given.

        Raises:
            Reject: `no_face`.
            UserError: shapes that do not agree.
        """
        by_net = self.nets(frames_thw3, landmarks_tl3)
        readings = {}
        if blendshapes_tk is not None:
            found_t = np.ones(len(blendshapes_tk), dtype=bool) if found_t is None else found_t
            readings = unit_readings(blendshapes_tk, found_t)
        return pool(net_probability(by_net), unit_probability(readings)).astype(np.float32)


def net_probability(by_net: Mapping[str, np.ndarray]) -> np.ndarray:
    """[E], the mean of the nets with contempt at one in eight."""
    mean_e = np.mean(list(by_net.values()), axis=0)
    contempt = EMOTIONS.index("contempt")
    mean_e = mean_e * (1 - 1 / len(EMOTIONS)) / mean_e.sum()
    mean_e[contempt] = 1 / len(EMOTIONS)
    return mean_e


def unit_probability(readings: Mapping[int, Reading]) -> np.ndarray:
    """[E] from the action units; uniform where nothing was read."""
    if not readings:
        return np.full(len(EMOTIONS), 1 / len(EMOTIONS))
    units = [unit for unit in MARKS if unit not in _UNSEEN_UNITS]
    shown = np.array([intensity_of(unit, readings[unit]) for unit in units])
    amount = min(1.0, float(np.linalg.norm(shown)))
    match_e = np.empty(len(EMOTIONS))
    for index, emotion in enumerate(EMOTIONS):
        profile = AU_PROFILES[(emotion, 3)]
        wanted = np.array([profile.get(unit, 0.0) for unit in units])
        length = np.linalg.norm(shown) * np.linalg.norm(wanted)
        if ONE_SIDED[emotion]:
            match_e[index] = _lopsidedness(readings)
        elif not profile:
            match_e[index] = 1 - amount
        else:
            match_e[index] = amount * float(shown @ wanted) / length if length > 0 else 0.0
    weight_e = np.exp((match_e - match_e.max()) / UNIT_TEMPERATURE)
    return weight_e / weight_e.sum()


def pool(net_e: np.ndarray, unit_e: np.ndarray) -> np.ndarray:
    """[E], the normalised product of the two witnesses."""
    joint_e = np.maximum(net_e, _NET_FLOOR) * unit_e
    return joint_e / joint_e.sum()


def emotion_level(emotion: str, blendshapes_tk: np.ndarray, found_t: np.ndarray) -> int:
    """1, 2 or 3: the level (low, middle, high) of the strongest unit among those of the emotion's profile.

    The strongest and not the mean, because a tracker that misses half of the profile would halve the mean.
    1 when none of them is active, and for neutral.
    """
    readings = unit_readings(blendshapes_tk, found_t)
    if not readings or not AU_PROFILES[(emotion, 3)]:
        return 1
    strongest = max(intensity_of(unit, readings[unit]) for unit in AU_PROFILES[(emotion, 3)])
    if ONE_SIDED[emotion]:
        strongest = max(strongest, _lopsidedness(readings))
    return ("low", "middle", "high").index(level_of(strongest)) + 1


def _lopsidedness(readings: Mapping[int, Reading]) -> float:
    floor, ceiling = _LOPSIDED_MARKS
    difference = max(abs(readings[unit].left - readings[unit].right) for unit in _LOPSIDED_UNITS)
    return float(np.clip((difference - floor) / (ceiling - floor), 0.0, 1.0))
