"""What other people's data and models call the eight emotions."""

from types import MappingProxyType

from style2talker.emotion.taxonomy import EMOTIONS

_OTHER_NAMES = {
    "angry": "ang anger a fru frustrated frustration irritated",
    "contempt": "con contemptuous scorn",
    "disgusted": "dis disgust d",
    "fear": "fea fearful afraid anxiety f scared",
    "happy": "hap happiness joy joyful h excited exc amused",
    "neutral": "neu n calm",
    "sad": "sadness s sorrow",
    "surprised": "sur surprise surp ps pleasant_surprise su",
}

NAMES = MappingProxyType({name: ours for ours in EMOTIONS for name in (ours, *_OTHER_NAMES[ours].split())})
"""From a label, in small letters, to the emotion of `EMOTIONS` it means."""


def emotion_named(label: str) -> str | None:
    """The emotion that `label` means; None where it is none of the eight (bored, other)."""
    return NAMES.get(label.strip().lower().replace(" ", "_"))
