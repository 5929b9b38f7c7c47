"""The voice as a witness: soft where it knows little, sharper with a neutral, better with data."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from style2talker.emotion.labelled_voices import LabelledClip
from style2talker.emotion.names import NAMES, emotion_named
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.voice import VoiceModel, acoustics_from, measures_of, shipped, voice_emotion
from style2talker.emotion.voice_learning import learn, score
from style2talker.emotion.voice_profiles import MEASURES
from style2talker.errors import UserError
from style2talker.speech.acoustics import acoustics
from style2talker.twin.speech import Speech, Voice, speak

D = len(MEASURES)
CONTEMPT = EMOTIONS.index("contempt")
MODEL = shipped()
CALM_D = MODEL.typical_kd[0]


@pytest.fixture(scope="module")
def spoken() -> Speech:
    return speak("What a surprise, I did not expect that at all.", voice=Voice())


anywhere = arrays(float, D, elements=st.floats(-4, 4))


def off(steps_d: np.ndarray) -> np.ndarray:
    """So many standard deviations from a calm voice."""
    return CALM_D + steps_d * np.sqrt(np.diag(MODEL.within_dd))


def drawn(seed: int, *, speakers: int, effect_ed: np.ndarray = MODEL.effect_ed) -> list[LabelledClip]:
    """Clips of which the model of voice.py is true, with these emotions' effects."""
    rng = np.random.default_rng(seed)
    clips = []
    for s in range(speakers):
        speaker_d = MODEL.typical_kd[s % 2] + rng.normal(size=D) * MODEL.between_d
        for e, emotion in enumerate(EMOTIONS):
            for _ in range(4 if emotion == "neutral" else 2):
                chance_d = rng.multivariate_normal(np.zeros(D), MODEL.within_dd)
                measures_d = speaker_d + effect_ed[e] + chance_d
                clips.append(LabelledClip(name="", measures_d=measures_d, emotion=emotion, speaker=str(s)))
    return clips


@settings(max_examples=40, deadline=None)
@given(steps_d=anywhere, with_neutral=st.booleans())
def test_a_posterior_is_one_and_contempt_without_a_profile_keeps_its_prior(
    steps_d: np.ndarray, with_neutral: bool
) -> None:
    found = voice_emotion(off(steps_d), neutral_d=CALM_D if with_neutral else None)
    assert found.probability_e.sum() == pytest.approx(1, abs=1e-5)
    assert found.probability_e.min() > 0.01  # never sure that it is not
    assert found.probability_e[CONTEMPT] == pytest.approx(MODEL.prior_e[CONTEMPT], abs=1e-5)
    assert -1 <= found.arousal <= 1
    assert -1 <= found.valence <= 1


def test_who_says_nothing_is_heard_as_the_prior() -> None:
    found = voice_emotion(np.full(D, np.nan))
    np.testing.assert_allclose(found.probability_e, MODEL.prior_e, atol=1e-6)
    assert found.arousal == 0


@pytest.mark.parametrize("emotion", [e for e in EMOTIONS if e != "contempt"])
def test_a_clear_portrayal_is_recognised_relative_to_the_speakers_neutral(emotion: str) -> None:
    e = EMOTIONS.index(emotion)
    other_d = np.random.default_rng(e).normal(size=D) * 2 * MODEL.between_d  # an unusual speaker
    found = voice_emotion(CALM_D + other_d + 1.5 * MODEL.effect_ed[e], neutral_d=CALM_D + other_d)
    lift_e = found.probability_e / MODEL.prior_e
    assert int(np.argmax(lift_e)) == e


@settings(max_examples=30, deadline=None)
@given(steps_d=anywhere, speaker_d=anywhere)
def test_relative_to_neutral_the_speaker_does_not_matter(steps_d: np.ndarray, speaker_d: np.ndarray) -> None:
    one = voice_emotion(off(steps_d), neutral_d=CALM_D)
    other = voice_emotion(off(steps_d) + speaker_d, neutral_d=CALM_D + speaker_d)
    np.testing.assert_allclose(one.probability_e, other.probability_e, atol=1e-4)
    assert one.arousal == pytest.approx(other.arousal, abs=1e-6)


def test_without_a_neutral_it_is_softer() -> None:
    angry = CALM_D + MODEL.effect_ed[EMOTIONS.index("angry")]
    surprised_e = [voice_emotion(angry, neutral_d=n).probability_e for n in (None, CALM_D)]
    entropy = [-(p * np.log(p)).sum() for p in surprised_e]
    assert entropy[0] > entropy[1] + 0.05


