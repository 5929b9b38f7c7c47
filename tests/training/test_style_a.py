"""Style-A's trainer: each optimiser moves its own network, losses count, runs stop and go on anywhere."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.nets.perceptual import PerceptualNet
from style2talker.style_a.art import STYLES
from style2talker.style_a.config import StyleAConfig
from style2talker.style_a.infer import StyleA
from style2talker.style_a.losses import LossWeights
from training import style_a_module
from training.style_a import train_style_a
from training.style_a_config import StyleATraining
from training.style_a_data import FaceClip, FacePairs, art_pictures, art_styles, face_clips
from training.style_a_module import StyleAModule

NUM_FRAMES = 12
TINY = StyleAConfig(
    resolution=64, channel_base=512, channel_max=16, style_dim=16, descriptor_dim=16, flow_px=32, prior_px=32
)
Train = Callable[..., StyleAModule]


def make_row(clip: int) -> dict[str, Any]:
    """A corpus row: one face that opens its mouth and turns a little."""
    rng = np.random.default_rng(clip)
    expression_tk = np.zeros((NUM_FRAMES, len(EXPRESSION_NAMES)), np.float32)
    expression_tk[:, EXPRESSION_NAMES.index("jawOpen")] = np.linspace(0, 0.8, NUM_FRAMES)
    return {
        "clip_id": f"clip{clip}",
        "speaker": f"speaker{clip}",
        "num_frames": NUM_FRAMES,
        "face_found": [True] * (NUM_FRAMES - 1) + [False],
        "face_model_sha256": embedded().sha256,
        "identity": rng.normal(size=len(embedded().identity_kv3)).astype(np.float32),
        "expression": expression_tk,
        "rotation": rng.normal(0, 0.05, (NUM_FRAMES, 3)).astype(np.float32),
        "translation": np.tile(np.array([128, 128, 11], np.float32), (NUM_FRAMES, 1)),
        "crop": np.tile(np.array([300, 200, 180], np.float32), (NUM_FRAMES, 1)),
    }


def make_frames(clip: int) -> list[bytes]:
    """JPEG frames of soft blobs, one picture per clip, brighter from frame to frame."""
    rng = np.random.default_rng([clip, 1])
    picture = cv2.resize(rng.uniform(30, 200, (8, 8, 3)).astype(np.float32), (256, 256))
    return [
        cv2.imencode(".jpg", np.clip(picture + 2 * frame, 0, 255).astype(np.uint8))[1].tobytes()
        for frame in range(NUM_FRAMES)
    ]


def make_splits() -> dict[str, tuple[list[FaceClip], dict[str, list[bytes]]]]:
    made = {}
    for split, clips in {"train": range(3), "val": range(3, 5)}.items():
        rows = face_clips([make_row(clip) for clip in clips], face_model_sha256=embedded().sha256)
        made[split] = (rows, {f"clip{clip}": make_frames(clip) for clip in clips})
    return made


def make_perceptual_net() -> PerceptualNet:
    torch.manual_seed(0)
    return PerceptualNet("alexnet")


def tiny_run(out: str, *, adversarial: str = "0.02") -> StyleATraining:
    """A run of two steps."""
    return StyleATraining(
        corpus="in memory",
        out=out,
        num_samples=4,
        batch_size=2,
        resolution=64,
        adversarial_from_samples=0,
        r1_every_steps=2,
        validate_every_samples=0,
        accelerator="cpu",
        model=TINY,
        losses=LossWeights(adversarial=float(adversarial)),
    )


def train_in_memory(config: StyleATraining) -> StyleAModule:
    return train_style_a(config, splits=make_splits(), perceptual_net=make_perceptual_net())


@pytest.fixture(scope="module")
def splits() -> dict[str, tuple[list[FaceClip], dict[str, list[bytes]]]]:
    return make_splits()


@pytest.fixture(scope="module")
def perceptual_net() -> PerceptualNet:
    return make_perceptual_net()


@pytest.fixture(autouse=True)
def _few_validation_samples(monkeypatch) -> None:
    monkeypatch.setattr(style_a_module, "NUM_VALIDATION_SAMPLES", 2)


@pytest.fixture
def config(tmp_path: Path) -> StyleATraining:
    return tiny_run(str(tmp_path / "run"))


@pytest.fixture
def train(splits, perceptual_net: PerceptualNet) -> Train:
    return lambda config: train_style_a(config, splits=splits, perceptual_net=perceptual_net)


@pytest.fixture
def module(splits, perceptual_net: PerceptualNet, config: StyleATraining) -> StyleAModule:
    samples = FacePairs(*splits["train"], config=TINY, seed=0)
    return StyleAModule(config, train=samples, val=None, perceptual_net=perceptual_net)


def batch_of(module: StyleAModule) -> dict[str, torch.Tensor]:
    return default_collate([module.train_samples[sample] for sample in range(2)])


def test_each_optimiser_holds_exactly_its_network(module: StyleAModule) -> None:
    of_generator, of_discriminator = (
        [value for group in optimiser.param_groups for value in group["params"]]
        for optimiser in module.configure_optimizers()
    )
    assert {*map(id, of_generator)} == {*map(id, module.generator.parameters())}
    assert {*map(id, of_discriminator)} == {*map(id, module.discriminator.parameters())}
    assert len(of_generator) + len(of_discriminator) == len(list(module.parameters()))


def test_a_step_of_one_leaves_no_gradient_in_the_other(
    train: Train, config: StyleATraining, monkeypatch
) -> None:
    """Checked at the moment either optimiser steps."""
    stepped = []
    step = torch.optim.Adam.step

    def watched(self: torch.optim.Adam, *args: Any, **more: Any) -> Any:
        owned = {id(value) for group in self.param_groups for value in group["params"]}
        module = watched.module
        others = [value for value in module.parameters() if id(value) not in owned]
        assert all(value.grad is None for value in others)
        assert any(value.grad is not None for group in self.param_groups for value in group["params"])
        stepped.append(len(owned))
        return step(self, *args, **more)

    original = StyleAModule.configure_optimizers

    def remember(self: StyleAModule) -> Any:
        watched.module = self
        return original(self)

    monkeypatch.setattr(StyleAModule, "configure_optimizers", remember)
    monkeypatch.setattr(torch.optim.Adam, "step", watched)
    module = train(config)
    sizes = [len(list(net.parameters())) for net in (module.generator, module.discriminator)]
    assert stepped == sizes * 2


@pytest.mark.parametrize("name", ["reconstruction", "perceptual", "adversarial", "art", "mask", "residual"])
def test_each_loss_flag_changes_the_loss(module: StyleAModule, name: str) -> None:
    batch = batch_of(module) | {"degree": torch.ones(2)}
    pictures = module._pictures(batch)
    with torch.no_grad():
        for value in module.generator.parameters():
            value.add_(0.02 * torch.randn(value.shape))
        _, losses = module.generator_step(batch, pictures, adversarial=True)
        assert float(losses[name]) > 0
        more = replace(LossWeights(), **{name: getattr(LossWeights(), name) + 1})
        module.settings = replace(module.settings, losses=more)
        _, heavier = module.generator_step(batch, pictures, adversarial=True)
    assert float(heavier["loss"] - losses["loss"]) == pytest.approx(float(losses[name]), rel=1e-3)


def test_training_moves_both_networks_and_its_checkpoint_draws(train: Train, config: StyleATraining) -> None:
    module = train(replace(config, validate_every_samples=2))
    assert module.samples_seen == 4
    style_a = StyleA.load(config.out)
    assert style_a.about["samples_seen"] == 4
    for name, average in module.ema.average.items():
        torch.testing.assert_close(style_a.generator.state_dict()[name], average)
    grid = cv2.imread(str(Path(config.out) / "samples.png"))
    assert grid.shape == (6 * 64, 6 * 64, 3)
    assert list((Path(config.out) / "tensorboard").glob("events.*"))


def test_a_resumed_run_is_the_uninterrupted_run(train: Train, config: StyleATraining, tmp_path: Path) -> None:
    whole = train(replace(config, out=str(tmp_path / "whole")))
    train(replace(config, out=str(tmp_path / "parts"), num_samples=2))
    parts = train(replace(config, out=str(tmp_path / "parts")))
    assert parts.samples_seen == whole.samples_seen == 4
    for net in ("generator", "discriminator"):
        for name, value in getattr(whole, net).state_dict().items():
            torch.testing.assert_close(getattr(parts, net).state_dict()[name], value, rtol=0, atol=0)
    for name, value in whole.ema.average.items():
        torch.testing.assert_close(parts.ema.average[name], value, rtol=0, atol=0)


def test_before_its_time_the_discriminator_rests(train: Train, config: StyleATraining) -> None:
    module = train(replace(config, adversarial_from_samples=100))
    fresh = StyleAModule(config, train=module.train_samples, val=None, perceptual_net=module.perceptual_net())
    for name, value in fresh.discriminator.state_dict().items():
        torch.testing.assert_close(module.discriminator.state_dict()[name], value, rtol=0, atol=0)


def test_the_teacher_is_the_target_at_degree_zero(module: StyleAModule) -> None:
    batch = batch_of(module)
    pictures = module._pictures(batch | {"degree": torch.tensor([0.0, 1.0])})
    torch.testing.assert_close(pictures["teacher"][0], pictures["target"][0])
    assert float((pictures["teacher"][1] - pictures["target"][1]).abs().mean()) > 0.02


def test_a_sample_is_the_same_whenever_it_is_asked_for(module: StyleAModule) -> None:
    first = module.train_samples[7]
    module.train_samples[3]
    for name, value in module.train_samples[7].items():
        np.testing.assert_array_equal(value, first[name])


def test_frames_without_a_face_are_not_drawn(splits) -> None:
    assert all(NUM_FRAMES - 1 not in clip.seen_n for clip in splits["train"][0])
    with pytest.raises(UserError, match="expected 000000000000"):
        face_clips([make_row(0)], face_model_sha256="0" * 64)


def test_art_of_the_user_takes_turns_with_the_styles(splits, tmp_path: Path) -> None:
    """A picture of the user's cannot be imitated, so the target itself is the drawing."""
    cv2.imwrite(str(tmp_path / "blue.png"), np.full((90, 120, 3), (255, 0, 0), np.uint8))
    samples = FacePairs(*splits["train"], config=TINY, seed=0, art=art_pictures(str(tmp_path)))
    is_user = [bool((sample["art"] == [0, 0, 255]).all()) for sample in map(samples.__getitem__, range(20))]
    assert 3 < sum(is_user) < 17
    user = samples[is_user.index(True)]
    np.testing.assert_array_equal(user["drawn"], user["target"])


