"""Emotion sentences of a clip: a grammar, not a language model, so that nothing is invented.

Style2Talker (Tan et al., AAAI 2024, figure of the data pipeline) has a large language model write candidates
from the emotion word and the active action units, and keeps five; its examples drift ("middle" becomes
"subtle") and name a man or woman nobody asked for. Here every sentence names one word of the emotion at its
level and the strongest units, each with an adverb of its level, and nothing else about the face. No sentence
names more than three units: a listener keeps no more. The choices hang on the clip's id alone, through
SHA-256, so any machine writes the same sentences.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from style2talker.corpus.schema import NUM_SENTENCES
from style2talker.emotion.action_units import ActionUnit
from style2talker.emotion.evidence import Evidence, Sentence, unit_code
from style2talker.emotion.selection import Embed, TooAlikeError, select
from style2talker.emotion.taxonomy import ADJECTIVES, ADVERBS, emotion_words
from style2talker.emotion.templates import MOVING, STILL, SUBJECTS
from style2talker.emotion.wording import FORMS, SALIENCE, WORDINGS, Wording, is_plural
from style2talker.errors import UserError

NUM_CANDIDATES = 20
_QUOTED_WORDS = 10
_ROUNDS = 4  # each of twice as many candidates
_LEVELS = ("high", "middle", "low")
# Which of a clip's strongest parts the candidates name, in turn: the strongest always, never more than three.
_NAMED = {
    0: ((),),
    1: ((0,),),
    2: ((0, 1), (0, 1), (0,)),
    3: ((0, 1, 2), (0, 1), (0, 2)),
    4: ((0, 1, 2), (0, 1), (0, 2), (0, 1, 3), (0, 2, 3)),
}

_Item = TypeVar("_Item")
_Part = tuple[ActionUnit, ...]
"""Units that are named together: one, or 1 and 2 as the brows."""


def write_sentences(
    *,
    clip_id: str,
    emotion: str,
    level: int,
    action_units: Sequence[ActionUnit],
    transcript: str | None = None,
    count: int = NUM_SENTENCES,
    num_candidates: int = NUM_CANDIDATES,
    quality: Callable[[list[str]], Sequence[float]] | None = None,
    embed: Embed | None = None,
) -> list[Sentence]:
    """`best_sentences`, the last of which quotes the transcript as `quote` does."""
    best = best_sentences(
        clip_id=clip_id,
        emotion=emotion,
        level=level,
        action_units=action_units,
        count=count,
        num_candidates=num_candidates,
        quality=quality,
        embed=embed,
    )
    return quote([sentence for sentence, _ in best], transcript)


def best_sentences(
    *,
    clip_id: str,
    emotion: str,
    level: int,
    action_units: Sequence[ActionUnit],
    count: int = NUM_SENTENCES,
    num_candidates: int = NUM_CANDIDATES,
    quality: Callable[[list[str]], Sequence[float]] | None = None,
    embed: Embed | None = None,
) -> list[tuple[Sentence, float]]:
    """`count` sentences with their scores; no two share more than half of their content words.

    Args:
        clip_id: the only source of choice.
        emotion: of `taxonomy.EMOTIONS`.
        level: 1, 2 or 3.
        action_units: the active units; may be empty.
        num_candidates: of so many the sentences are chosen; of more, where these are too much alike.
        quality: of candidates, the higher the better; without it all are equally good.
        embed: sentences to unit vectors; with it the chosen ones are far apart in meaning, not in words only.

    Raises:
        UserError: unknown emotion or level, a unit without a wording, more sentences than can differ.
    """
    for rounds in range(_ROUNDS):
        candidates = write_candidates(
            clip_id=clip_id,
            emotion=emotion,
            level=level,
            action_units=action_units,
            count=num_candidates << rounds,
        )
        texts = [candidate.text for candidate in candidates]
        try:
            chosen = select(
                texts,
                unlike=[candidate.emotion_word for candidate in candidates],
                count=count,
                quality=None if quality is None else quality(texts),
                embed=embed,
            )
        except TooAlikeError:
            if rounds == _ROUNDS - 1:
                raise
        else:
            return [(candidates[choice.index], choice.score) for choice in chosen]
    raise AssertionError("the last round returns or raises")


def write_candidates(
    *, clip_id: str, emotion: str, level: int, action_units: Sequence[ActionUnit], count: int = NUM_CANDIDATES
) -> list[Sentence]:
    """`count` sentences to choose from; arguments and errors as in `best_sentences`."""
    parts = _by_salience(action_units)
    words = _shuffled(emotion_words(emotion, level, at_rest=not parts), clip_id, "word")
    templates = _shuffled(MOVING if parts else STILL, clip_id, "template")
    named = _NAMED[min(len(parts), max(_NAMED))]
    return [
        _write(
            template=templates[(index + index // len(templates)) % len(templates)],
            word=words[index % len(words)],
            label=f"{emotion} level {level}",
            parts=[parts[place] for place in named[index % len(named)]],
            mood=emotion,
            clip_id=clip_id,
            turn=index,
        )
        for index in range(count)
    ]


def can_be_named(unit: ActionUnit) -> bool:
    """Whether there is a wording: not for a blink, nor for one side of what has none, such as the chin."""
    return any(wording.units == (unit.unit,) and wording.moved(unit.side) for wording in WORDINGS)


def quote(sentences: Sequence[Sentence], transcript: str | None) -> list[Sentence]:
    """The sentences, the last of which quotes the first words of the transcript, if there are any.

    Only the last: the sentences tell how something is said, and a trainer that always read what is said would
    learn to ignore the how.
    """
    words = (transcript or "").translate({ord(mark): None for mark in '"“”'}).split()
    if not words or not sentences:
        return list(sentences)
    quoted = " ".join(words[:_QUOTED_WORDS]) + (" …" if len(words) > _QUOTED_WORDS else "")
    *others, last = sentences
    quotation = Evidence(kind="transcript", value=(transcript or "").strip(), words=quoted)
    text = f'{last.text} The words are: "{quoted}"'
    return [*others, Sentence(text=text, evidence=(*last.evidence, quotation))]


def _by_salience(units: Sequence[ActionUnit]) -> list[_Part]:
    """Strongest level first, then by `SALIENCE`; 1 and 2 together where the whole brow moves alike."""
    for unit in units:
        if not can_be_named(unit):
            raise UserError(
                f"action unit to write: got {unit.unit} ({unit.name}), expected one of "
                f"{', '.join(map(str, sorted(SALIENCE)))}, one side only where it has two; leave it out"
            )
    ordered = sorted(units, key=lambda unit: (_LEVELS.index(unit.level), SALIENCE.index(unit.unit)))
    brows = tuple(unit for unit in ordered if unit.unit in (1, 2) and unit.side == "both")
    if len(brows) == 2 and brows[0].level == brows[1].level:
        return [brows if unit is brows[0] else (unit,) for unit in ordered if unit is not brows[1]]
    return [(unit,) for unit in ordered]


def _write(
    *, template: str, word: str, label: str, parts: Sequence[_Part], mood: str, clip_id: str, turn: int
) -> Sentence:
    form = next((form for form in FORMS["moves"] if f"{{{form}}}" in template), "")
    phrases = [
        _phrase(part, form=form, mood=mood, clip_id=clip_id, turn=turn, place=place)
        for place, part in enumerate(parts)
    ]
    who = SUBJECTS[_number(clip_id, "who", turn) % len(SUBJECTS)]
    text = template.format(who=who, word=word, **({form: _listed(phrases)} if form else {}))
    text = text[0].upper() + text[1:]
    claims = [("emotion", label, word)]
    claims += [
        ("action_unit", unit_code(unit.unit, unit.side, unit.level), said)
        for part, said in zip(parts, phrases, strict=True)
        for unit in part
    ]
    return Sentence(text=text, evidence=tuple(_located(text, *claim) for claim in claims))


def _phrase(part: _Part, *, form: str, mood: str, clip_id: str, turn: int, place: int) -> str:
    first = part[0]
    units = tuple(sorted(unit.unit for unit in part))
    wordings = [
        wording
        for wording in WORDINGS
        if wording.units == units
        and form in FORMS[wording.kind]
        and (not wording.moods or mood in wording.moods)
        and (wording.moved(first.side) or (wording.kind == "bare" and first.side == "both"))
    ]
    wordings = _shuffled(wordings, clip_id, "wording", *units)
    turns = _shuffled(range(len(ADVERBS[first.level])), clip_id, "adverb", first.level)
    degree = turns[(turn + place) % len(turns)]
    return _in_form(
        wordings[turn % len(wordings)],
        first.side,
        form,
        adverb=ADVERBS[first.level][degree],
        adjective=ADJECTIVES[first.level][degree],
    )


def _in_form(wording: Wording, side: str, form: str, *, adverb: str, adjective: str) -> str:
    first, second, third = wording.forms
    moved = wording.moved(side)
    after = f" {wording.after}" if wording.after else ""
    article = "an" if adjective[0] in "aeiou" else "a"
    match wording.kind, form:
        case "bare", "nominal":
            return f"{article} {adjective} {third}"
        case "bare", _:
            return f"{adverb} {first if form == 'finite' else second}"
        case "part", _:
            verb = third if form == "absolute" else second if is_plural(moved) else first
            return f"{moved} {verb}{after} {adverb}"
        case _, "nominal":
            return f"{article} {adjective} {second}{after} of {moved}"
        case _, "absolute":
            return f"{moved} {adverb} {third}{after}"
        case _, "clause":
            return f"{moved} {'are' if is_plural(moved) else 'is'} {adverb} {third}{after}"
    verb = f"{first if form == 'finite' else second}{wording.after_verb}"
    return f"{adverb} {verb} {moved}{wording.after_object}"


def _located(text: str, kind: str, value: str, words: str) -> Evidence:
    start = text.lower().index(words.lower())  # a phrase that opens the sentence has got a capital
    return Evidence(kind=kind, value=value, words=text[start : start + len(words)])


def _listed(phrases: Sequence[str]) -> str:
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def _number(*key: object) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, key)).encode()).digest()[:8], "big")


def _shuffled(items: Sequence[_Item], *key: object) -> list[_Item]:
    order = sorted(range(len(items)), key=lambda index: _number(*key, index))
    return [items[index] for index in order]
