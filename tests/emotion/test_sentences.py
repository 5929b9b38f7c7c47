"""A sentence claims exactly what was seen. The reader below knows English, not the grammar that wrote it."""

import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.emotion.action_units import UNIT_NAMES, ActionUnit
from style2talker.emotion.sentences import Sentence, write_sentences
from style2talker.emotion.taxonomy import ADVERBS, EMOTIONS, LEVELS, emotion_words
from style2talker.errors import UserError

# unit: what moves, stems of its verbs, a word after the object
READER = {
    1: (r"inner brows", r"rais|lift", ""),
    2: (r"outer brows?", r"rais|lift", ""),
    4: (r"brows?", r"lower|draw", "(?:down)?"),
    5: (r"upper eyelids?", r"rais|lift", ""),
    6: (r"cheeks?", r"rais|lift", ""),
    7: (r"(?:eyelids|lids)", r"tighten|narrow", ""),
    9: (r"nose", r"wrinkl|scrunch", "(?:up)?"),
    10: (r"upper lip", r"rais|lift", ""),
    12: (r"lip corners?", r"pull|draw", "up"),
    14: (r"mouth corners?", r"dimpl|tuck", "(?:in)?"),
    15: (r"lip corners?", r"pull|turn", "down"),
    16: (r"lower lip", r"pull|draw", "down"),
    17: (r"chin", r"rais|push", "(?:up)?"),
    18: (r"lips", r"pucker|purs", ""),
    20: (r"lips", r"stretch|draw", "(?:sideways)?"),
    22: (r"lips", r"funnel|push", "(?:forward)?"),
    23: (r"lips", r"tighten|tens", ""),
    24: (r"lips", r"press|squeez", "together"),
    25: (r"lips", r"part|open", ""),
    26: (r"jaw", r"drop|lower", ""),
    28: (r"lips", r"suck|roll", "in"),
    43: (r"eyes?", r"clos|shut", ""),
}
SIDED = (2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 20, 24, 43)
ADVERB_LEVEL = {adverb: level for level, adverbs in ADVERBS.items() for adverb in adverbs}
ADVERB = "|".join(ADVERB_LEVEL)
WORDS = {word: (e, n) for e in EMOTIONS for n in LEVELS for word in emotion_words(e, n)}


def _patterns(moved: str, verbs: str, after: str) -> re.Pattern[str]:
    thing = rf"the (?:(?:left|right) )?(?:(?:side|half) of the )?{moved}(?: of the (?:left|right) eye)?"
    verb = rf"(?:{ADVERB}) (?:{verbs})\w*"
    return re.compile(rf"(?:{verb} {thing}|{thing} (?:is |are )?{verb}) ?{after}(?=$|\.)")


PATTERNS = {unit: _patterns(*words) for unit, words in READER.items()}
PIECES = re.compile(
    r",|;|:|\band (?=[a-z]+ly\b|the\b|markedly)|\b(?:with|while|as|looks|seems|looking)\b", re.IGNORECASE
)


def read_units(text: str) -> list[tuple[int, str, str]]:
    """(unit, side, level) of every piece that has an adverb; each adverb must be understood in one way."""
    found = []
    for piece in PIECES.split(text.lower()):
        adverbs = re.findall(rf"\b({ADVERB})\b", piece)
        if not adverbs:
            continue
        assert len(adverbs) == 1, piece
        units = [unit for unit, pattern in PATTERNS.items() if pattern.search(piece.strip())]
        assert len(units) == 1, (piece, units)
        side = re.search(r"\b(left|right)\b", piece)
        found.append((units[0], side.group() if side else "both", ADVERB_LEVEL[adverbs[0]]))
    return found


def read_emotion(text: str) -> tuple[str, int]:
    """The only label that a word of the text names."""
    labels = {label for word, label in WORDS.items() if re.search(rf"\b{re.escape(word)}\b", text.lower())}
    assert len(labels) == 1, (text, labels)
    return labels.pop()


