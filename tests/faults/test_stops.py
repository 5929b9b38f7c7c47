"""SIGSTOP for longer than the time limits, and memory that runs out."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_stages import write_footage  # type: ignore[import-not-found]

from style2talker.corpus.reader import Corpus

TIMEOUT_S = 2.0
MEMORY_BYTES = 3 << 30
"""Three times what a build with the fake stages takes."""


def test_a_stopped_child_is_ended_at_its_time_limit(
    start, footage: Path, clean: Path, faults: Path, same, row, tmp_path: Path
) -> None:
    build = start(footage, tmp_path / "out", FAULTS=faults, FAULT_TRACK_TIMEOUT_S=TIMEOUT_S)
    os.kill(build.victim(faults, "track"), signal.SIGSTOP)
    os.kill(build.victim(faults, "hear"), signal.SIGKILL)
    build.finish()
    row(
        "`SIGSTOP` of an isolated child in the middle of a row, for good",
        f"ended at its time limit ({TIMEOUT_S:g} s here), the row is tried again in a new one",
        same(tmp_path / "out", clean),
    )


def test_a_whole_build_that_stood_still_goes_on(
    start, footage: Path, clean: Path, faults: Path, same, row, tmp_path: Path
) -> None:
    build = start(
        footage, tmp_path / "out", FAULTS=faults, FAULT_TRACK_TIMEOUT_S=TIMEOUT_S, FAULT_LOCK_INTERVAL_S=0.5
    )
    build.victim(faults, "track")
    child = build.victim(faults, "hear")
    build.signal_all(signal.SIGSTOP)
    time.sleep(2 * TIMEOUT_S)  # the fault itself: all of its clocks run on
    build.signal_all(signal.SIGCONT)
    os.kill(child, signal.SIGKILL)
    build.finish()
    row(
        "`SIGSTOP` of the whole build for twice the time limit of a row, then `SIGCONT`",
        "it goes on; the row whose time ran out meanwhile is tried again",
        same(tmp_path / "out", clean),
    )


@pytest.fixture
def small_memory() -> Iterator[Callable[[int], dict[str, Any]]]:
    """A control group of so many bytes: when they are gone, the kernel chooses who of it dies."""
    group = Path(f"/sys/fs/cgroup/memory/style2talker-faults-{os.getpid()}")
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").read_text()
    except OSError as error:
        pytest.skip(f"no memory control group can be made here ({error})")

    def limit(num_bytes: int) -> dict[str, Any]:
        (group / "memory.limit_in_bytes").write_text(str(num_bytes))
        return {"FAULT_MEMORY_GROUP": group / "cgroup.procs"}

    yield limit
    deadline_s = time.monotonic() + 60
    while (group / "cgroup.procs").read_text() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    group.rmdir()


def test_a_row_that_eats_all_memory_is_rejected_and_nothing_else(
    start, small_memory, build_here, faults: Path, same, row, tmp_path: Path
) -> None:
    footage, out = write_footage(tmp_path / "footage", glutton="54 92 55"), tmp_path / "out"
    build_here(footage, tmp_path / "clean")
    for name in ("track", "hear"):
        (faults / name).touch()  # only the glutton is ill here
    start(
        footage,
        out,
        FAULTS=faults,
        FAULT_TRACK_TIMEOUT_S=120,
        RAY_memory_usage_threshold=0.01,  # Ray's own watch over memory would end any worker at once
        **small_memory(MEMORY_BYTES),
    ).finish()
    (reject,) = [reject for reject in Corpus.open(str(out)).rejects() if reject["kind"] == "killed"]
    assert (reject["source_uri"], reject["attempts"]) == ("glutton.mp4", 3)
    assert "SIGKILL" in reject["message"]
    row(
        f"a row that asks for memory until the kernel kills (control group of {MEMORY_BYTES >> 30} GB around "
        "the whole build)",
        f"the kernel takes the isolated child, three times; the row is a reject `killed`: "
        f"\u201c{reject['message']}\u201d",
        f"everything else kept, {same(out, tmp_path / 'clean')}",
    )
