"""Generation: any length, one motion per seed, no seams, no memory that grows."""

import tracemalloc
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.nets.checkpoint import save_checkpoint
from style2talker.style_e.infer import StyleE

Inputs = dict[str, Any]


def speech(duration_s: float, seed: int = 0) -> np.ndarray:
    samples = np.random.default_rng(seed).normal(size=round(16_000 * duration_s)) * 0.1
    return samples.astype(np.float32)


@pytest.mark.parametrize("num_frames", [1, 5, 31, 32, 33, 40, 41, 56, 57, 80, 200])
def test_one_row_per_video_frame_at_any_length(style_e: StyleE, inputs: Inputs, num_frames: int) -> None:
    expression_tk = style_e.generate(speech(num_frames / 25), **inputs)
    assert expression_tk.shape == (num_frames, 6)
    assert expression_tk.dtype == np.float32
    assert np.isfinite(expression_tk).all()


def test_the_stream_is_the_whole_in_pieces(style_e: StyleE, inputs: Inputs) -> None:
    pieces = list(style_e.stream(speech(4), **inputs))
    assert [len(piece) for piece in pieces] == [24, 24, 24, 28]
    np.testing.assert_array_equal(np.concatenate(pieces), style_e.generate(speech(4), **inputs))


def test_a_seed_is_a_motion(style_e: StyleE, inputs: Inputs) -> None:
    first = style_e.generate(speech(2), seed=3, **inputs)
    np.testing.assert_array_equal(first, style_e.generate(speech(2), seed=3, **inputs))
    assert not np.allclose(first, style_e.generate(speech(2), seed=4, **inputs))


def test_motion_does_not_depend_on_speech_that_comes_later(style_e: StyleE, inputs: Inputs) -> None:
    long = speech(8)
    start = style_e.generate(long[: 16_000 * 4], **inputs)
    np.testing.assert_allclose(start[:64], style_e.generate(long, **inputs)[:64], atol=1e-4)


@pytest.mark.parametrize("name", ["text_embedding", "identity_k", "reference_expression_k"])
def test_every_input_moves_the_face(style_e: StyleE, inputs: Inputs, name: str) -> None:
    plain = style_e.generate(speech(1), **inputs)
    assert not np.allclose(plain, style_e.generate(speech(1), **(inputs | {name: -inputs[name]})))


def test_speech_moves_the_face(style_e: StyleE, inputs: Inputs) -> None:
    assert not np.allclose(
        style_e.generate(speech(1), **inputs), style_e.generate(speech(1, seed=9), **inputs)
    )


def test_guidance_of_one_is_the_plain_prediction_and_more_follows_the_text(
    style_e: StyleE, inputs: Inputs
) -> None:
    kind = {**inputs, "num_steps": 1}
    without = style_e.generate(speech(1), **(kind | {"text_embedding": np.zeros(5)}))
    plain = style_e.generate(speech(1), **kind)
    strong = style_e.generate(speech(1), guidance=2.0, **kind)
    np.testing.assert_allclose(strong, 2 * plain - without, atol=1e-4)


def test_windows_join_without_a_seam(style_e: StyleE, inputs: Inputs) -> None:
    # With steady sound and one noise, a step across a join is no larger than the steps within windows.
    expression_tk = style_e.generate(np.zeros(16_000 * 8, dtype=np.float32), num_steps=20, **inputs)
    step_t = np.abs(np.diff(expression_tk, axis=0)).max(axis=1)
    joins = [frame for start in range(24, 190, 24) for frame in (start - 1, start + 7)]
    assert step_t[joins].mean() < 1.5 * np.delete(step_t, joins).mean()


def test_memory_does_not_grow_with_length(style_e: StyleE, inputs: Inputs) -> None:
    def peak(duration_s: float) -> int:
        audio = speech(duration_s)
        tracemalloc.start()
        for _ in style_e.stream(audio, num_steps=1, **inputs):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(2)
    assert peak(40) < 1.5 * peak(4) + 100_000


def test_a_checkpoint_gives_the_same_motion(style_e: StyleE, inputs: Inputs, tmp_path: Path) -> None:
    sizes = {"num_coefficients": 6, "num_identity": 4, "text_dim": 5}
    config = {"model": asdict(style_e.config), "sizes": sizes}
    save_checkpoint(tmp_path, kind="style-e", config=config, state=style_e.denoiser.state_dict())
    np.testing.assert_array_equal(
        StyleE.load(tmp_path).generate(speech(1), **inputs), style_e.generate(speech(1), **inputs)
    )


@pytest.mark.parametrize("model", [{"hidden": 8, "no_such_size": 1}, None])
def test_a_config_of_another_version_is_one_sentence(
    style_e: StyleE, tmp_path: Path, model: dict[str, int] | None
) -> None:
    config = {} if model is None else {"model": model, "sizes": {}}
    save_checkpoint(tmp_path, kind="style-e", config=config, state=style_e.denoiser.state_dict())
    with pytest.raises(UserError, match="not one of this version"):
        StyleE.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text_embedding": np.zeros(7)}, "text_embedding"),
        ({"identity_k": np.zeros((1, 4))}, "identity_k"),
        ({"reference_expression_k": np.zeros(5)}, "reference_expression_k"),
        ({"num_steps": 0}, "num_steps"),
    ],
)
def test_a_wrong_input_is_named(style_e: StyleE, inputs: Inputs, change: Inputs, said: str) -> None:
    with pytest.raises(UserError, match=said):
        style_e.generate(speech(1), **(inputs | change))


@pytest.mark.parametrize("audio", [np.zeros(0), np.zeros((2, 10)), np.array([0.0, np.nan])])
def test_audio_that_is_none_is_refused(style_e: StyleE, inputs: Inputs, audio: np.ndarray) -> None:
    with pytest.raises(UserError, match="audio"):
        style_e.generate(audio, **inputs)
