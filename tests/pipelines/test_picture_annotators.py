"""Zero-shot and caption through the code path of the real models, on tiny random ones."""

import json
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from pipelines.annotators import caption, zero_shot
from pipelines.stage import Row
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import UserError


def clip_row(seed: int, num_frames: int = 12) -> Row:
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 255, (num_frames, 4, 4, 3), np.uint8)
    jpeg = [cv2.imencode(".jpg", cv2.resize(picture, (256, 256)))[1].tobytes() for picture in pictures]
    return {"clip_id": f"clip{seed}", "jpeg": jpeg}


@pytest.fixture(autouse=True)
def own_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "answers.sqlite"
    monkeypatch.setenv("STYLE2TALKER_ANSWERS", str(path))
    return path


@pytest.fixture(scope="module")
def models(tiny_models: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("models")
    return {
        "clip": str(tiny_models.save_clip(home / "clip")),
        "qwen2_vl": str(tiny_models.save_qwen2_vl(home / "qwen2_vl")),
        "blip": str(tiny_models.save_blip(home / "blip")),
    }


def test_zero_shot_answers_each_clip_by_itself(models: dict[str, str]) -> None:
    annotator = zero_shot.annotator(models["clip"])
    ask = annotator.load(annotator.config)
    rows = [clip_row(0), clip_row(1, num_frames=5)]
    together = ask(rows)
    for row, opinion in zip(rows, together, strict=True):
        (alone,) = ask([row])
        assert opinion.probability_e is not None
        assert alone.probability_e is not None
        assert opinion.probability_e.sum() == pytest.approx(1)
        np.testing.assert_allclose(opinion.probability_e, alone.probability_e, atol=1e-5)
    first_e, second_e = (opinion.probability_e for opinion in together)
    assert first_e is not None
    assert second_e is not None
    assert np.abs(first_e - second_e).max() > 1e-3


def test_each_emotion_has_its_words() -> None:
    assert len(zero_shot.WORDS) == len(EMOTIONS)
    stems = {"fear": "fear", "happy": "happ", "surprised": "surpris", "disgusted": "disgust"}
    for emotion, words in zip(EMOTIONS, zero_shot.WORDS, strict=True):
        assert any(stems.get(emotion, emotion) in word for word in words)


def test_a_captioner_that_chats_answers_the_same_twice_and_is_asked_once(
    models: dict[str, str], own_answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotator = caption.annotator(models["qwen2_vl"])
    (first,) = annotator.load(annotator.config)([clip_row(0)])
    assert first.text
    own_answers.unlink()
    (fresh,) = annotator.load(annotator.config)([clip_row(0)])
    assert fresh.text == first.text

    monkeypatch.setattr(caption, "Captioner", None)  # whoever asks the model now fails
    (kept,) = annotator.load(annotator.config)([clip_row(0)])
    assert kept.text == first.text
    with pytest.raises(TypeError):
        annotator.load(annotator.config)([{**clip_row(1), "clip_id": "clip0"}])  # other pictures


def test_a_captioner_that_goes_on_with_a_text_names_emotions(models: dict[str, str]) -> None:
    annotator = caption.annotator(models["blip"])
    opinions = annotator.load(annotator.config)([clip_row(seed) for seed in range(3)])
    for opinion in opinions:
        assert caption.OPENING.replace("-", " ").split()[:2] == opinion.text.replace("[DEC]", "").split()[:2]
        named = {"angry", "calm"} & set(opinion.text.split())
        assert (opinion.probability_e is not None) == bool(named)


def test_what_is_asked_and_who_answers_are_part_of_the_recipe(models: dict[str, str], tmp_path: Path) -> None:
    entry = caption.annotator(models["qwen2_vl"]).stage().entry()
    assert any(name.endswith("model.safetensors") for name in entry.weights)
    assert caption.annotator(models["blip"]).stage().entry().weights != entry.weights
    zero = zero_shot.annotator(models["clip"]).stage()
    assert "emotion" not in zero.reads.get("track", ())
    assert len(zero.entry().weights) == 2


def test_a_model_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no config\.json"):
        caption.annotator(str(tmp_path)).stage().models()
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "processor_config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    annotator = caption.annotator(str(tmp_path))
    with pytest.raises(UserError, match="transformers cannot read it"):
        annotator.load(annotator.config)([clip_row(0)])
