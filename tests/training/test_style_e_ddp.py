"""Two processes train as one: disjoint samples, falling loss, and the same order after a resume."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, runpy, sys
from pathlib import Path

import torch

torch.set_num_threads(1)
helpers = runpy.run_path(sys.argv[1])
out = Path(sys.argv[2])

from style2talker.face.model import embedded
from style2talker.style_e.config import StyleEConfig
from training.style_e import train_style_e
from training.style_e_config import StyleETraining
from training.style_e_module import StyleEModule

plain_step = StyleEModule.training_step


def recording_step(self, batch, batch_idx):
    loss = plain_step(self, batch, batch_idx)
    with (out / f"rank{self.global_rank}-of-{self.trainer.world_size}.jsonl").open("a") as file:
        file.write(json.dumps({"samples": batch["sample"].tolist(), "loss": float(loss)}) + "\\n")
    return loss


StyleEModule.training_step = recording_step
splits = {"train": helpers["make_rows"](12), "val": []}
for devices, num_samples in ((2, 480), (1, 544)):
    config = StyleETraining(
        corpus="in memory", out=str(out), num_samples=num_samples, batch_size=16, accelerator="cpu",
        devices=devices, strategy="ddp_fork" if devices > 1 else "auto", warm_up_samples=64,
        learning_rate=5e-3, validate_every_samples=0,
        model=StyleEConfig(hidden=32, num_layers=2, audio_channels=16),
    )
    train_style_e(config, rows=lambda _, split: splits[split], face=embedded(), encode=helpers["encode"])
"""


def steps(out: Path, rank: int, devices: int) -> list[dict]:
    return [json.loads(line) for line in (out / f"rank{rank}-of-{devices}.jsonl").read_text().splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="ddp_fork needs fork")
def test_two_processes_share_the_stream_and_a_single_one_continues_it(tmp_path: Path) -> None:
    helpers = Path(__file__).parent / "conftest.py"
    command = [sys.executable, "-c", SCRIPT, str(helpers), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]

    first, second = steps(tmp_path, 0, 2), steps(tmp_path, 1, 2)
    assert len(first) == len(second) == 30
    for index, (one, other) in enumerate(zip(first, second, strict=True)):
        assert sorted(one["samples"] + other["samples"]) == list(range(16 * index, 16 * (index + 1)))
    losses = [one["loss"] + other["loss"] for one, other in zip(first, second, strict=True)]
    assert sum(losses[-6:]) < 0.8 * sum(losses[:6])

    resumed = [sample for step in steps(tmp_path, 0, 1) for sample in step["samples"]]
    assert resumed == list(range(480, 544))
