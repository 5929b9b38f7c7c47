"""Flags: what a user of a clip should know before trusting its labels. A flag rejects nothing.

Each has one rule with a limit that is stated here; the measures it goes by stay in the row, so that another
limit needs no model.
"""

from collections.abc import Mapping
from types import MappingProxyType

from style2talker.emotion.agreement import OTHERS, Pair
from style2talker.emotion.opinion import Opinion
from style2talker.emotion.picture import Picture
from style2talker.speech.sync_result import Sync

CONFLICT = 0.25
"""Two votes that differ by more contradict each other. Half as sure as can be (sureness 0.5, such as 70 % on
one emotion) and with little in common (Hellinger distance squared 0.5) is just that."""
SUSPICIOUS = 0.5

FLAGS = MappingProxyType(
    {
        "face_and_voice_disagree": "the face shows one emotion, the voice another",
        "face_and_words_disagree": "the face shows one emotion, the words speak of another",
        "voice_and_words_disagree": "the voice has one emotion, the words speak of another",
        "label_disagrees": "the data set's label is not what is seen and heard",
        "sung": "the voice seems to sing",
        "synthetic_voice": "the voice seems to be a machine's, or dubbed",
        "off_sync": "sound and lips are apart",
        "dark": "the face is too dark for the expression nets",
        "blurred": "the face is too blurred or too small for the expression nets",
        "made_up_words": "parts of the transcript were not believed and left out",
    }
)
"""Name -> what it means."""

_PAIRS: Mapping[frozenset[str], str] = {
    frozenset(("face", "voice")): "face_and_voice_disagree",
    frozenset(("face", "words")): "face_and_words_disagree",
    frozenset(("voice", "words")): "voice_and_words_disagree",
    frozenset(("label", OTHERS)): "label_disagrees",
}


def flags_of(
    *,
    conflicts: Mapping[Pair, float],
    opinions: Mapping[str, Opinion],
    picture: Picture | None,
    sync: Sync,
    is_heard_whole: bool | None,
) -> list[str]:
    """The flags of one clip, in the order of `FLAGS`.

    Args:
        conflicts: of `agreement.conflicts`.
        opinions: by annotator; `voice` has the measures `singing` and `synthetic`.
        is_heard_whole: whether all that the recogniser heard was believed; None: not known.
    """
    found = {_PAIRS.get(frozenset(pair), "") for pair, value in conflicts.items() if value > CONFLICT}
    measures = opinions["voice"].measures if "voice" in opinions else {}
    suspected = {
        "sung": measures.get("singing", 0.0) > SUSPICIOUS,
        "synthetic_voice": measures.get("synthetic", 0.0) > SUSPICIOUS,
        "off_sync": sync.is_off(),
        "dark": picture is not None and picture.is_dark,
        "blurred": picture is not None and picture.is_blurred,
        "made_up_words": is_heard_whole is False,
    }
    found |= {name for name, is_so in suspected.items() if is_so}
    return [name for name in FLAGS if name in found]
