"""A sentence claims exactly what was seen, as a reader who never saw the grammar finds."""

import re
import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.emotion.action_units import UNIT_NAMES, ActionUnit
from style2talker.emotion.evidence import Sentence, unit_code
from style2talker.emotion.facs import AU_PROFILES, ONE_SIDED
from style2talker.emotion.parse import parse_sentence, violations
from style2talker.emotion.selection import TooAlikeError, select, shared
from style2talker.emotion.sentences import write_candidates, write_sentences
from style2talker.emotion.taxonomy import ADVERBS, EMOTIONS, LEVELS, emotion_words
from style2talker.emotion.wording import SALIENCE, WORDINGS
from style2talker.errors import UserError

SIDED = {wording.units[0] for wording in WORDINGS if wording.part_one_side}


@st.composite
def action_unit_sets(draw) -> list[ActionUnit]:
    units = []
    for unit in draw(st.lists(st.sampled_from(sorted(SALIENCE)), unique=True, max_size=7)):
        side = draw(st.sampled_from(["", "left ", "right "])) if unit in SIDED else ""
        level = draw(st.sampled_from(list(ADVERBS)))
        units.append(ActionUnit(unit=unit, name=side + UNIT_NAMES[unit], intensity=0.5, level=level))
    return units


def write(units: list[ActionUnit], clip_id: str = "c0ffee", **changes) -> list[Sentence]:
    arguments = {"clip_id": clip_id, "emotion": "happy", "level": 2, "action_units": units} | changes
    return write_sentences(**arguments)


def au(unit: int, level: str = "high", side: str = "") -> ActionUnit:
    return ActionUnit(unit=unit, name=side + UNIT_NAMES[unit], intensity=0.9, level=level)


def codes(sentence: Sentence) -> set[str]:
    return {piece.value for piece in sentence.evidence if piece.kind == "action_unit"}


def test_every_unit_with_a_wording_has_a_rank_and_two_wordings_for_each_side_and_form() -> None:
    assert sorted(SALIENCE) == sorted({unit for wording in WORDINGS for unit in wording.units})
    for unit in SALIENCE:
        for side in ("both", "left") if unit in SIDED else ("both",):
            moving = [w for w in WORDINGS if w.units == (unit,) and w.kind == "moves" and w.moved(side)]
            assert len({(w.forms, w.moved(side)) for w in moving}) >= 2, (unit, side)


@settings(max_examples=80, deadline=None)
@given(
    units=action_unit_sets(),
    clip_id=st.text(max_size=8),
    emotion=st.sampled_from(EMOTIONS),
    level=st.sampled_from(LEVELS),
    transcript=st.one_of(st.none(), st.text(max_size=40), st.just('I am "very“ happy and strongly smile')),
)
def test_every_sentence_says_exactly_its_evidence_and_only_what_was_seen(
    units: list[ActionUnit], clip_id: str, emotion: str, level: int, transcript: str | None
) -> None:
    sentences = write(units, clip_id, emotion=emotion, level=level, transcript=transcript)
    seen = {unit_code(unit.unit, unit.side, unit.level) for unit in units}
    assert len(sentences) == 5
    for sentence in sentences:
        assert violations(sentence.text, sentence.evidence) == []
        found = parse_sentence(sentence.text)
        assert (found.emotion, found.level) == (emotion, level)
        assert codes(sentence) <= seen
        assert bool(codes(sentence)) == bool(seen)
        assert len({claim.words for claim in found.units}) <= 3
    texts = [sentence.text for sentence in sentences]
    assert all(shared(one, other) <= 0.5 for one, other in combinations(texts, 2))
    words = [parse_sentence(text).emotion_words for text in texts]
    assert len(set(words)) == 5


@pytest.mark.parametrize(("emotion", "level"), [(e, n) for e in EMOTIONS for n in LEVELS])
def test_the_twins_faces_are_told_apart_by_their_sentences(emotion: str, level: int) -> None:
    """All candidates of the twin's own unit sets are understood, and all six words come up."""
    peaks = AU_PROFILES[(emotion, level)]
    bands = [
        (unit, "high" if peak > 2 / 3 else "middle" if peak > 1 / 3 else "low")
        for unit, peak in peaks.items()
    ]
    units = [au(u, band, "left " if u in ONE_SIDED[emotion] else "") for u, band in bands if u in SALIENCE]
    used = set()
    for clip_id in ("c0ffee", "decaf"):
        for sentence in write_candidates(clip_id=clip_id, emotion=emotion, level=level, action_units=units):
            assert violations(sentence.text, sentence.evidence) == []
            used.add(sentence.evidence[0].words.lower())
    assert used >= set(emotion_words(emotion, level, at_rest=not units)) or len(used) >= 6


