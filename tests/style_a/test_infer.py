"""A saved generator draws frames of a portrait: sizes, lengths, batches and bad calls."""

from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.nets.checkpoint import save_checkpoint
from style2talker.style_a.generator import StyleAGenerator
from style2talker.style_a.infer import BATCH_FRAMES, StyleA

IDENTITY = np.zeros(len(embedded().identity_kv3), np.float32)
STILL = {"rotation_3": np.zeros(3, np.float32), "translation_3": np.array([128, 128, 11], np.float32)}


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return cv2.resize(data.astronaut()[:256, 96:352], (256, 256))


@pytest.fixture
def style_a(stirred: StyleAGenerator, tmp_path: Path) -> StyleA:
    about = {"model": asdict(stirred.config), "face_model_sha256": embedded().sha256, "samples_seen": 0}
    save_checkpoint(tmp_path, kind="style-a", config=about, state=stirred.state_dict())
    return StyleA.load(tmp_path)


def motion(num_frames: int) -> dict[str, np.ndarray]:
    expression_tk = np.zeros((num_frames, len(EXPRESSION_NAMES)), np.float32)
    expression_tk[:, EXPRESSION_NAMES.index("jawOpen")] = np.linspace(0, 0.8, num_frames)
    return {
        "expression_tk": expression_tk,
        "rotation_t3": np.tile(STILL["rotation_3"], (num_frames, 1)),
        "translation_t3": np.tile(STILL["translation_3"], (num_frames, 1)),
    }


def prepare(style_a: StyleA, portrait: np.ndarray, **more) -> None:
    expression_k = np.zeros(len(EXPRESSION_NAMES), np.float32)
    style_a.prepare(portrait, identity_k=IDENTITY, expression_k=expression_k, **STILL, **more)


@pytest.mark.parametrize("num_frames", [1, BATCH_FRAMES + 1])
def test_one_frame_per_row_of_motion(style_a: StyleA, portrait: np.ndarray, num_frames: int) -> None:
    prepare(style_a, portrait)
    frames = list(style_a.render(**motion(num_frames)))
    assert len(frames) == num_frames
    assert style_a.resolution == 256
    assert all(frame.shape == (256, 256, 3) and frame.dtype == np.uint8 for frame in frames)


def test_the_mouth_opens_and_the_corners_stay(style_a: StyleA, portrait: np.ndarray) -> None:
    prepare(style_a, portrait)
    first, *_, last = list(style_a.render(**motion(4)))
    change = np.abs(first.astype(int) - last).mean(axis=2)
    assert change[150:230, 90:170].mean() > 3 * change[:40].mean()


def test_no_art_is_degree_zero(style_a: StyleA, portrait: np.ndarray) -> None:
    art = data.cat()
    prepare(style_a, portrait, degree=0.7)
    (plain,) = style_a.render(**motion(1))
    prepare(style_a, portrait, art_rgb=art, degree=0.0)
    np.testing.assert_array_equal(plain, next(style_a.render(**motion(1))))
    prepare(style_a, portrait, art_rgb=art, degree=1.0)
    assert np.abs(plain.astype(int) - next(style_a.render(**motion(1)))).mean() > 3


def test_before_training_it_draws_the_portrait_itself(generator, portrait: np.ndarray) -> None:
    """256 px come out of a 64 px network: the picture is the source's own pixels."""
    style_a = StyleA(generator, {})
    prepare(style_a, portrait)
    (frame,) = style_a.render(**motion(1))
    assert np.abs(frame.astype(int) - portrait).mean() < 2


def test_bad_calls_are_named(style_a: StyleA, portrait: np.ndarray) -> None:
    with pytest.raises(UserError, match="before prepare"):
        next(style_a.render(**motion(1)))
    with pytest.raises(UserError, match="degree is 2"):
        prepare(style_a, portrait, degree=2.0)
    with pytest.raises(UserError, match="portrait has shape"):
        prepare(style_a, portrait[:100])
    prepare(style_a, portrait)
    with pytest.raises(UserError, match="2 rotations"):
        next(style_a.render(**{**motion(3), "rotation_t3": np.zeros((2, 3), np.float32)}))


def test_another_face_model_is_refused(stirred: StyleAGenerator, tmp_path: Path) -> None:
    about = {"model": asdict(stirred.config), "face_model_sha256": "0" * 64}
    save_checkpoint(tmp_path, kind="style-a", config=about, state=stirred.state_dict())
    with pytest.raises(UserError, match="face model"):
        StyleA.load(tmp_path)
