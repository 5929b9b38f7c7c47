"""The reader understands every wording of the tables in one way only, and says what it did not understand."""

import re
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.emotion.evidence import Evidence, unit_code
from style2talker.emotion.parse import PLAIN, Claims, UnitClaim, parse_sentence, violations
from style2talker.emotion.taxonomy import ADJECTIVES, ADVERBS, EMOTIONS, LEVELS, emotion_words
from style2talker.emotion.wording import WORDINGS

LABELS = [(emotion, level) for emotion in EMOTIONS for level in LEVELS]
PHRASES = [(word, label) for label in LABELS for word in emotion_words(*label, at_rest=True)]


def claims_of(text: str) -> list[tuple[int, str, str]]:
    return [(claim.unit, claim.side, claim.level) for claim in parse_sentence(text).units]


def test_a_sentence_that_nobody_generated() -> None:
    text = (
        "With their lips pressed together strongly, someone livid speaks; the left brow is slightly lowered."
    )
    assert parse_sentence(text) == Claims(
        emotion="angry",
        level=3,
        emotion_words=("livid",),
        units=(
            UnitClaim(unit=24, side="both", level="high", words="their lips pressed together strongly"),
            UnitClaim(unit=4, side="left", level="low", words="the left brow is slightly lowered"),
        ),
        quoted=None,
        unread=(),
    )


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("a clear smile", [(12, "both", "middle")]),
        ("intensely frowning", [(4, "both", "high")]),
        ("raises the brows slightly", [(1, "both", "low"), (2, "both", "low")]),
        ("the inner ends of the brows gently pulled up", [(1, "both", "low")]),
        ("pulls the lip corners up strongly", [(12, "both", "high")]),
        ("strongly pulls up the lip corners", [(12, "both", "high")]),
        ("strongly pulls down the lip corners", [(15, "both", "high")]),
        ("pulls up the lip corners", []),  # without a degree there is no claim, and words are left over
        ("strongly slightly pulls up the lip corners", [(12, "both", "low")]),
        ("strongly pulls up the lip corners slightly", [(12, "both", "high")]),
    ],
)
def test_one_adverb_makes_one_claim(text: str, units: list[tuple[int, str, str]]) -> None:
    assert claims_of(text) == units
    understood = bool(units) and len(re.findall("|".join(sum(ADVERBS.values(), ())), text)) < 2
    assert (not parse_sentence(text).unread) == understood


@pytest.mark.parametrize(
    "word",
    ["not", "never", "hardly", "without", "tears", "smirk", "he", "her", "man", "woman", "laughs", "loudly"],
)
def test_a_word_that_may_claim_anything_is_handed_back(word: str) -> None:
    assert parse_sentence(f"The person is {word} happy while speaking.").unread == (word,)


def test_two_emotions_are_none() -> None:
    both = parse_sentence("The person is happy and seems sad.")
    assert (both.emotion, both.level) == (None, None)
    assert both.emotion_words == ("happy", "sad")
    assert violations("The person is happy and seems sad.", ()) == ["names 2 emotions: happy, sad"]


def test_what_is_quoted_is_no_claim() -> None:
    found = parse_sentence('The person is sad. The words are: "I strongly smile, I am not happy"')
    assert (found.emotion, found.units, found.unread) == ("sad", (), ())
    assert found.quoted == "I strongly smile, I am not happy"


def test_no_word_of_one_claim_is_understood_as_another() -> None:
    """Nobody can add a word to the tables that is there already, or that contains one that is."""
    for word, label in PHRASES:
        found = parse_sentence(word)
        assert (found.emotion, found.level) == label, word
        assert not found.units
        assert found.emotion_words == (word,)
        inside = [other for other, _ in PHRASES if re.search(rf"(?<![\w-]){re.escape(other)}(?![\w-])", word)]
        assert inside == [word]
    degrees = [word for table in (ADVERBS, ADJECTIVES) for words in table.values() for word in words]
    assert len(set(degrees)) == len(degrees)
    assert not set(degrees) & PLAIN
    assert not {word for word, _ in PHRASES} & (PLAIN | set(degrees))


