"""Emotion sentences of a clip: a grammar, not a language model, so that nothing is invented.

Style2Talker (Tan et al., AAAI 2024, figure of the data pipeline) has a large language model write five
sentences per clip from the emotion word and the active action units; its examples drift ("middle" becomes
"subtle") and name a man or woman nobody asked for. Here every sentence names one word of the emotion at its
level and every active unit with an adverb of the unit's level, and nothing else about the face. The choices
hang on the clip's id alone, through SHA-256, so any machine writes the same sentences.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from style2talker.corpus.schema import NUM_SENTENCES
from style2talker.emotion.action_units import ActionUnit
from style2talker.emotion.taxonomy import ADVERBS, emotion_words
from style2talker.emotion.wording import FORMS, phrase
from style2talker.errors import UserError

_SUBJECTS = ("the person", "the speaker")
_QUOTED_WORDS = 10

# {who} the subject, {word} the emotion; the third slot names the form in which the units are listed.
_TEMPLATES = (
    "{who} is {word} and {finite} while speaking.",
    "{who} looks {word} while speaking, {gerund}.",
    "Looking {word}, {who} {finite} while talking.",
    "{who} talks with {absolute}, and seems {word}.",
    "With {absolute}, {who} appears {word} while talking.",
    "{gerund}, {who} talks and comes across as {word}.",
    "While talking, {who} {finite}, looking {word}.",
    "{who} seems {word} while speaking: {passive}.",
    "As {who} talks, {passive}, which gives the look of someone {word}.",
    "{who} appears to be {word} while talking; {passive}.",
    "Feeling {word}, {who} talks while {gerund}.",
    "{who} appears {word}, speaking with {absolute}.",
    "{passive} as {who} talks and looks {word}.",
    "One would say that {who} is {word}, {gerund} while speaking.",
    "In this clip {who} feels {word} and {finite}.",
    "This is someone {word}, talking with {absolute}.",
)
_STILL_TEMPLATES = (
    "{who} is {word} while speaking.",
    "{who} looks {word} and talks without much movement of the face.",
    "While talking, {who} seems {word}.",
    "{who} appears {word}, and the face moves only with the speech.",
    "Looking {word}, {who} talks with little movement beyond the mouth.",
    "{who} talks and comes across as {word}, with the face at rest.",
    "As {who} talks, the look is that of someone {word}.",
    "One would say that {who} is {word} in this clip.",
)

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a piece of the text states.

    Attributes:
        kind: emotion, action_unit or transcript.
        value: "happy level 2", "AU12 high" (FACS writes "L12", "R12" for one side), or the whole transcript.
        words: the piece, exactly as it stands in the text.
    """

    kind: str
    value: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence and everything it claims."""

    text: str
    evidence: tuple[Evidence, ...]


def write_sentences(
    *,
    clip_id: str,
    emotion: str,
    level: int,
    action_units: Sequence[ActionUnit],
    transcript: str | None = None,
    count: int = NUM_SENTENCES,
) -> list[Sentence]:
    """`count` different sentences, each with another template.

    Args:
        clip_id: the only source of choice.
        emotion: of `taxonomy.EMOTIONS`.
        level: 1, 2 or 3.
        action_units: the active units; may be empty.
        transcript: its first words are quoted in the last sentence, and only there: the sentences tell how
            something is said, and a trainer that always read what is said would learn to ignore the how.

    Raises:
        UserError: unknown emotion or level, a unit without a wording, more sentences than templates.
    """
    templates = _TEMPLATES if action_units else _STILL_TEMPLATES
    if not 1 <= count <= len(templates):
        raise UserError(f"number of sentences: got {count}, expected 1 to {len(templates)}; ask for fewer")
    templates = _shuffled(templates, clip_id, "template")
    words = _shuffled(emotion_words(emotion, level), clip_id, "word")
    sentences = []
    for index in range(count):
        sentences.append(
            _write(
                template=templates[index],
                word=words[index % len(words)],
                label=f"{emotion} level {level}",
                units=_shuffled(action_units, clip_id, "order", index),
                transcript=transcript if index == count - 1 else None,
                key=(clip_id, str(index)),
            )
        )
    return sentences


def _write(
    *,
    template: str,
    word: str,
    label: str,
    units: Sequence[ActionUnit],
    transcript: str | None,
    key: tuple[str, str],
) -> Sentence:
    form = next((form for form in FORMS if f"{{{form}}}" in template), FORMS[0])
    phrases = [
        phrase(
            unit,
            form=form,
            verb=_number(*key, "verb", unit.unit),
            adverb=_shuffled(ADVERBS[unit.level], *key, "adverb", unit.unit)[0],
        )
        for unit in units
    ]
    who = _shuffled(_SUBJECTS, *key, "who")[0]
    text = template.format(who=who, word=word, **{form: _listed(phrases)})
    text = text[0].upper() + text[1:]
    claims = [("emotion", label, word)]
    claims += [("action_unit", _code(unit), said) for unit, said in zip(units, phrases, strict=True)]
    quoted = _quotation(transcript)
    if quoted:
        text += f' The words are: "{quoted}"'
        claims.append(("transcript", (transcript or "").strip(), quoted))
    return Sentence(text=text, evidence=tuple(_located(text, *claim) for claim in claims))


def _located(text: str, kind: str, value: str, words: str) -> Evidence:
    start = text.lower().index(words.lower())  # a phrase that opens the sentence has got a capital
    return Evidence(kind=kind, value=value, words=text[start : start + len(words)])


def _code(unit: ActionUnit) -> str:
    return f"{ {'both': 'AU', 'left': 'L', 'right': 'R'}[unit.side] }{unit.unit} {unit.level}"


def _listed(phrases: Sequence[str]) -> str:
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def _quotation(transcript: str | None) -> str:
    words = (transcript or "").replace('"', "").split()
    return " ".join(words[:_QUOTED_WORDS]) + (" …" if len(words) > _QUOTED_WORDS else "")


def _number(*key: object) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, key)).encode()).digest()[:8], "big")


def _shuffled(items: Sequence[_Item], *key: object) -> list[_Item]:
    order = sorted(range(len(items)), key=lambda index: _number(*key, index))
    return [items[index] for index in order]
