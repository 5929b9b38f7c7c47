"""The stage's own part: which models are asked what, and what the ledger is told of it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from pipelines.stage import Row, Stage
from pipelines.write import STAGE, WriteConfig, stage
from style2talker.emotion.context import Context
from style2talker.emotion.evidence import Evidence, Sentence
from style2talker.emotion.paraphrase import prompt_of
from style2talker.emotion.parse import violations
from style2talker.errors import UserError


@pytest.fixture(autouse=True)
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STYLE2TALKER_ANSWERS", str(tmp_path / "answers.sqlite"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "answers.sqlite"


def clip(clip_id: str = "c0ffee") -> Row:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (64, 64, 3)).astype(np.uint8) for _ in range(9)]
    return {
        "clip_id": clip_id,
        "emotion": "happy",
        "emotion_level": 2,
        "action_units": [
            {"unit": 12, "name": "lip corner puller", "intensity": 0.9, "level": "high"},
            {"unit": 26, "name": "jaw drop", "intensity": 0.1, "level": "low"},
            {"unit": 45, "name": "blink", "intensity": 0.9, "level": "high"},  # nothing can be said of it
        ],
        "transcript": "bin blue at f two now",
        "context": Context(),
        "jpeg": [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures],
    }


def run(stage: Stage, *clips: Row) -> list[Row]:
    work = stage.make(stage.config, None)  # type: ignore[arg-type]
    rows = work([*clips]) if stage.batch_size > 1 else [work(clip) for clip in clips]
    for row in rows:
        sentences = [sentence_of(sentence) for sentence in row["sentences"]]
        assert len(sentences) == len(row["sentence_sources"]) == len(row["sentence_scores"]) == 5
        assert all(violations(sentence.text, sentence.evidence) == [] for sentence in sentences)
        assert [s.evidence[-1].kind == "transcript" for s in sentences] == [False] * 4 + [True]
    return rows


def sentence_of(row: Row) -> Sentence:
    return Sentence(text=row["text"], evidence=tuple(Evidence(**entry) for entry in row["evidence"]))


def texts(row: Row) -> list[str]:
    return [sentence["text"] for sentence in row["sentences"]]


def test_without_models_the_grammar_writes_and_words_decide() -> None:
    (row,) = run(STAGE, clip())
    assert row["sentence_sources"] == ["grammar"] * 5
    assert all(0.5 <= score <= 1 for score in row["sentence_scores"])
    assert not STAGE.weights
    assert not STAGE.assets()


def test_a_clip_model_looks_at_the_pictures_and_is_asked_once(
    tiny_models: ModuleType, tmp_path: Path
) -> None:
    model = tiny_models.save_clip(tmp_path / "tiny-clip")
    picturing = stage(WriteConfig(clip=str(model)))
    assert "jpeg" in picturing.reads["track"]
    assert any(name.endswith("open_clip_model.safetensors") for name in picturing.assets())
    (row,) = run(picturing, clip())
    other = clip() | {"jpeg": clip()["jpeg"][:1] * 8}
    assert run(picturing, other)[0]["sentence_scores"] != row["sentence_scores"]
    assert all(-1 <= score <= 1 for score in row["sentence_scores"])
    kept = clip() | {"jpeg": [*clip()["jpeg"]]}
    from style2talker.nets.clip import Clip

    embed_frames, Clip.embed_frames = Clip.embed_frames, lambda *_: pytest.fail("looked twice")
    try:
        assert run(picturing, kept) == [row]
    finally:
        Clip.embed_frames = embed_frames


def test_a_local_language_model_goes_through_the_same_stage(tiny_models: ModuleType, tmp_path: Path) -> None:
    """Of random weights: it babbles, and the grammar's sentences stand."""
    (plain,) = run(STAGE, clip())
    prompt = prompt_of(sentence_of(plain["sentences"][0]))
    model = tiny_models.save_llama(tmp_path / "tiny-llm", prompt=prompt, answer="", steps=0)
    paraphrasing = stage(WriteConfig(paraphraser=str(model)))
    (row,) = run(paraphrasing, clip())
    assert texts(row) == texts(plain)
    assert row["sentence_sources"] == ["grammar"] * 5
    assert any(name.endswith("model.safetensors") for name in paraphrasing.assets())
    with pytest.raises(UserError, match="transformers"):
        run(stage(WriteConfig(paraphraser=str(tmp_path))), clip())


def test_a_server_paraphrases_the_clips_of_a_batch_and_the_ledger_sees_which() -> None:
    class Obedient(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            sentence = request["messages"][0]["content"].split("Sentence: ")[1].strip()
            said = {
                "choices": [{"message": {"content": f"One sees how {sentence[0].lower()}{sentence[1:]}"}}]
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Obedient)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    config = WriteConfig(
        paraphraser=f"http://127.0.0.1:{server.server_address[1]}/v1", paraphraser_model="obedient"
    )
    try:
        rows = run(stage(config), clip("c0ffee"), clip("decaf"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    for row in rows:
        assert "obedient" in row["sentence_sources"]
        for text, source in zip(texts(row), row["sentence_sources"], strict=True):
            assert text.startswith("One sees how ") == (source == "obedient")
    assert (
        run(stage(config), clip("c0ffee"), clip("decaf")) == rows
    )  # the server is gone, its answers are not


def test_every_setting_is_part_of_the_recipe() -> None:
    settings = {
        "candidates": 30,
        "encoder": "minilm-l6-v2",
        "clip": "clip-vit-b-32",
        "paraphraser": "http://127.0.0.1/v1",
        "paraphraser_model": "m",
        "prompt_version": 2,
    }
    recipes = {stage(WriteConfig(**{name: value})).recipe({}) for name, value in settings.items()}
    assert len(recipes | {STAGE.recipe({})}) == len(settings) + 1
    assert stage(WriteConfig(encoder="minilm-l6-v2", clip="clip-vit-b-32")).models().keys() == {
        "minilm-l6-v2",
        "clip-vit-b-32",
    }
