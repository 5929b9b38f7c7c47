"""Parse: a sentence back to what it claims, by the published vocabulary and not by the grammar that wrote it.

The reader looks for three things: phrases of `taxonomy` that name an emotion at a level, phrases of `wording`
with exactly one adverb or adjective of a unit's level in them, and a quotation. What is left over must be
words that claim nothing, of the list below; any other word is handed back as `unread`, because it may claim
anything ("tears", "hardly", "his"). So a sentence with nothing unread claims what was found and no more,
whoever wrote it: that is how a language model's paraphrase is verified.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from style2talker.emotion.evidence import Evidence, unit_code
from style2talker.emotion.taxonomy import ADJECTIVES, ADVERBS, EMOTIONS, LEVELS, emotion_words
from style2talker.emotion.wording import WORDINGS, Wording, is_plural

_PLAIN = """
a an the this that these those it its here there who whom whose which what someone somebody anybody anyone
one with and while as at of in on by to from for into over through during throughout then when where how
so such also own is are was be being been has have having had do does would can could will may might
person speaker talker viewer listener camera clip video recording picture scene passage moment time times
face features expression look looks looking appear appears appearing appearance seem seems seeming
seemingly evidently apparently plainly impression mood manner air sense way mind state feel feels feeling
come comes coming across give gives giving show shows showing wear wears wearing remain remains remaining
keep keeps keeping call calls describe describes say says saying said tell tells told judge
talk talks talking speak speaks speaking speech word words line lines remark remarks phrase phrases
syllable syllables sentence sentences mid-sentence conversation address addresses addressing
deliver delivers delivering utter utters uttering voice voices voicing make makes making get gets
up out point message thing things goes
few first last every each all once middle like watching seen see sees whole entire still along together
another more both their they them themselves begin begins beginning end ends start starts something
"""
PLAIN = frozenset(_PLAIN.split())
"""Words that claim nothing about how somebody feels or what the face does."""

_LEVEL_OF = {
    word: level for table in (ADVERBS, ADJECTIVES) for level, words in table.items() for word in words
}
_ADVERB = "|".join(word for words in ADVERBS.values() for word in words)
_ADJECTIVE = "|".join(word for words in ADJECTIVES.values() for word in words)
_QUOTATION = re.compile(r'[“"]([^“”"]*)[”"]')
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitClaim:
    """An action unit, its side (both, left, right) and level (low, middle, high), and the words for it."""

    unit: int
    side: str
    level: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a sentence says.

    Attributes:
        emotion: of `taxonomy.EMOTIONS`; None where no emotion is named, or more than one.
        level: 1, 2 or 3; None as `emotion`.
        emotion_words: the phrases that name an emotion, as they stand in the text.
        units: in the order of the text.
        quoted: what stands between quotation marks; None without them.
        unread: words that may claim something and were not understood.
    """

    emotion: str | None
    level: int | None
    emotion_words: tuple[str, ...]
    units: tuple[UnitClaim, ...]
    quoted: str | None
    unread: tuple[str, ...]

    def evidence(self) -> frozenset[tuple[str, str]]:
        """(kind, value) of each claim but the quotation, as `Evidence` puts it."""
        found = {("action_unit", unit_code(claim.unit, claim.side, claim.level)) for claim in self.units}
        return frozenset(
            found | ({("emotion", f"{self.emotion} level {self.level}")} if self.emotion else set())
        )


def parse_sentence(text: str) -> Claims:
    """Everything that `text` claims."""
    quoted = [match.group(1) for match in _QUOTATION.finditer(text)]
    rest = _QUOTATION.sub(lambda match: " " * len(match.group()), text)
    # lower() may change the length of a few letters that no claim has; spans must stay those of the text
    rest = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in rest)
    labels, spans, rest = set(), [], rest
    for pattern, label in _emotion_patterns():
        for match in pattern.finditer(rest):
            labels.add(label)
            spans.append(match.span())
            rest = _without(rest, *match.span())
    units = []
    for start, end, claims in _unit_claims(rest):
        units += [
            (start, UnitClaim(unit=unit, side=side, level=level, words=text[start:end]))
            for unit, side, level in claims
        ]
        rest = _without(rest, start, end)
    emotion, level = next(iter(labels)) if len(labels) == 1 else (None, None)
    return Claims(
        emotion=emotion,
        level=level,
        emotion_words=tuple(text[start:end] for start, end in sorted(spans)),
        units=tuple(claim for _, claim in sorted(units, key=lambda item: (item[0], item[1].unit))),
        quoted=" ".join(quoted) if quoted else None,
        unread=tuple(word for word in _WORD.findall(rest) if word not in PLAIN),
    )


