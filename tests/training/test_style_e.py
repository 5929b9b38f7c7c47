"""Style-E's trainer: sound reaches the loss, every weight counts, and a run can stop and go on anywhere."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from style2talker.errors import UserError
from style2talker.face.model import embedded
from style2talker.style_e.infer import StyleE
from training.style_e import run, train_style_e
from training.style_e_config import StyleETraining
from training.style_e_data import embed_sentences, motion_clips
from training.style_e_module import StyleEModule

Rows = Callable[..., list[dict[str, Any]]]
Config = Callable[..., StyleETraining]
Encoder = Callable[[list[str]], np.ndarray]


@pytest.fixture
def train(rows: Rows, encoder: Encoder) -> Callable[..., StyleEModule]:
    def start(config: StyleETraining, *, num_val: int = 3, train_rows: Any = None) -> StyleEModule:
        splits = {
            "train": rows(12, seed=0) if train_rows is None else train_rows,
            "val": rows(num_val, seed=1),
        }
        return train_style_e(config, rows=lambda _, split: splits[split], face=embedded(), encode=encoder)

    return start


@pytest.fixture
def module(rows: Rows, encoder: Encoder, small_run: Config, tmp_path: Path) -> StyleEModule:
    clips, _ = motion_clips(rows(12), face_model_sha256=embedded().sha256)
    embeddings = embed_sentences(clips, encoder, cache=tmp_path)
    return StyleEModule(small_run(), train=clips, val=[], embeddings=embeddings, face=embedded())


def batch_of(module: StyleEModule, num_samples: int = 16) -> dict[str, torch.Tensor]:
    return default_collate([module.train_samples[sample] for sample in range(num_samples)])


def test_permuted_audio_changes_loss_and_gradient(module: StyleEModule) -> None:
    batch = batch_of(module)
    swapped = batch | {"mel": batch["mel"].flip(0)}
    results = []
    for each in (batch, swapped):
        module.zero_grad()
        loss = module.losses(each)["loss"]
        loss.backward()
        gradient = torch.cat([value.grad.flatten() for value in module.denoiser.parameters()])
        results.append((float(loss.detach()), gradient))
    assert results[0][0] != results[1][0]
    assert (results[0][1] - results[1][1]).norm() > 1e-3 * results[0][1].norm()
    assert all(value.grad is not None and value.grad.any() for value in module.denoiser.audio.parameters())


@pytest.mark.parametrize("key", ["text", "identity", "reference", "expression", "timestep"])
def test_every_condition_reaches_the_loss(module: StyleEModule, key: str) -> None:
    batch = batch_of(module)
    with torch.no_grad():
        loss = module.losses(batch)["loss"]
        changed = module.losses(batch | {key: batch[key].flip(0)})["loss"]
    assert loss != changed


@pytest.mark.parametrize("name", ["coefficients", "mouth", "velocity"])
def test_every_loss_weight_changes_the_loss(module: StyleEModule, name: str) -> None:
    batch = batch_of(module)
    with torch.no_grad():
        losses = module.losses(batch)
        weights = module.settings.losses
        more = replace(weights, **{name: getattr(weights, name) + 1})
        module.settings = replace(module.settings, losses=more)
        heavier = module.losses(batch)["loss"]
    assert float(heavier - losses["loss"]) == pytest.approx(float(losses[name]), rel=1e-4)


def test_frames_without_a_face_teach_nothing(module: StyleEModule) -> None:
    batch = batch_of(module)
    batch["valid"][:, 10:] = 0
    spoilt = batch["expression"].clone()
    spoilt[:, 10:] += 0.3
    with torch.no_grad():
        # The network sees the spoilt frames noised, so compare with noise alone as its input.
        batch["timestep"].fill_(module.settings.model.diffusion_steps - 1)
        noised = module.losses(batch)["loss"]
        changed = module.losses(batch | {"expression": spoilt})["loss"]
    assert float(changed) == pytest.approx(float(noised), rel=1e-2)


def test_the_optimiser_holds_exactly_the_declared_parameters(module: StyleEModule) -> None:
    optimised = {value for group in module.configure_optimizers().param_groups for value in group["params"]}
    assert optimised == set(module.denoiser.parameters()) == set(module.parameters())
    assert all(value.requires_grad for value in optimised)


def test_the_reference_comes_from_another_clip_of_the_speaker(module: StyleEModule) -> None:
    samples = module.train_samples
    for index, clip in enumerate(samples.clips):
        reference_k = samples.reference(index, samples.stream.rng(index))
        owners = [other for other in samples.clips if np.shares_memory(other.expression_tk, reference_k)]
        assert clip.clip_id not in {owner.clip_id for owner in owners}
        assert {owner.speaker for owner in owners} == {clip.speaker}


def test_text_is_dropped_at_the_given_rate(module: StyleEModule) -> None:
    dropped = [not module.train_samples[sample]["text"].any() for sample in range(600)]
    assert 0.06 < np.mean(dropped) < 0.15


def test_training_learns_and_its_checkpoint_generates(train: Any, small_run: Config, rows: Rows) -> None:
    config = small_run(num_samples=1600, learning_rate=3e-3, validate_every_samples=1600)
    module = train(config)
    with torch.no_grad():
        fresh = StyleEModule(
            config,
            train=module.train_samples.clips,
            val=[],
            embeddings=module.train_samples.embeddings,
            face=embedded(),
        )
        batch = batch_of(module, 64)
        assert module.losses(batch)["loss"] < 0.6 * fresh.losses(batch)["loss"]
    style_e = StyleE.load(config.out)
    assert style_e.about["samples_seen"] == 1600
    assert style_e.about["face_model_sha256"] == embedded().sha256
    for name, average in module.ema.average.items():
        torch.testing.assert_close(style_e.denoiser.state_dict()[name], average)
    assert (
        json.loads((Path(config.out) / "resolved_config.json").read_text())["config"]["num_samples"] == 1600
    )


def test_a_resumed_run_is_the_uninterrupted_run(train: Any, small_run: Config, tmp_path: Path) -> None:
    whole = train(small_run(num_samples=96, out=str(tmp_path / "whole")))
    train(small_run(num_samples=48, out=str(tmp_path / "parts")))
    parts = train(small_run(num_samples=96, out=str(tmp_path / "parts")))
    assert parts.samples_seen == whole.samples_seen == 96
    for name, value in whole.denoiser.state_dict().items():
        torch.testing.assert_close(parts.denoiser.state_dict()[name], value, rtol=0, atol=0)
        if name in whole.ema.average:
            torch.testing.assert_close(parts.ema.average[name], whole.ema.average[name], rtol=0, atol=0)


def test_a_finished_run_says_so(train: Any, small_run: Config, capsys: pytest.CaptureFixture[str]) -> None:
    train(small_run())
    train(small_run())
    assert "already trained on 64 samples" in capsys.readouterr().out


def test_another_config_does_not_continue_silently(train: Any, small_run: Config) -> None:
    train(small_run())
    with pytest.raises(UserError, match="another config"):
        train(small_run(seed=1))
    assert train(small_run(seed=1, resume="none")).samples_seen == 64


def test_a_damaged_resume_file_is_one_sentence(train: Any, small_run: Config) -> None:
    config = small_run()
    Path(config.out).mkdir()
    (Path(config.out) / "resume.ckpt").write_bytes(b"not a checkpoint")
    with pytest.raises(UserError, match="cannot be read"):
        train(config)


def test_the_time_limit_ends_the_run_with_everything_saved(train: Any, small_run: Config) -> None:
    config = small_run(num_samples=10**9, max_minutes=0.01)
    assert 0 < train(config).samples_seen < 10**9
    assert StyleE.load(config.out).about["samples_seen"] > 0


def test_without_a_validation_split_training_goes_on(
    train: Any, small_run: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(small_run(), num_val=0).samples_seen == 64
    assert capsys.readouterr().out.count("no validation split") == 1


def test_a_dry_run_writes_no_run(train: Any, small_run: Config, capsys: pytest.CaptureFixture[str]) -> None:
    config = small_run(dry_run=True)
    train(config)
    assert "would train" in capsys.readouterr().out
    assert not (Path(config.out) / "resolved_config.json").exists()


def test_short_clips_are_left_out_and_counted(
    train: Any, small_run: Config, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    train(small_run(), train_rows=[*rows(4), *rows(2, num_frames=20)])
    assert "2 clips of the train split are shorter than 32 frames" in capsys.readouterr().out
    with pytest.raises(UserError, match="no clip of at least 32 frames"):
        train(small_run(resume="none"), train_rows=rows(2, num_frames=20))


def test_a_corpus_of_another_face_model_is_refused(train: Any, small_run: Config, rows: Rows) -> None:
    with pytest.raises(UserError, match="face model"):
        train(small_run(), train_rows=[row | {"face_model_sha256": "0" * 64} for row in rows(2)])


def test_a_gradient_that_is_never_finite_ends_the_run(train: Any, small_run: Config, rows: Rows) -> None:
    broken = [row | {"mel": np.full_like(row["mel"], np.nan)} for row in rows(4)]
    with pytest.raises(UserError, match="not finite 20 steps in a row"):
        train(small_run(num_samples=1600), train_rows=broken, num_val=0)


def test_a_corpus_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        run(["--corpus", str(tmp_path / "nothing"), "--out", str(tmp_path / "out"), "--accelerator", "cpu"])
