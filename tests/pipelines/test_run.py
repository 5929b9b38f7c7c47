"""Ray: any number of workers and any history of kills give the same corpus."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from style2talker.corpus.verify import verify

SCRIPT = Path(__file__).with_name("fake_stages.py")


def start(footage: Path, out: Path, *, workers: int, seconds: float = 0.0) -> subprocess.Popen[str]:
    """A build in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(footage), str(out), str(workers), str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text
    return text


@pytest.fixture
def clean(build_here, footage: Path, tmp_path: Path) -> Path:
    """The corpus that one undisturbed process makes."""
    build_here(footage, tmp_path / "clean")
    return tmp_path / "clean"


def test_one_and_two_workers_give_the_same_corpus(clean, footage, contents, tmp_path: Path) -> None:
    for workers in (1, 2):
        output = finish(start(footage, tmp_path / f"out{workers}", workers=workers))
        assert "ray" not in output.lower(), output
        assert contents(tmp_path / f"out{workers}") == contents(clean)


def test_kill_9_at_three_moments_and_a_rerun_give_the_same_corpus(
    clean, footage, contents, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    rng = random.Random(time.time_ns())
    for _ in range(3):
        process = start(footage, out, workers=2, seconds=0.15)
        # wait for the first work file, so that the kill falls into the work and not into the start of Ray
        known = len(list(out.rglob("*.parquet")))
        while process.poll() is None and len(list(out.rglob("*.parquet"))) < known + rng.randint(1, 12):
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL or (out / "corpus.json").exists()
    finish(start(footage, out, workers=2, seconds=0.15))
    assert verify(str(out)) == []
    assert contents(out) == contents(clean)
