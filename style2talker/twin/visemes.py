"""From phonemes to mouth shapes: one target per sound, blended by overlapping dominance.

Shape suffixes: t frames, s segments, k expression coefficients. Times in s.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.twin.speech import SILENCE

Phoneme = tuple[str, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a sound wants the mouth, and how much it insists.

    Attributes:
        opening_cm: how far the lips are apart in the middle, by the jaw alone.
        lips: the other coefficients by name; a name ending in * stands for its Left and its Right.
        jaw_dominance, lip_dominance: peak of the dominance function. Sounds made by the tongue alone
            leave the lips to their neighbours.
        closes: the lips must touch.
    """

    opening_cm: float
    lips: dict[str, float] = field(default_factory=dict)
    jaw_dominance: float = 1.0
    lip_dominance: float = 1.0
    closes: bool = False


_BILABIAL = Target(
    opening_cm=0.13,
    lips={"mouthPress*": 0.3, "mouthRollLower": 0.12, "mouthRollUpper": 0.08},
    jaw_dominance=3.0,
    lip_dominance=3.0,
    closes=True,
)
_LABIODENTAL = Target(
    opening_cm=0.13,
    lips={"mouthRollLower": 0.65, "mouthUpperUp*": 0.25},
    jaw_dominance=2.5,
    lip_dominance=2.5,
)
_DENTAL = Target(opening_cm=0.34, lips={"mouthLowerDown*": 0.2}, lip_dominance=0.4)
_ALVEOLAR = Target(opening_cm=0.25, lips={"mouthLowerDown*": 0.2, "mouthStretch*": 0.1}, lip_dominance=0.3)
_SIBILANT = Target(
    opening_cm=0.11,
    lips={"mouthStretch*": 0.25, "mouthLowerDown*": 0.35, "mouthUpperUp*": 0.15},
    jaw_dominance=1.8,
    lip_dominance=0.6,
)
_POSTALVEOLAR = Target(opening_cm=0.21, lips={"mouthFunnel": 0.6, "mouthPucker": 0.3}, jaw_dominance=1.5)
_VELAR = Target(opening_cm=0.42, jaw_dominance=0.4, lip_dominance=0.1)

# The classes follow the usual English viseme groups (Fisher 1968); the amounts are ours.
_TARGETS: dict[str, Target] = {
    SILENCE: Target(opening_cm=0.0, jaw_dominance=0.8, lip_dominance=0.8),
    **dict.fromkeys("pbm", _BILABIAL),
    **dict.fromkeys("fv", _LABIODENTAL),
    **dict.fromkeys("θð", _DENTAL),
    **dict.fromkeys("tdnlɾɫ", _ALVEOLAR),
    **dict.fromkeys("sz", _SIBILANT),
    **dict.fromkeys(("ʃ", "ʒ", "tʃ", "dʒ"), _POSTALVEOLAR),
    **dict.fromkeys("kɡgŋhxʔ", _VELAR),
    "ɹ": Target(opening_cm=0.29, lips={"mouthFunnel": 0.35, "mouthPucker": 0.35}, lip_dominance=0.8),
    "w": Target(opening_cm=0.15, lips={"mouthPucker": 0.9, "mouthFunnel": 0.2}, lip_dominance=1.8),
    "j": Target(opening_cm=0.25, lips={"mouthSmile*": 0.2, "mouthStretch*": 0.2}, lip_dominance=0.6),
    "i": Target(opening_cm=0.29, lips={"mouthSmile*": 0.25, "mouthStretch*": 0.35, "mouthLowerDown*": 0.2}),
    "ɪ": Target(opening_cm=0.5, lips={"mouthSmile*": 0.1, "mouthStretch*": 0.2, "mouthLowerDown*": 0.15}),
    "e": Target(opening_cm=0.67, lips={"mouthSmile*": 0.15, "mouthStretch*": 0.25, "mouthLowerDown*": 0.15}),
    "ɛ": Target(opening_cm=0.84, lips={"mouthStretch*": 0.2, "mouthLowerDown*": 0.15}),
    "æ": Target(opening_cm=1.16, lips={"mouthStretch*": 0.3, "mouthLowerDown*": 0.2}),
    "a": Target(opening_cm=1.3, lips={"mouthStretch*": 0.1}),
    "ɑ": Target(opening_cm=1.43),
    "ɒ": Target(opening_cm=1.26, lips={"mouthFunnel": 0.2}),
    "ʌ": Target(opening_cm=0.95),
    "ɐ": Target(opening_cm=0.8, jaw_dominance=0.7, lip_dominance=0.5),
    "ə": Target(opening_cm=0.5, jaw_dominance=0.6, lip_dominance=0.4),
    "ɜ": Target(opening_cm=0.59, lips={"mouthFunnel": 0.3, "mouthPucker": 0.15}),
    "ɔ": Target(opening_cm=1.01, lips={"mouthFunnel": 0.45, "mouthPucker": 0.15}),
    "o": Target(opening_cm=0.71, lips={"mouthPucker": 0.5, "mouthFunnel": 0.4}),
    "ʊ": Target(opening_cm=0.42, lips={"mouthPucker": 0.65, "mouthFunnel": 0.25}),
    "u": Target(opening_cm=0.27, lips={"mouthPucker": 0.9, "mouthFunnel": 0.15}),
}
_ALIASES = {"ᵻ": "ɪ", "ɚ": "ɜ", "ɝ": "ɜ", "r": "ɹ", "y": "i", "ø": "ɜ", "l̩": "l", "n̩": "n"}
_VOWELS = frozenset("iɪeɛæaɑɒʌɐəɜɔoʊu")
_SYMBOL = re.compile("tʃ|dʒ|.")

