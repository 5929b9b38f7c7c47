"""kill -9: of everything at any moment, and of single processes in the middle of a row."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from fault_stages import write_footage  # type: ignore[import-not-found]

KILLS = 20
SEED = 20


@pytest.mark.timeout(1800)
def test_kill_9_of_the_whole_build_at_20_random_moments(start, build_here, same, row, tmp_path: Path) -> None:
    out, clean = tmp_path / "out", tmp_path / "clean"
    footage = write_footage(tmp_path / "footage", count=36, num_partitions=30)
    build_here(footage, clean)
    rng = random.Random(SEED)
    written = 0
    orphans = 0
    for _ in range(KILLS):
        files, rest, group_only = rng.randint(1, 5), rng.random(), rng.random() < 0.5
        before = _num_files(out)
        build = start(footage, out, FAKE_STAGE_SECONDS=0.1)
        build.wait_for(lambda goal=before + files: _num_files(out) >= goal)
        time.sleep(0.3 * rest)  # a moment as such, not one right after a file
        build.kill(group_only=group_only)
        orphans += group_only
        written = _num_files(out)
    assert not (out / "corpus.json").exists()  # every kill hit the work
    start(footage, out).finish()
    row(
        f"`kill -9` of the whole build, {KILLS} times in a row at random moments; {orphans} times of its "
        "process group only, so that Ray's workers lived a little longer than the build",
        f"the {KILLS + 1}st run goes on from the {written} work files that were whole and finishes",
        same(out, clean),
    )


def _num_files(out: Path) -> int:
    return len([*out.glob("_work/*/p*")])


@pytest.mark.parametrize(
    ("timeout_s", "fault", "happens"),
    [
        (120, "`kill -9` of an isolated child in the middle of a row", "a new child, the row is tried again"),
        (None, "`kill -9` of a Ray actor in the middle of a row", "Ray gives the partition to another"),
    ],
    ids=["child", "actor"],
)
def test_kill_9_of_a_worker_in_the_middle_of_a_row(
    timeout_s: float | None,
    fault: str,
    happens: str,
    start,
    footage: Path,
    clean: Path,
    faults: Path,
    same,
    row,
    tmp_path: Path,
) -> None:
    build = start(footage, tmp_path / "out", FAULTS=faults, FAULT_TRACK_TIMEOUT_S=timeout_s)
    for name in ("track", "hear"):  # the second is an actor in both cases
        os.kill(build.victim(faults, name), signal.SIGKILL)
    build.finish()
    row(fault, happens, same(tmp_path / "out", clean))
