"""The emotion a face shows: the expression nets' answers joined with the evidence of the action units.

The two witnesses see different things. The nets know appearance, but neither contempt nor that a mouth is
talking, and they answer for the person as much as for the expression: a resting face that looks friendly is
"happy" to them whatever it does. The units know what is held against what speech does, but not what a face's
wrinkles mean. docs/face_emotion.md argues each step below and says what it was checked on.

- The nets' answer is their geometric mean (a log-linear pool: they saw the same pictures). Where the same
  speaker's neutral is known, what they answer to it is divided out, which removes the person's resting bias;
  neutral is then the face of which no emotion grew likelier by more than between halves of a neutral clip.
- Contempt is unknown to the nets: it gets the share of one in eight, which neither helps nor hinders it.
- Without the speaker's neutral, the nets' "happy" is heeded above one in eight only where the units fit
  happiness by a half at least: lip corners are what the units see best, and without them there is no smile
  (EMFACS).
- The units' answer is a softmax of how well the clip's units fit each emotion, s(e) in [0, 1], over 0.25: a
  perfect fit is e^4 = 55 times likelier than none, about as sure as the nets are of a clear smile. s is the
  cosine of the clip's intensities and the emotion's profile, times how much there is to match (three times
  the length of the clip's vector, at most 1). For neutral s is what the best other emotion leaves of 1, so
  that one odd unit, which fits no emotion well, leaves a face neutral. For contempt s is one-sidedness: in
  EMFACS a unilateral 10, 12 or 14 is contempt whatever else the face does; happiness, a smile on both sides,
  fits less and less from a one-sidedness of a half on.
- Both are multiplied. With the speaker's neutral, intensities and one-sidedness are counted from it.

Shapes: N nets, E = 8 emotions in the order of `EMOTIONS`, R unit readings (rows: each witness' units in
order), 2 sides (left, right).
"""

import numpy as np

from style2talker.emotion.face_nets import FLOOR
from style2talker.emotion.facs import AU_PROFILES, ONE_SIDED
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.unit_marks import MARKS, UNITS
from style2talker.emotion.unit_readings import NUM_WITNESS_ROWS, Reading

UNIT_TEMPERATURE = 0.25
AMOUNT_GAIN = 3.0
HEEDED_SMILE = 0.5
SAME_FACE = 0.75
"""What an emotion's log ratio to the speaker's neutral must exceed to be likelier than neutral: four in five
halves of 22 neutral clips (16 real, six drawn; none of MEAD) differ from their other half by less."""

FULL_CHANGE = 0.3
"""Change of a reading from the speaker's neutral that counts as a unit at full strength, for every unit
alike: what units drawn at full strength on the twin's six people are read as (median 0.27, by the better
witness)."""

# Without the speaker's neutral. Difference of the sides, mean of the witnesses: the largest of the neutral
# clips, and of all clips (at least 0.25 more), as for the marks of the units.
_LOPSIDED_MARKS = {10: (0.06, 0.45), 12: (0.06, 0.31), 14: (0.13, 0.50)}
# 6 and 9 no witness sees, 17 hardly above what one neutral talker shows; 14 speaks through one-sidedness.
_UNUSED_UNITS = frozenset({6, 9, 14, 17})
_NEUTRAL, _HAPPY, _CONTEMPT = (EMOTIONS.index(name) for name in ("neutral", "happy", "contempt"))
_KNOWN = np.delete(np.arange(len(EMOTIONS)), _CONTEMPT)  # to the nets


def face_probability(
    net_ne: np.ndarray,
    readings_r2: np.ndarray,
    *,
    neutral_net_ne: np.ndarray | None = None,
    neutral_r2: np.ndarray | None = None,
) -> np.ndarray:
    """Probability float32 [E] of the clip's emotion.

    Args:
        net_ne: of `FaceNets`, 0 for contempt; no rows where no net was asked.
        readings_r2: of the action units.
        neutral_net_ne: the same nets' answers to the speaker's neutral, geometric mean over its clips.
        neutral_r2: the units of the speaker's neutral.
    """
    net_e = nets_answer(net_ne, neutral_net_ne)
    match_e = unit_match(readings_r2, neutral_r2)
    if neutral_net_ne is None:
        net_e = _smile_checked(net_e, match_e)
    joint_e = net_e * units_answer(match_e)
    return (joint_e / joint_e.sum()).astype(np.float32)