def test_the_strongest_come_first_and_a_listener_is_spared_the_rest() -> None:
    units = [au(25), au(4, "low"), au(12), au(5, "middle"), au(17), au(26), au(9, "low")]
    for sentence in write_candidates(clip_id="c0ffee", emotion="happy", level=2, action_units=units):
        named = [piece.value for piece in sentence.evidence if piece.kind == "action_unit"]
        assert named[0] == "AU12 high"
        assert named == [
            value for value in ("AU12 high", "AU26 high", "AU17 high", "AU25 high") if value in named
        ]
        assert 2 <= len(named) <= 3


def test_the_whole_brow_is_one_movement() -> None:
    (first, *_) = write([au(1), au(2)])
    assert codes(first) == {"AU1 high", "AU2 high"}
    assert len({piece.words for piece in first.evidence if piece.kind == "action_unit"}) == 1
    apart = write_candidates(clip_id="c0ffee", emotion="happy", level=2, action_units=[au(1), au(2, "low")])
    assert all(len({p.words for p in s.evidence}) == len(s.evidence) for s in apart)


def test_a_calm_word_is_only_said_of_a_face_at_rest() -> None:
    calm = re.compile(r"\b(calm|relaxed|composed|expressionless|deadpan|blank|unruffled|stony-faced)\b")
    for level in LEVELS:
        at_work = [s.text for i in range(9) for s in write([au(24)], str(i), emotion="neutral", level=level)]
        at_rest = [s.text for i in range(9) for s in write([], str(i), emotion="neutral", level=level)]
        assert not any(calm.search(text) for text in at_work)
        assert any(calm.search(text) for text in at_rest)


def test_smiles_are_happy_and_frowns_are_not() -> None:
    said = {
        emotion: " ".join(s.text for i in range(12) for s in write([au(4), au(12)], str(i), emotion=emotion))
        for emotion in EMOTIONS
    }
    assert {emotion for emotion, text in said.items() if "smil" in text.lower()} == {"happy"}
    assert {e for e, text in said.items() if "frown" in text.lower()} == {"angry", "disgusted", "fear", "sad"}


def test_where_twenty_candidates_are_too_much_alike_there_are_more() -> None:
    units = [au(10, "middle", "left "), au(2, "middle", "right "), au(17, "middle")]
    twenty = [s.text for s in write_candidates(clip_id="0d", emotion="happy", level=2, action_units=units)]
    words = [
        s.emotion_word for s in write_candidates(clip_id="0d", emotion="happy", level=2, action_units=units)
    ]
    with pytest.raises(TooAlikeError):
        select(twenty, unlike=words, count=5)
    assert len(write(units, "0d")) == 5


@given(units=action_unit_sets(), clip_id=st.text(max_size=8))
@settings(max_examples=50, deadline=None)
def test_sentences_are_clean_english_prose(units: list[ActionUnit], clip_id: str) -> None:
    for sentence in write(units, clip_id):
        assert re.fullmatch(r"[A-Z][^{}]*\.", sentence.text)
        assert "  " not in sentence.text
        assert not re.search(r"\b(he|she|his|her|man|woman)\b", sentence.text.lower())
        assert not re.search(r"\b(\w+) \1\b", sentence.text.lower())
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", sentence.text)


def test_the_clip_alone_decides() -> None:
    units = [au(12)]
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
    assert quoting == sentences[-1:]
    (quote,) = (piece for piece in quoting[0].evidence if piece.kind == "transcript")
    assert quote.words == "one two three four five six seven eight nine ten …"
    assert not any(piece.kind == "transcript" for s in write([], transcript="  ") for piece in s.evidence)


def test_a_unit_without_a_wording_and_too_many_sentences_are_refused() -> None:
    with pytest.raises(UserError, match="leave it out"):
        write([ActionUnit(unit=45, name="blink", intensity=0.9, level="high")])
    with pytest.raises(UserError, match="leave it out"):
        write([ActionUnit(unit=17, name="left chin raiser", intensity=0.9, level="high")])
    with pytest.raises(UserError, match="ask for fewer"):
        write([], count=50)
