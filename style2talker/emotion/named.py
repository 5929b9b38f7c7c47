"""Which emotions a free text names, as a posterior. For texts of models; the grammar's have their own parser.

Shapes: E = 8 emotions in the order of `EMOTIONS`.
"""

import re
from functools import cache
from types import MappingProxyType

import numpy as np

from style2talker.emotion.taxonomy import EMOTIONS, LEVELS, emotion_words

NOT_NAMED = 0.1
"""What an emotion that is not named counts beside a word that names one. Our choice: a text with one word of
one emotion then says 0.61 of it, with two words 0.75."""

# Nouns and everyday words that describe faces, beside the corpus' own adjectives.
_MORE_WORDS = MappingProxyType(
    {
        "angry": ("anger", "rage", "fury", "annoyance", "irritation", "frustration", "frustrated"),
        "contempt": ("contempt", "disdain", "scorn", "smirk", "smirking", "sneering"),
        "disgusted": ("disgust", "revulsion", "distaste", "aversion"),
        "fear": ("fear", "anxiety", "terror", "worry", "panic", "dread"),
        "happy": ("happiness", "joy", "smile", "smiling", "amusement", "laughing", "delight"),
        "neutral": ("neutrality", "calm", "composed", "expressionless", "blank", "impassive", "relaxed"),
        "sad": ("sadness", "sorrow", "grief", "crying", "tearful", "melancholic"),
        "surprised": ("surprise", "astonishment", "shock", "shocked", "amazement"),
    }
)
_NEGATION = re.compile(
    r"\b(?:not|no|nor|neither|without|never|lacks?|isn't|doesn't|rather than)(?:\W+\w+){0,4}\W*$"
)
_CLAUSE_END = re.compile(r"[.;:!?]|\bbut\b")


def named_emotions(text: str) -> np.ndarray | None:
    """Posterior [E] from how often each emotion is named; None where none is.

    A word counts once however often it stands there, and not where it is denied within the clause ("not
    angry", "no sign of fear").
    """
    count_e = np.zeros(len(EMOTIONS))
    for index, pattern in enumerate(_patterns()):
        said = {
            match[0].lower() for match in pattern.finditer(text) if not _denied(text[: match.start()].lower())
        }
        count_e[index] = len(said)
    if not count_e.any():
        return None
    weight_e = count_e + NOT_NAMED
    return weight_e / weight_e.sum()


def _denied(before: str) -> bool:
    return _NEGATION.search(_CLAUSE_END.split(before)[-1]) is not None


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    patterns = []
    for emotion in EMOTIONS:
        words = {
            *_MORE_WORDS[emotion],
            *(w for level in LEVELS for w in emotion_words(emotion, level, at_rest=True)),
        }
        longest_first = sorted(words, key=lambda word: (-len(word), word))
        patterns.append(re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE))
    return tuple(patterns)