def test_arousal_rises_with_pitch_effort_and_level() -> None:
    effort = np.array([name in ("pitch_semitones", "alpha_ratio_db", "loudness_db") for name in MEASURES])
    aroused = [voice_emotion(off(k * effort), neutral_d=CALM_D).arousal for k in (-2, -1, 0, 1, 2)]
    assert aroused == sorted(aroused)
    assert aroused[2] == pytest.approx(0, abs=1e-6)
    assert aroused[4] > 0.5 > -0.5 > aroused[0]


def test_the_recordings_level_hardly_matters_without_a_neutral(spoken: Speech) -> None:
    loud, quiet = (voice_emotion(measures_of(acoustics(spoken.audio * gain))) for gain in (1.0, 0.2))
    np.testing.assert_allclose(loud.probability_e, quiet.probability_e, atol=0.04)


def test_an_opinions_measures_give_the_features_back(spoken: Speech) -> None:
    from dataclasses import asdict

    features = acoustics(spoken.audio)
    assert acoustics_from({**asdict(features), "singing": 0.1}) == features
    np.testing.assert_array_equal(np.isnan(measures_of(acoustics_from({}))), True)


def test_no_clips_teach_nothing() -> None:
    assert learn([]) is MODEL


def test_learning_does_not_depend_on_the_order() -> None:
    clips = drawn(0, speakers=3)
    one, other = learn(clips), learn(clips[::-1])
    np.testing.assert_allclose(one.effect_ed, other.effect_ed, atol=1e-9)
    np.testing.assert_allclose(one.within_dd, other.within_dd, atol=1e-9)


def test_learning_finds_what_the_publications_have_not() -> None:
    """People who differ from the profiles, and have a contempt of their own: heard on speakers left out."""
    rng = np.random.default_rng(5)
    real_ed = MODEL.effect_ed + rng.normal(size=(len(EMOTIONS), D)) * np.sqrt(np.diag(MODEL.within_dd))
    real_ed[EMOTIONS.index("neutral")] = 0
    real_ed[CONTEMPT] = [-3.0, 1.5, -10, -2, 6, 0, 6, -3]
    clips = drawn(1, speakers=12, effect_ed=real_ed)
    published, learned = score(clips, learns=False), score(clips)
    assert published.num_clips == learned.num_clips == len(clips)
    assert learned.log_loss < published.log_loss - 0.1
    assert learned.accuracy > published.accuracy + 0.1
    assert published.recall_e[CONTEMPT] == 0
    assert learned.recall_e[CONTEMPT] > 0.5
    model = learn(clips)
    scale_d = np.sqrt(np.diag(MODEL.within_dd))
    assert (
        np.abs((model.effect_ed - real_ed) / scale_d).mean()
        < 0.5 * np.abs((MODEL.effect_ed - real_ed) / scale_d).mean()
    )
    assert score(clips, knows_neutral=True).log_loss < learned.log_loss


def test_a_speaker_is_judged_by_a_model_that_has_not_heard_them() -> None:
    """Labels of one speaker that are nonsense must not help to guess that speaker's own."""
    clips = drawn(2, speakers=2)
    odd = [
        LabelledClip(
            name="", measures_d=c.measures_d, emotion=EMOTIONS[7 - EMOTIONS.index(c.emotion)], speaker="x"
        )
        for c in clips
    ]
    assert score(odd).accuracy == score(odd, learns=False).accuracy  # all of it is left out
    assert score(odd, knows_speaker=True).log_loss < score(odd).log_loss


def test_a_model_comes_back_as_it_was_written(tmp_path: Path) -> None:
    model = learn(drawn(3, speakers=3))
    model.save(tmp_path / "voice.safetensors")
    back = VoiceModel.load(tmp_path / "voice.safetensors")
    assert back.sha256() == model.sha256() != MODEL.sha256()


def test_another_file_is_no_model(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    (tmp_path / "text.safetensors").write_text("hello")
    save_file({"a": np.zeros(2)}, tmp_path / "other.safetensors")
    for name in ("text", "other", "missing"):
        with pytest.raises(UserError, match="learn"):
            VoiceModel.load(tmp_path / f"{name}.safetensors")


def test_other_peoples_labels_are_understood() -> None:
    assert [emotion_named(label) for label in ("ANG", "Fearful", "disgust", "calm", " surprise ")] == [
        *("angry", "fear", "disgusted", "neutral", "surprised")
    ]
    assert emotion_named("boredom") is None
    assert set(NAMES.values()) == set(EMOTIONS)
