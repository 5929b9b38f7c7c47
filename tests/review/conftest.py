"""A corpus of two drawn talkers whose witnesses contradict each other, and a browser to look at it."""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from style2talker.emotion.taxonomy import EMOTIONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DISAGREEMENT = {"train0": 0.9, "train1": 0.4, "val0": 0.7, "val1": 0.1}
"""Clip -> agreement; the order of the review is val1, train1, val0, train0."""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def sure_of(emotion: str, share: float) -> np.ndarray:
    """[E], the rest spread evenly."""
    probability_e = np.full(len(EMOTIONS), (1 - share) / (len(EMOTIONS) - 1), np.float32)
    probability_e[EMOTIONS.index(emotion)] = share
    return probability_e


@pytest.fixture(scope="session")
def drawn_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clips of two drawings that speak, with their true words and movements. Copy it to write to it."""
    from style2talker.media.audio import flac_encode
    from style2talker.twin.make import ClipSpec, make_clip

    spec = importlib.util.spec_from_file_location(
        "tiny_corpus", Path(__file__).parents[1] / "corpus" / "conftest.py"
    )
    assert spec is not None
    assert spec.loader is not None
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    twins = [
        make_clip(ClipSpec(identity=0, emotion="happy", level=3, sentence=24)),
        make_clip(ClipSpec(identity=1, emotion="surprised", level=2, sentence=18)),
    ]
    plain_row = tiny.clip_row

    def clip_row(clip_id: str, split: str) -> dict[str, Any]:
        twin = twins[split == "val"]
        truth, num_frames = twin.truth, len(twin.frames_thw3)
        loud_t = np.abs(twin.audio_n.reshape(num_frames, 640)).mean(axis=1)
        sentence = f"The person is {truth.emotion} and talks about nothing in particular."
        other = "angry" if DISAGREEMENT[clip_id] < 0.5 else truth.emotion
        return plain_row(clip_id, split) | {
            "num_frames": num_frames,
            "end_s": num_frames / 25,
            "speaker": truth.speaker,
            "face_found": [True] * num_frames,
            "blendshapes": truth.expression_tk,
            "audio": {"bytes": flac_encode(twin.audio_n), "path": None},
            "transcript": truth.transcript,
            "words": [
                {"word": word, "start_s": start_s, "end_s": end_s, "probability": 0.9}
                for word, start_s, end_s in truth.words
            ],
            "pitch_hz": np.where(loud_t > 0.01, 140, 0).astype(np.float32),
            "energy_db": (20 * np.log10(loud_t + 1e-4)).astype(np.float32),
            **{name: np.zeros((num_frames, 3), np.float32) for name in ("crop", "rotation", "translation")},
            "expression": truth.expression_tk,
            "fit_error": np.full(num_frames, 0.01, np.float32),
            "emotion": truth.emotion,
            "emotion_level": truth.level,
            "emotion_probability": sure_of(truth.emotion, 0.7),
            "opinions": [
                {
                    "name": name,
                    "modality": name,
                    "probability": None if share is None else sure_of(says, share),
                    "measures": [{"name": "arousal", "value": 0.4}] if name == "voice" else [],
                    "text": "",
                }
                for name, says, share in (
                    ("face", truth.emotion, 0.8),
                    ("voice", other, 0.6),
                    ("words", "neutral", None),
                )
            ],
            "agreement": DISAGREEMENT[clip_id],
            "confidence": 0.7,
            "flags": ["face_voice_disagree"] if other == "angry" else [],
            "sentences": [
                {
                    "text": sentence,
                    "evidence": [{"kind": "emotion", "value": truth.emotion, "words": truth.emotion}],
                }
            ]
            * 5,
        }

    def frames_row(clip_id: str) -> dict[str, Any]:
        frames = twins[clip_id.startswith("val")].frames_thw3
        small = [cv2.resize(frame[..., ::-1], (256, 256)) for frame in frames]
        return {"clip_id": clip_id, "jpeg": [cv2.imencode(".jpg", frame)[1].tobytes() for frame in small]}

    tiny.clip_row, tiny.frames_row = clip_row, frames_row
    return tiny.write_tiny_corpus(tmp_path_factory.mktemp("drawn") / "corpus")


@pytest.fixture
def corpus(drawn_corpus: Path, tmp_path: Path) -> Path:
    """A copy of `drawn_corpus` to write to."""
    return Path(shutil.copytree(drawn_corpus, tmp_path / "corpus"))


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """The machine's own Chromium; none is downloaded."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on the PATH (Debian's package is called chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()