def test_bad_art_options_are_named(tmp_path: Path) -> None:
    assert art_styles("") == list(STYLES)
    assert art_styles("oil, neon") == ["oil", "neon"]
    with pytest.raises(UserError, match="cubism"):
        art_styles("cubism")
    with pytest.raises(UserError, match="no picture"):
        art_pictures(str(tmp_path))


def test_an_empty_corpus_is_refused(config: StyleATraining, perceptual_net: PerceptualNet) -> None:
    with pytest.raises(UserError, match="no clip with two frames"):
        train_style_a(config, splits={}, perceptual_net=perceptual_net)


def test_a_dry_run_writes_nothing(train: Train, config: StyleATraining, capsys) -> None:
    train(replace(config, dry_run=True))
    assert "would train" in capsys.readouterr().out
    assert not Path(config.out).exists()


TWO_PROCESSES = """
import runpy, sys
from dataclasses import replace

import torch

torch.set_num_threads(1)
helpers = runpy.run_path(sys.argv[1])
config = helpers["tiny_run"](sys.argv[2] + "/two", adversarial=sys.argv[3])
helpers["train_in_memory"](replace(config, devices=2, strategy="ddp_fork"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="ddp_fork needs fork")
def test_two_processes_train_as_one(tmp_path: Path) -> None:
    """Gradients are averaged over ranks, so two halves of a batch move the weights nearly as the whole does.

    Not exactly: the noise planes are drawn per process.
    """
    train_in_memory(tiny_run(f"{tmp_path}/one", adversarial="0"))
    two_processes(tmp_path, adversarial="0")
    alone, together = (StyleA.load(tmp_path / name).generator.state_dict() for name in ("one", "two"))
    name = "style_encoder.stem.weight"
    torch.testing.assert_close(alone[name], together[name], rtol=0, atol=0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="ddp_fork needs fork")
def test_two_processes_train_both_networks(tmp_path: Path) -> None:
    two_processes(tmp_path, adversarial="0.02")
    assert StyleA.load(tmp_path / "two").about["samples_seen"] == 4


def two_processes(out: Path, *, adversarial: str) -> None:
    """In a program of its own: forking a process that has used threads may hang."""
    command = [sys.executable, "-c", TWO_PROCESSES, __file__, str(out), adversarial]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
