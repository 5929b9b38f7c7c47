"""Curves survive the way through TensorBoard's files."""

from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from style2talker.evaluate.curves import read_curves


def test_what_was_logged_is_read_back(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path / "run")) as writer:
        for step in range(1000):
            writer.add_scalar("loss", 1000 - step, step)
        writer.add_scalar("once", 1.0, 0)
    (curve,) = read_curves(tmp_path)
    assert curve.name == "loss"
    assert len(curve.points) == 200
    assert curve.first == pytest.approx(950, abs=5)
    assert curve.last == pytest.approx(50, abs=5)
