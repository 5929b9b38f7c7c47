"""The judgement: what each witness, the label, the speaker's neutral and a person change about it."""

from typing import Any

import numpy as np
import pytest

from style2talker.corpus.corrections import Correction, UnitMark
from style2talker.emotion.action_units import LEVEL_EDGES
from style2talker.emotion.agreement import OTHERS
from style2talker.emotion.context import Context, Neutral
from style2talker.emotion.flags import FLAGS, flags_of
from style2talker.emotion.judgement import corrected_units, judge, level_of
from style2talker.emotion.opinion import Opinion
from style2talker.emotion.picture import Picture
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.unit_readings import NUM_READINGS, NUM_WITNESS_ROWS
from style2talker.speech.sync_result import UNKNOWN, Sync

E = len(EMOTIONS)
AT_REST_R2 = np.full((NUM_READINGS, 2), np.nan, np.float32)
AT_REST_R2[:NUM_WITNESS_ROWS] = 0  # no picture


def nets(emotion: str, share: float = 0.9) -> np.ndarray:
    answer_e = np.full(E, (1 - share) / (E - 1))
    answer_e[EMOTIONS.index(emotion)] = share
    return np.tile(answer_e, (3, 1)).astype(np.float32)


def words(emotion: str) -> dict[str, Any]:
    return {"words": ("words", Opinion(probability_e=nets(emotion)[0]))}


def correction(**said: Any) -> Correction:
    return Correction(clip_id="c", source_id="s", author="Ana", time_utc="2026-01-01T00:00:00Z", **said)


def test_angry_words_on_a_neutral_face_are_flagged_and_both_stay_on_record() -> None:
    judged = judge(nets("neutral"), AT_REST_R2, words("angry"), Context())
    flags = flags_of(
        conflicts=judged.conflicts,
        opinions=judged.opinions,
        picture=None,
        sync=UNKNOWN,
        is_heard_whole=None,
    )
    assert flags == ["face_and_words_disagree"]
    assert judged.agreement is not None
    assert judged.agreement < 0.75
    assert set(judged.opinions) == {"face", "words"}


def test_the_label_is_one_more_witness() -> None:
    alone = judge(nets("neutral"), AT_REST_R2, {}, Context())
    labelled = judge(nets("neutral"), AT_REST_R2, {}, Context(given_emotion="neutral"))
    against = judge(nets("neutral"), AT_REST_R2, {}, Context(given_emotion="happy"))
    assert alone.agreement is None
    assert labelled.confidence > alone.confidence > against.confidence
    assert against.probability_e[EMOTIONS.index("happy")] > alone.probability_e[EMOTIONS.index("happy")]
    unknown = judge(nets("neutral"), AT_REST_R2, {}, Context(given_emotion="boredom"))
    assert np.allclose(unknown.probability_e, alone.probability_e)


def test_a_friendly_rest_is_no_happiness_to_who_knows_it() -> None:
    friendly = Neutral(net_ne=nets("happy"), reading_r2=AT_REST_R2, voice={}, clip_ids=("a", "b", "c", "d"))
    judged = judge(nets("happy"), AT_REST_R2, {}, Context(neutral=friendly))
    assert judged.emotion == "neutral"


def test_a_persons_word_wins_and_the_witnesses_stay_as_they_were() -> None:
    models = judge(nets("neutral"), AT_REST_R2, words("angry"), Context())
    context = Context(correction=correction(emotion="sad", level=3))
    person = judge(nets("neutral"), AT_REST_R2, words("angry"), context)
    assert (person.emotion, person.confidence) == ("sad", 1.0)
    assert np.array_equal(person.probability_e, models.probability_e)
    assert level_of(1, "sad", context) == 3


@pytest.mark.parametrize(
    ("seen", "given", "level"), [(1, 3, 2), (3, 1, 2), (2, 3, 3), (2, None, 2), (1, 1, 1)]
)
def test_a_given_level_counts_where_the_emotion_is_the_same(seen: int, given: int | None, level: int) -> None:
    assert level_of(seen, "sad", Context(given_emotion="sad", given_level=given)) == level
    assert level_of(seen, "happy", Context(given_emotion="sad", given_level=given)) == seen


def test_units_that_a_person_names_are_units_like_any_other() -> None:
    frown, smile = corrected_units((UnitMark(12, "left", "high"), UnitMark(4, "both", "low")))
    assert (frown.unit, frown.side, frown.level, frown.name) == (4, "both", "low", "brow lowerer")
    assert (smile.unit, smile.side, smile.level, smile.name) == (12, "left", "high", "left lip corner puller")
    assert frown.intensity < LEVEL_EDGES[0] < LEVEL_EDGES[1] < smile.intensity


def test_each_flag_has_its_rule() -> None:
    nothing: dict[str, Any] = {
        "conflicts": {},
        "opinions": {},
        "picture": None,
        "sync": UNKNOWN,
        "is_heard_whole": True,
    }
    assert flags_of(**nothing) == []
    doubted = Opinion(measures={"singing": 0.9, "synthetic": 0.8})
    everything = flags_of(
        conflicts={
            ("face", "voice"): 0.9,
            ("face", "words"): 0.9,
            ("voice", "words"): 0.9,
            ("label", OTHERS): 0.9,
        },
        opinions={"voice": doubted},
        picture=Picture(brightness=0.05, contrast=0.02, sharpness=0.05),
        sync=Sync(offset_frames=-4.0, confidence=0.95),
        is_heard_whole=False,
    )
    assert everything == list(FLAGS)
    assert flags_of(**{**nothing, "sync": Sync(offset_frames=9.0, confidence=0.2)}) == []
    assert flags_of(**{**nothing, "conflicts": {("face", "picture"): 0.9}}) == []
