"""The witnesses of voice and words, through the code path of a build."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.annotator import column_of
from pipelines.annotators import voice, words
from pipelines.stage import Row
from style2talker.emotion.labelled_voices import LabelledClip
from style2talker.emotion.opinion import Opinion
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.voice import acoustics_from, shipped, voice_probability
from style2talker.emotion.voice_learning import learn
from style2talker.media.audio import flac_encode
from style2talker.media.footage import Footage
from style2talker.twin.speech import Voice, speak

SENTENCE = "The person at the door asked me whether we had seen it, and I said no."


def heard(pitch: int = 50) -> Row:
    audio = speak(SENTENCE, voice=Voice(pitch=pitch)).audio
    return {"clip_id": f"clip{pitch}", "audio": {"bytes": flac_encode(audio), "path": None}}


def opinion_of(row: Row, name: str) -> Opinion:
    return Opinion.from_row(row[column_of(name)])


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(root=str(tmp_path_factory.mktemp("footage")))


def test_a_voice_is_measured_and_judged(footage: Footage) -> None:
    stage = voice.annotator().stage()
    work = stage.make(stage.config, footage)
    row = work(heard())
    assert isinstance(row, dict)
    found = opinion_of(row, "voice")
    assert found.probability_e is not None
    assert found.probability_e.sum() == pytest.approx(1, abs=1e-5)
    assert set(found.measures) >= {"arousal", "valence", "loudness_db", "pitch_hz", "singing", "synthetic"}
    assert found.measures["synthetic"] > 0.5  # it is


def test_the_judge_can_take_a_kept_voice_relative_to_a_neutral(footage: Footage) -> None:
    annotator = voice.annotator()
    calm, high = annotator.load(annotator.config)([heard(50), heard(90)])
    kept = [acoustics_from(Opinion.from_row(opinion.row()).measures) for opinion in (calm, high)]
    np.testing.assert_allclose(voice_probability(kept[1]), high.probability_e, atol=1e-4)
    relative_e = voice_probability(kept[1], kept[0])
    assert (
        relative_e[EMOTIONS.index("neutral")] < voice_probability(kept[0], kept[0])[EMOTIONS.index("neutral")]
    )


def test_silence_is_no_opinion() -> None:
    annotator = voice.annotator()
    row = {"audio": {"bytes": flac_encode(np.zeros(16_000)), "path": None}}
    (found,) = annotator.load(annotator.config)([row])
    assert found.probability_e is None
    assert not found.measures


def test_a_learned_model_is_used_and_is_another_recipe(tmp_path: Path) -> None:
    clips = [
        LabelledClip(name="", measures_d=shipped().typical_kd[0] + k, emotion="angry", speaker="a")
        for k in range(5)
    ]
    learn(clips).save(tmp_path / "voice.safetensors")
    own, published = voice.annotator(str(tmp_path / "voice.safetensors")), voice.annotator()
    assert own.stage().recipe({}) != published.stage().recipe({})
    one, other = (a.load(a.config)([heard()])[0].probability_e for a in (own, published))
    assert one is not None
    assert other is not None
    assert np.abs(one - other).max() > 0.01


def test_words_speak_of_english_that_was_heard() -> None:
    annotator = words.annotator()
    try:
        ask = annotator.load(annotator.config)
    except ValueError as error:
        pytest.skip(f"no text encoder: {error}")
    angry, french, silent = ask(
        [
            {"transcript": "I hate you, get out of here!", "language": "en"},
            {"transcript": "Je te déteste.", "language": "fr"},
            {"transcript": "", "language": ""},
        ]
    )
    assert angry.probability_e is not None
    assert EMOTIONS[int(np.argmax(angry.probability_e))] == "angry"
    assert french.probability_e is None
    assert silent.probability_e is None
    assert "anchors" in annotator.stage().models()
