"""A small corpus in memory whose lips follow its sound by a known rule: learning is real and quick."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from style2talker.face.model import EXPRESSION_NAMES, embedded
from training.style_e_config import StyleETraining

_NUM_PHONES = 8
_PHONE_FRAMES = 4
_MOVED = [
    EXPRESSION_NAMES.index(name) for name in ("jawOpen", "mouthFunnel", "mouthPucker", "mouthStretchLeft")
]
_SMILE = EXPRESSION_NAMES.index("mouthSmileLeft")


def make_rows(
    num_clips: int, *, seed: int = 0, num_speakers: int = 3, num_frames: int = 70
) -> list[dict[str, Any]]:
    """Corpus rows: a phone has a mel spectrum and a mouth shape; the text says whether the mouth smiles."""
    rule = np.random.default_rng(1234)
    spectrum_pm = rule.normal(size=(_NUM_PHONES, 80)).astype(np.float32)
    shape_pk = np.zeros((_NUM_PHONES, len(EXPRESSION_NAMES)), dtype=np.float32)
    shape_pk[:, _MOVED] = rule.random((_NUM_PHONES, len(_MOVED)))
    rng = np.random.default_rng([seed, 77])
    face = embedded()
    identity_ni = rng.normal(size=(num_speakers, len(face.identity_kv3))).astype(np.float32)
    rows = []
    for index in range(num_clips):
        phone_t = np.repeat(rng.integers(_NUM_PHONES, size=num_frames // _PHONE_FRAMES + 1), _PHONE_FRAMES)
        phone_t = phone_t[:num_frames]
        smooth_tk = np.stack(
            [np.convolve(line, np.ones(3) / 3, mode="same") for line in shape_pk[phone_t].T], 1
        )
        smiles = bool(rng.integers(2))
        smooth_tk[:, _SMILE] = 0.6 * smiles
        mel_frame_n = np.minimum((np.arange(round(num_frames * 3.2)) / 3.2).astype(int), num_frames - 1)
        mel_nm = spectrum_pm[phone_t[mel_frame_n]] + 0.1 * rng.normal(size=(len(mel_frame_n), 80))
        rows.append(
            {
                "clip_id": f"clip{seed}-{index:03d}",
                "speaker": f"speaker{index % num_speakers}",
                "num_frames": num_frames,
                "face_found": [True] * num_frames,
                "face_model_sha256": face.sha256,
                "identity": identity_ni[index % num_speakers],
                "expression": smooth_tk.astype(np.float32),
                "mel": mel_nm.astype(np.float32),
                "sentences": [
                    {"text": f"The person {'smiles' if smiles else 'rests'}, way {way}."} for way in range(5)
                ],
            }
        )
    return rows


def encode(sentences: list[str]) -> np.ndarray:
    """A stand-in for a sentence encoder: what the sentence says, and noise from its letters, [N, 16]."""
    vectors = []
    for text in sentences:
        noise = np.random.default_rng(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)).normal(size=16)
        noise[0] = 3.0 if "smiles" in text else -3.0
        vectors.append(noise / np.linalg.norm(noise))
    return np.array(vectors, dtype=np.float32)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    # Networks of 32 channels gain nothing from threads, and lose much where other tests use the cores.
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def rows() -> Callable[..., list[dict[str, Any]]]:
    """`make_rows`."""
    return make_rows


@pytest.fixture(scope="session")
def encoder() -> Callable[[list[str]], np.ndarray]:
    """`encode`."""
    return encode


@pytest.fixture
def small_run(tmp_path: Path) -> Callable[..., StyleETraining]:
    """A config for a run of a few seconds; keywords override."""

    def config(**changes: Any) -> StyleETraining:
        from style2talker.style_e.config import StyleEConfig

        values: dict[str, Any] = {
            "corpus": "in memory",
            "out": str(tmp_path / "run"),
            "num_samples": 64,
            "batch_size": 16,
            "accelerator": "cpu",
            "warm_up_samples": 64,
            "model": StyleEConfig(hidden=32, num_layers=2, audio_channels=16),
        }
        return StyleETraining(**(values | changes))

    return config