FALL_PER_S = 24.0  # how fast dominance fades outside a segment's core: to 1/e in 42 ms
CORE = 0.5  # the middle part of a segment over which its dominance is full
CLOSURE_REACH_S = 0.055  # lips come together and part within this time of the contact

# A touch of the lips overrides everything that would hold them apart.
OPENERS = tuple(
    EXPRESSION_NAMES.index(name)
    for name in (
        *(
            "mouthFunnel",
            "mouthLowerDownLeft",
            "mouthLowerDownRight",
            "mouthUpperUpLeft",
            "mouthUpperUpRight",
        ),
        *("mouthStretchLeft", "mouthStretchRight"),
    )
)
JAW_OPEN = EXPRESSION_NAMES.index("jawOpen")
MOUTH_CLOSE = EXPRESSION_NAMES.index("mouthClose")


def symbols_of(phone: str) -> list[str]:
    """The sounds of one IPA name, without stress and length: `ˈaɪ` is a then ɪ, `ɔːɹ` is ɔ then ɹ."""
    found = (_ALIASES.get(symbol, symbol) for symbol in _SYMBOL.findall(phone))
    return [symbol for symbol in found if symbol in _TARGETS] or [SILENCE if phone == SILENCE else "ə"]


def split_phonemes(phonemes: Sequence[Phoneme]) -> list[Phoneme]:
    """Phonemes with diphthongs cut in two: the first vowel takes three fifths of the time."""
    parts: list[Phoneme] = []
    for phone, start_s, end_s in phonemes:
        symbols = symbols_of(phone)
        weights = np.ones(len(symbols))
        if len(symbols) > 1 and symbols[0] in _VOWELS:
            weights[0] = 1.5 * (len(symbols) - 1)
        edges_s = start_s + (end_s - start_s) * np.concatenate([[0], np.cumsum(weights) / weights.sum()])
        parts += [(s, float(a), float(b)) for s, a, b in zip(symbols, edges_s, edges_s[1:], strict=False)]
    return parts


def mouth_shapes(
    phonemes: Sequence[Phoneme], num_frames: int, *, reach_cm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mouth coefficients of speech and how firmly the lips touch.

    Each segment s pulls towards its target T_s with dominance D_s(t) = a_s exp(-theta d), d the time from t
    to the core of the segment; the mouth is sum(D T) / sum(D) (Cohen & Massaro 1993, eq. 1-3, with c = 1).

    Args:
        reach_cm: how far `jawOpen` = 1 opens the lips of the face model.

    Returns:
        (weights_tk [T, 52], closure_t [T] in [0, 1]). Apply `close_lips` after emotion is added.
    """
    segments = split_phonemes(phonemes)
    targets = [_TARGETS[symbol] for symbol, _, _ in segments]
    start_s = np.array([start for _, start, _ in segments])
    end_s = np.array([end for _, _, end in segments])
    time_t = np.arange(num_frames) / FRAME_RATE_HZ
    from_centre_ts = np.abs(time_t[:, None] - (start_s + end_s) / 2)
    distance_ts = np.maximum(from_centre_ts - CORE * (end_s - start_s) / 2, 0)
    fade_ts = np.exp(-FALL_PER_S * distance_ts)

    value_sk = np.stack([_vector(target, reach_cm) for target in targets])
    jaw_ts = fade_ts * np.array([target.jaw_dominance for target in targets])
    lips_ts = fade_ts * np.array([target.lip_dominance for target in targets])
    weights_tk = lips_ts @ value_sk / np.maximum(lips_ts.sum(1, keepdims=True), 1e-9)
    weights_tk[:, JAW_OPEN] = jaw_ts @ value_sk[:, JAW_OPEN] / np.maximum(jaw_ts.sum(1), 1e-9)

    closes_s = np.array([target.closes for target in targets])
    # half a frame of slack: a short contact must not fall between two frames
    outside_ts = np.maximum(from_centre_ts - np.maximum((end_s - start_s) / 4, 0.5 / FRAME_RATE_HZ), 0)
    touch_ts = np.where(closes_s, np.clip(1 - outside_ts / CLOSURE_REACH_S, 0, 1), 0)
    return weights_tk.astype(np.float32), _smooth_step(touch_ts.max(1)).astype(np.float32)


def close_lips(expression_tk: np.ndarray, closure_t: np.ndarray) -> np.ndarray:
    """The same faces with the lips brought together where `closure_t` says so, whatever held them open."""
    closed_tk = expression_tk.copy()
    closed_tk[:, OPENERS] *= 1 - closure_t[:, None]
    closed_tk[:, JAW_OPEN] *= 1 - 0.75 * closure_t
    closed_tk[:, MOUTH_CLOSE] = np.maximum(closed_tk[:, MOUTH_CLOSE], closure_t * closed_tk[:, JAW_OPEN])
    return closed_tk


def _smooth_step(value: np.ndarray) -> np.ndarray:
    return value * value * (3 - 2 * value)


def _vector(target: Target, reach_cm: float) -> np.ndarray:
    vector_k = np.zeros(len(EXPRESSION_NAMES))
    vector_k[JAW_OPEN] = min(target.opening_cm / reach_cm, 1.0)
    for name, amount in target.lips.items():
        for side in (name.replace("*", "Left"), name.replace("*", "Right")):
            vector_k[EXPRESSION_NAMES.index(side)] = amount
    return vector_k
