"""The eight emotions and three levels of the corpus, and the words that name them.

The emotions and levels are those of MEAD (Wang et al., ECCV 2020), whose neutral recordings have one level
only. The words are our own choice, graded by strength: level 1 mild, 2 plain, 3 extreme. Each is an adjective
that fits after "the person is" and before "while", so that every clause of the grammar can carry every word,
and belongs to one (emotion, level) alone, so that a sentence can be checked against its label. None of
them says what the face does: that is left to the action units.
"""

from types import MappingProxyType

from style2talker.errors import UserError

EMOTIONS = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
LEVELS = (1, 2, 3)

# Fixed per level of an action unit: a moderate unit may never drift into a "subtle" or "powerful" one.
ADVERBS = MappingProxyType(
    {
        "low": ("slightly", "subtly", "gently", "faintly", "lightly", "mildly"),
        "middle": ("moderately", "clearly", "noticeably", "visibly", "distinctly", "perceptibly"),
        "high": ("strongly", "intensely", "powerfully", "markedly", "forcefully", "vigorously"),
    }
)
ADJECTIVES = MappingProxyType(
    {
        "low": ("slight", "subtle", "gentle", "faint", "light", "mild"),
        "middle": ("moderate", "clear", "noticeable", "visible", "distinct", "perceptible"),
        "high": ("strong", "intense", "powerful", "marked", "forceful", "vigorous"),
    }
)
"""The same, before a noun, in the same order."""

_WORDS = MappingProxyType(
    {
        ("angry", 1): ("annoyed", "irritated", "displeased", "impatient", "irked", "peeved"),
        ("angry", 2): ("angry", "cross", "indignant", "resentful", "mad", "hostile"),
        ("angry", 3): ("furious", "enraged", "outraged", "livid", "infuriated", "incensed"),
        ("contempt", 1): ("smug", "dismissive", "aloof", "condescending", "patronising", "superior"),
        ("contempt", 2): ("contemptuous", "disdainful", "haughty", "derisive", "disrespectful", "mocking"),
        ("contempt", 3): (
            "scornful",
            "scathing",
            "full of contempt",
            "brimming with disdain",
            "steeped in derision",
            "filled with scorn",
        ),
        ("disgusted", 1): (
            "put off",
            "squeamish",
            "queasy",
            "turned off",
            "tinged with distaste",
            "touched by aversion",
        ),
        ("disgusted", 2): (
            "disgusted",
            "repelled",
            "grossed out",
            "nauseated",
            "full of distaste",
            "filled with aversion",
        ),
        ("disgusted", 3): (
            "revolted",
            "sickened",
            "appalled",
            "repulsed",
            "overcome with loathing",
            "seized by revulsion",
        ),
        ("fear", 1): ("uneasy", "worried", "anxious", "concerned", "nervous", "apprehensive"),
        ("fear", 2): ("afraid", "scared", "frightened", "fearful", "alarmed", "full of dread"),
        ("fear", 3): ("terrified", "petrified", "panicked", "horrified", "terror-stricken", "panic-stricken"),
        ("happy", 1): ("pleased", "content", "cheerful", "glad", "amused", "good-humoured"),
        ("happy", 2): ("happy", "joyful", "delighted", "merry", "jolly", "gleeful"),
        ("happy", 3): ("overjoyed", "elated", "ecstatic", "exhilarated", "jubilant", "euphoric"),
        ("neutral", 1): ("neutral", "even-tempered", "businesslike", "sober", "unexcited", "cool-headed"),
        ("neutral", 2): (
            *("matter-of-fact", "level-headed", "detached", "dispassionate", "impartial", "collected"),
        ),
        ("neutral", 3): (
            *("unemotional", "emotionless", "impersonal", "indifferent", "clinical", "devoid of feeling"),
        ),
        ("sad", 1): ("downcast", "wistful", "gloomy", "subdued", "dispirited", "disheartened"),
        ("sad", 2): ("sad", "unhappy", "sorrowful", "melancholy", "dejected", "mournful"),
        ("sad", 3): ("heartbroken", "devastated", "grief-stricken", "despairing", "inconsolable", "desolate"),
        ("surprised", 1): ("perplexed", "intrigued", "curious", "puzzled", "bemused", "quizzical"),
        ("surprised", 2): (
            "surprised",
            "startled",
            "taken aback",
            "amazed",
            "caught off guard",
            "taken by surprise",
        ),
        ("surprised", 3): (
            "astonished",
            "stunned",
            "astounded",
            "flabbergasted",
            "thunderstruck",
            "dumbfounded",
        ),
    }
)


# Of a neutral person whose face does nothing: "calm" and clenched lips contradict each other.
_WORDS_AT_REST = MappingProxyType(
    {
        ("neutral", 1): ("calm", "relaxed", "composed", "at ease"),
        ("neutral", 2): ("unruffled", "untroubled", "placid", "tranquil"),
        ("neutral", 3): ("impassive", "expressionless", "deadpan", "unmoved", "stony-faced", "blank"),
    }
)


def emotion_words(emotion: str, level: int, *, at_rest: bool = False) -> tuple[str, ...]:
    """The adjectives (six or more) that name `emotion` at `level` (1 mild, 2 plain, 3 extreme).

    Args:
        at_rest: with those that are true only of a face without any action unit.

    Raises:
        UserError: the emotion or the level is not one of `EMOTIONS` and `LEVELS`.
    """
    if (emotion, level) not in _WORDS:
        raise UserError(
            f"emotion and level: got {emotion!r} and {level!r}, expected one of "
            f"{', '.join(EMOTIONS)} and one of 1, 2, 3; map the labels of the data set in its data card"
        )
    words = _WORDS[(emotion, level)]
    return words + _WORDS_AT_REST.get((emotion, level), ()) if at_rest else words