def nets_answer(net_ne: np.ndarray, neutral_net_ne: np.ndarray | None = None) -> np.ndarray:
    """[E] of the nets alone, contempt at one in eight; uniform without nets."""
    answer_e = np.full(len(EMOTIONS), 1 / len(EMOTIONS))
    if not len(net_ne):
        return answer_e
    log_e = _pooled_log(net_ne[:, _KNOWN])
    if neutral_net_ne is not None:
        log_e = log_e - _pooled_log(neutral_net_ne[:, _KNOWN])
        log_e[_KNOWN == _NEUTRAL] = SAME_FACE
    answer_e[_KNOWN] = softmax(log_e) * (1 - 1 / len(EMOTIONS))
    return answer_e


def unit_match(readings_r2: np.ndarray, neutral_r2: np.ndarray | None = None) -> np.ndarray:
    """s [E] in [0, 1], how well the units fit each emotion."""
    shown = _shown(readings_r2, neutral_r2)
    units = [unit for unit in UNITS if unit not in _UNUSED_UNITS]
    shown_u = np.array([shown[unit] for unit in units])
    length = float(np.linalg.norm(shown_u))
    match_e = np.zeros(len(EMOTIONS))
    for index, emotion in enumerate(EMOTIONS):
        profile = AU_PROFILES[(emotion, 3)]
        wanted_u = np.array([profile.get(unit, 0.0) for unit in units])
        if ONE_SIDED[emotion]:
            match_e[index] = lopsidedness(readings_r2, neutral_r2)
        elif profile and length > 0:
            cosine = float(shown_u @ wanted_u) / (length * float(np.linalg.norm(wanted_u)))
            match_e[index] = min(1.0, AMOUNT_GAIN * length) * cosine
    match_e[_HAPPY] *= min(1.0, 2 - 2 * match_e[_CONTEMPT])
    match_e[_NEUTRAL] = 1 - match_e.max()
    return match_e


def units_answer(match_e: np.ndarray) -> np.ndarray:
    """[E] of the action units alone."""
    return softmax(match_e / UNIT_TEMPERATURE)


def lopsidedness(readings_r2: np.ndarray, neutral_r2: np.ndarray | None = None) -> float:
    """How one-sided the plainest of units 10, 12 and 14 is, floor (or the neutral) 0 to ceiling 1."""
    rows = slice(0, NUM_WITNESS_ROWS)
    left_r, right_r = (readings_r2[rows] if neutral_r2 is None else (readings_r2 - neutral_r2)[rows]).T
    more_left_wu = (left_r - right_r).reshape(len(MARKS), len(UNITS))
    shares = []
    for unit, (floor, ceiling) in _LOPSIDED_MARKS.items():
        of_witnesses = more_left_wu[:, UNITS.index(unit)]
        if neutral_r2 is None:  # each witness has its own resting bias, which may be to either side
            shares.append((np.abs(of_witnesses).mean() - floor) / (ceiling - floor))
        else:
            shares.append(abs(of_witnesses.mean()) / FULL_CHANGE)
    return float(np.clip(max(shares), 0.0, 1.0))


def softmax(log_e: np.ndarray) -> np.ndarray:
    """[E], adds up to 1."""
    weight_e = np.exp(log_e - log_e.max())
    return weight_e / weight_e.sum()


def _pooled_log(net_nk: np.ndarray) -> np.ndarray:
    """Mean over the nets of the log probabilities, each net's normalised above the floor."""
    floored_nk = np.maximum(net_nk, FLOOR)
    return np.log(floored_nk / floored_nk.sum(axis=1, keepdims=True)).mean(axis=0)


def _shown(readings_r2: np.ndarray, neutral_r2: np.ndarray | None) -> dict[int, float]:
    """Intensity of each unit, floor (or the neutral) 0 to ceiling 1: by the witness that sees more of it."""
    shown = dict.fromkeys(UNITS, 0.0)
    for row, (witness, unit) in enumerate((witness, unit) for witness in MARKS for unit in UNITS):
        value = _reading(readings_r2[row]).value
        if neutral_r2 is None:
            floor, ceiling = MARKS[witness][unit]
            intensity = (value - floor) / (ceiling - floor)
        else:
            intensity = (value - _reading(neutral_r2[row]).value) / FULL_CHANGE
        shown[unit] = max(shown[unit], float(np.clip(intensity, 0, 1)))
    return shown


def _reading(sides: np.ndarray) -> Reading:
    return Reading(left=float(sides[0]), right=float(sides[1]))


def _smile_checked(net_e: np.ndarray, match_e: np.ndarray) -> np.ndarray:
    """The nets' answer, its "happy" heeded as far as the units allow; what is cut off is spread evenly."""
    excess = net_e[_HAPPY] - 1 / len(EMOTIONS)
    if match_e[_HAPPY] >= HEEDED_SMILE or excess <= 0:
        return net_e
    checked_e = net_e + excess / len(EMOTIONS)
    checked_e[_HAPPY] -= excess
    return checked_e