def test_every_wording_belongs_to_one_claim() -> None:
    owners = defaultdict(set)
    for wording in WORDINGS:
        for moved in {wording.part, wording.part_one_side or wording.part}:
            for form in wording.forms if wording.kind == "bare" else wording.forms[:2]:
                owners[(form, wording.after, moved)].add(wording.units)
    assert len(owners) > 200
    assert {words: units for words, units in owners.items() if len(units) > 1} == {}


def test_every_wording_is_read_as_its_units_in_every_form() -> None:
    read = 0
    for wording in WORDINGS:
        first, second, third = wording.forms
        for side in ("both", "left", "right") if wording.part_one_side else ("both",):
            moved, before, behind = wording.moved(side), wording.after_verb, wording.after_object
            phrases = {
                "moves": [
                    f"visibly {first}{before} {moved}{behind}",
                    f"{second}{before} {moved}{behind} visibly",
                    f"{moved} visibly {third}{before}{behind}",
                    f"a visible {second}{before}{behind} of {moved}",
                ],
                "part": [f"{moved} {third} visibly", f"{moved} visibly {third}"],
                "bare": [f"visibly {first}", f"{second} visibly", f"a visible {third}"],
            }[wording.kind]
            for phrase in phrases:
                assert claims_of(phrase) == [(unit, side, "middle") for unit in wording.units], phrase
                assert not parse_sentence(phrase).unread, phrase
                read += 1
    assert read > 500


@given(text=st.text())
def test_any_text_is_read_and_its_spans_are_its_own(text: str) -> None:
    found = parse_sentence(text)
    assert all(claim.words in text for claim in found.units)
    assert all(words in text for words in found.emotion_words)


def emotion(words: str, value: str) -> Evidence:
    return Evidence(kind="emotion", value=value, words=words)


def unit(words: str, value: str) -> Evidence:
    return Evidence(kind="action_unit", value=value, words=words)


TEXT = "The person is happy and strongly raises the chin."
HAPPY, CHIN = emotion("happy", "happy level 2"), unit("strongly raises the chin", "AU17 high")


def test_the_evidence_of_a_true_sentence_has_no_violations() -> None:
    assert violations(TEXT, (HAPPY, CHIN)) == []
    quotation = Evidence(kind="transcript", value="one  two three", words="one two …")
    assert violations(f'{TEXT} The words are: "one two …"', (HAPPY, CHIN, quotation)) == []


@pytest.mark.parametrize(
    ("text", "evidence", "problem"),
    [
        (TEXT, (HAPPY,), "claims AU17 high"),
        (TEXT, (HAPPY, CHIN, unit("the chin", "AU26 low")), "does not claim AU26 low"),
        (TEXT, (HAPPY, unit("strongly raises the chin", "AU17 low")), "does not claim AU17 low"),
        (TEXT, (emotion("happy", "happy level 3"), CHIN), "does not claim happy level 3"),
        (TEXT, (HAPPY, CHIN, CHIN), "twice"),
        (TEXT, (HAPPY, unit("the chin", "AU17 high")), "words say something else"),
        (TEXT, (HAPPY, unit("strongly raises a chin", "AU17 high")), "does not contain the words"),
        (TEXT.replace("person", "man"), (HAPPY, CHIN), "a word that may claim anything: man"),
        (TEXT.replace("is happy", "is happy, gleeful,"), (HAPPY, CHIN), "names 2 emotions"),
        (f'{TEXT} "one"', (HAPPY, CHIN), "quotes 'one'"),
        (
            f'{TEXT} "one"',
            (HAPPY, CHIN, Evidence(kind="transcript", value="two", words="one")),
            "does not begin",
        ),
    ],
)
def test_every_kind_of_violation_is_found(text: str, evidence: tuple[Evidence, ...], problem: str) -> None:
    assert any(problem in found for found in violations(text, evidence))


def test_codes_are_those_of_facs() -> None:
    assert [unit_code(12, side, "low") for side in ("both", "left", "right")] == [
        "AU12 low",
        "L12 low",
        "R12 low",
    ]