def violations(text: str, evidence: tuple[Evidence, ...]) -> list[str]:
    """Where a sentence and its evidence differ, a phrase for each; empty when it claims exactly that.

    Every claim of the text must be in the evidence and the other way round, every piece of evidence must
    stand in the text and, read alone, make its own claim, and no word may be left unread.
    """
    found = parse_sentence(text)
    claimed, listed = found.evidence(), [(e.kind, e.value) for e in evidence if e.kind != "transcript"]
    problems = [f"claims {value}, which its evidence lacks" for _, value in sorted(claimed - set(listed))]
    problems += [f"does not claim {value} of its evidence" for _, value in sorted(set(listed) - claimed)]
    problems += [f"names {value} twice in its evidence" for _, value in set(listed) if _twice(value, listed)]
    problems += [f"has a word that may claim anything: {word}" for word in found.unread]
    if len(found.emotion_words) != 1:
        problems.append(f"names {len(found.emotion_words)} emotions: {', '.join(found.emotion_words)}")
    for entry in evidence:
        if entry.words not in text:
            problems.append(f"does not contain the words {entry.words!r} of its evidence")
        elif (
            entry.kind != "transcript"
            and (entry.kind, entry.value) not in parse_sentence(entry.words).evidence()
        ):
            problems.append(f"has evidence of {entry.value} whose words say something else: {entry.words!r}")
    quotations = [entry for entry in evidence if entry.kind == "transcript"]
    if [entry.words for entry in quotations] != ([] if found.quoted is None else [found.quoted]):
        problems.append(f"quotes {found.quoted!r}, and its evidence {[entry.words for entry in quotations]}")
    for entry in quotations:
        if not _plain(entry.value).startswith(_plain(entry.words.removesuffix("…"))):
            problems.append(f"quotes {entry.words!r}, which the transcript does not begin with")
    return problems


def _twice(value: str, listed: list[tuple[str, str]]) -> bool:
    return sum(value == other for _, other in listed) > 1


def _plain(text: str) -> str:
    return " ".join(text.translate({ord(mark): None for mark in '"“”'}).split())


def _without(text: str, start: int, end: int) -> str:
    """The same text with a hole that no phrase reaches across."""
    return text[:start] + "#" * (end - start) + text[end:]


@cache
def _emotion_patterns() -> tuple[tuple[re.Pattern[str], tuple[str, int]], ...]:
    """Longest phrase first: "full of contempt" before a shorter one inside of it."""
    phrases = [
        (word, (emotion, level))
        for emotion in EMOTIONS
        for level in LEVELS
        for word in emotion_words(emotion, level, at_rest=True)
    ]
    phrases.sort(key=lambda item: -len(item[0]))
    return tuple((re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])"), label) for word, label in phrases)


def _unit_claims(text: str) -> list[tuple[int, int, list[tuple[int, str, str]]]]:
    """(start, end, [(unit, side, level)]) of the phrases, the longest first where two overlap."""
    found = []
    for wording, keyword, pattern in _unit_patterns():
        if keyword in text:
            for match in pattern.finditer(text):
                named = {
                    name.rstrip("0123456789"): value for name, value in match.groupdict().items() if value
                }
                claims = [
                    (unit, named.get("side", "both"), _LEVEL_OF[named["level"]]) for unit in wording.units
                ]
                found.append((match.start(), match.end(), claims))
    found.sort(key=lambda item: (item[0] - item[1], item[0]))
    kept: list[tuple[int, int, list[tuple[int, str, str]]]] = []
    for start, end, claims in found:
        if all(end <= other_start or start >= other_end for other_start, other_end, _ in kept):
            kept.append((start, end, claims))
    return kept


@cache
def _unit_patterns() -> tuple[tuple[Wording, str, re.Pattern[str]], ...]:
    """Each wording on both sides and on one, with a word without which it cannot match."""
    patterns = []
    for wording in WORDINGS:
        for moved in dict.fromkeys((wording.part, wording.part_one_side)):
            if moved is not None:
                orders = "|".join(f"(?:{order})" for order in _numbered(_orders(wording, moved)))
                keyword = moved.split()[-1] if moved else wording.forms[0][:4]
                patterns.append((wording, keyword, re.compile(rf"(?<![\w-])(?:{orders})(?![\w-])")))
    return tuple(patterns)


def _orders(wording: Wording, moved: str) -> Iterator[str]:
    """In which orders an adverb, a verb and what moves may stand; each with one adverb or adjective."""
    adverb, adjective = f"(?P<level>{_ADVERB})", f"an? (?P<level>{_ADJECTIVE})"
    part = (
        re.escape(moved).replace(r"\{side\}", "(?P<side>left|right)").replace("the\\ ", "(?:the|their) ", 1)
    )
    part = part.replace("\\ ", " ")
    first, second, third = wording.forms
    after = f" {wording.after}" if wording.after else ""
    if wording.kind == "bare":
        yield rf"{adverb} (?:{first}|{second})"
        yield rf"(?:{first}|{second}) {adverb}"
        yield rf"{adjective} {third}"
    elif wording.kind == "part":
        verb = rf"(?:{second if is_plural(moved) else first}|{third})"
        yield rf"{part} {adverb} {verb}{after}"
        yield rf"{part} {verb}{after} {adverb}"
    else:
        verb = rf"(?:{first}|{second})"
        yield rf"{adverb} {verb} {part}{after}"
        yield rf"{verb} {part}{after} {adverb}"
        if after:
            yield rf"{adverb} {verb}{after} {part}"
            yield rf"{verb}{after} {part} {adverb}"
        be = "(?:are |being )?" if is_plural(moved) else "(?:is |being )?"
        yield rf"{part} {be}{adverb} {third}{after}"
        yield rf"{part} {be}{third}{after} {adverb}"
        yield rf"{adjective} {second}{after} of {part}"


def _numbered(orders: Iterator[str]) -> Iterator[str]:
    """A pattern may name a group once: level becomes level0, level1, ..."""
    for index, order in enumerate(orders):
        yield order.replace("(?P<level>", f"(?P<level{index}>").replace("(?P<side>", f"(?P<side{index}>")