@st.composite
def action_unit_sets(draw) -> list[ActionUnit]:
    units = []
    for unit in draw(st.lists(st.sampled_from(sorted(READER)), unique=True, max_size=7)):
        side = draw(st.sampled_from(["", "left ", "right "])) if unit in SIDED else ""
        level = draw(st.sampled_from(list(ADVERBS)))
        units.append(ActionUnit(unit=unit, name=side + UNIT_NAMES[unit], intensity=0.5, level=level))
    return units


def write(units: list[ActionUnit], clip_id: str = "c0ffee", **changes) -> list[Sentence]:
    arguments = {"clip_id": clip_id, "emotion": "happy", "level": 2, "action_units": units} | changes
    return write_sentences(**arguments)


@settings(max_examples=150, deadline=None)
@given(
    units=action_unit_sets(),
    clip_id=st.text(max_size=8),
    emotion=st.sampled_from(EMOTIONS),
    level=st.sampled_from(LEVELS),
)
def test_every_sentence_says_exactly_what_was_seen(
    units: list[ActionUnit], clip_id: str, emotion: str, level: int
) -> None:
    sentences = write(units, clip_id, emotion=emotion, level=level)
    assert len({sentence.text for sentence in sentences}) == 5
    for sentence in sentences:
        assert read_emotion(sentence.text) == (emotion, level)
        assert sorted(read_units(sentence.text)) == sorted((u.unit, u.side, u.level) for u in units)


@settings(max_examples=50, deadline=None)
@given(units=action_unit_sets(), clip_id=st.text(max_size=8))
def test_evidence_names_every_claim_by_its_words(units: list[ActionUnit], clip_id: str) -> None:
    for sentence in write(units, clip_id, transcript="Hello there"):
        assert all(piece.words in sentence.text for piece in sentence.evidence)
        kinds = [piece.kind for piece in sentence.evidence]
        assert kinds.count("emotion") == 1
        assert kinds.count("action_unit") == len(units)
        codes = {"both": "AU", "left": "L", "right": "R"}
        values = {piece.value for piece in sentence.evidence if piece.kind == "action_unit"}
        assert values == {f"{codes[unit.side]}{unit.unit} {unit.level}" for unit in units}
        for piece in sentence.evidence:
            if piece.kind == "action_unit":
                assert len(read_units(piece.words)) == 1


@given(units=action_unit_sets(), clip_id=st.text(max_size=8))
@settings(max_examples=50, deadline=None)
def test_sentences_are_clean_english_prose(units: list[ActionUnit], clip_id: str) -> None:
    for sentence in write(units, clip_id):
        assert re.fullmatch(r"[A-Z][^{}]*\.", sentence.text)
        assert "  " not in sentence.text
        assert not re.search(r"\b(he|she|his|her|man|woman)\b", sentence.text.lower())
        assert not re.search(r"\b(\w+) \1\b", sentence.text.lower())


def test_the_clip_alone_decides() -> None:
    units = [ActionUnit(unit=12, name="lip corner puller", intensity=0.9, level="high")]
    assert write(units) == write(units)
    assert write(units) != write(units, "decaf")


def test_another_process_writes_the_same() -> None:
    program = (
        "from style2talker.emotion.sentences import write_sentences as w;"
        "print(*(s.text for s in w(clip_id='c0ffee', emotion='happy', level=2, action_units=[])), sep='\\n')"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert printed.splitlines() == [sentence.text for sentence in write([])]


def test_words_spoken_are_quoted_once_and_marked_as_evidence() -> None:
    sentences = write([], transcript=' one "two" three four five six seven eight nine ten eleven ')
    quoting = [sentence for sentence in sentences if '"' in sentence.text]
    assert len(quoting) == 1
    (quote,) = (piece for piece in quoting[0].evidence if piece.kind == "transcript")
    assert quote.words == "one two three four five six seven eight nine ten …"
    assert not any(piece.kind == "transcript" for s in write([], transcript="  ") for piece in s.evidence)


def test_a_unit_without_a_wording_and_too_many_sentences_are_refused() -> None:
    with pytest.raises(UserError, match="leave it out"):
        write([ActionUnit(unit=45, name="blink", intensity=0.9, level="high")])
    with pytest.raises(UserError, match="ask for fewer"):
        write([], count=50)
