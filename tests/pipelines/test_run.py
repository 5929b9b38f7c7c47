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
LONGEST_S = 150


def start(footage: Path, out: Path, *, workers: int, row_s: float = 0.0) -> subprocess.Popen[str]:
    """A build in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(footage), str(out), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "FAKE_STAGE_SECONDS": str(row_s)},
    )


def finish(process: subprocess.Popen[str]) -> str:
    text, _ = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, text
    return text


def wait_for_work(process: subprocess.Popen[str], out: Path, num_files: int) -> None:
    """Until the build has written that many more work files: a kill then falls into the work."""
    goal = len(list(out.rglob("p*.parquet"))) + num_files
    deadline = time.monotonic() + LONGEST_S
    while process.poll() is None and len(list(out.rglob("p*.parquet"))) < goal:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def clean(build_here, footage: Path, tmp_path: Path) -> Path:
    """The corpus that one undisturbed process makes."""
    build_here(footage, tmp_path / "clean")
    return tmp_path / "clean"


def test_two_workers_give_the_corpus_that_one_process_gives(clean, footage, contents, tmp_path: Path) -> None:
    output = finish(start(footage, tmp_path / "out", workers=2))
    assert "ray" not in output.lower(), output
    assert contents(tmp_path / "out") == contents(clean)


def test_kill_9_at_three_moments_and_a_rerun_give_the_same_corpus(
    clean, footage, contents, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for _ in range(3):
        process = start(footage, out, workers=2, row_s=0.1)
        wait_for_work(process, out, random.randint(1, 12))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert not (out / "corpus.json").exists()  # else no kill hit the work and nothing was tested
    finish(start(footage, out, workers=1))
    assert verify(str(out)) == []
    assert contents(out) == contents(clean)


def test_an_interrupt_is_one_sentence_and_can_go_on(
    clean, footage, contents, build_here, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(footage, out, workers=2, row_s=0.1)
    wait_for_work(process, out, 3)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 130
    assert "Traceback" not in output, output
    assert output.strip().splitlines()[-1].startswith("Stopped. What is finished is kept")
    build_here(footage, out)
    assert contents(out) == contents(clean)
