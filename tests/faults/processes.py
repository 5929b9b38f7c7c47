"""Builds as real processes, and what can be done to them: the group, every descendant, or one of them."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
SCRIPT = HERE / "fault_stages.py"
LONGEST_S = 100.0
_PATH = os.pathsep.join([str(HERE), str(HERE.parent / "pipelines"), str(HERE.parents[1])])


def environment(**more: object) -> dict[str, str]:
    """Of a process that can import the stages; `more` without a value is left out."""
    given = {name: str(value) for name, value in more.items() if value is not None}
    return {**os.environ, "PYTHONPATH": _PATH, "OMP_NUM_THREADS": "1", **given}


class Build:
    """`style2talker build` with the fault stages, in a process group of its own."""

    def __init__(self, footage: Path, out: Path | str, *, workers: int = 2, **env: object) -> None:
        self.log = open(os.memfd_create("log"), "w+")  # noqa: SIM115 - a pipe would be held by orphans
        self.process = subprocess.Popen(
            [
                sys.executable,
                str(SCRIPT),
                "build",
                str(footage),
                "--out",
                str(out),
                "--workers",
                str(workers),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment(**env),
        )

    def text(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def finish(self, code: int = 0) -> str:
        """Wait for its end; what it printed."""
        self.process.wait(LONGEST_S)
        assert self.process.returncode == code, self.text()
        return self.text()

    def sentence(self) -> str:
        """Wait for its end with one sentence on a line of its own; that sentence."""
        text = self.finish(2)
        assert "Traceback" not in text, text
        last = text.strip().splitlines()[-1]
        assert last.startswith("style2talker: "), text
        return last.removeprefix("style2talker: ")

    def wait_for(self, happened: object) -> None:
        """Until `happened()` is true; fails where the build ends before."""
        assert callable(happened)
        deadline_s = time.monotonic() + LONGEST_S
        while not happened():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline_s, self.text()
            time.sleep(0.02)

    def victim(self, faults: Path, name: str) -> int:
        """Process id of the row that waits, once it does."""
        self.wait_for((faults / name).exists)
        return int((faults / name).read_text().split()[0])

    def family(self) -> list[int]:
        """Descriptors of the process and of all below it: a number could be another's by the time of use."""
        found = [self.process.pid]
        parents = dict(_parents())
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return [fd for pid in found if (fd := _pidfd(pid)) is not None]

    def signal_all(self, number: signal.Signals) -> None:
        family = self.family()
        send(family, number)
        close(family)

    def kill(self, *, group_only: bool = False) -> None:
        """As `kill -9 -PID` does it. Ray's workers are in groups of their own: they are left to find out
        that they have lost their node, unless the machine goes with everything on it."""
        family = self.family()
        os.killpg(self.process.pid, signal.SIGKILL)
        if not group_only:
            send(family, signal.SIGKILL)
        self.process.wait()
        if not group_only:
            wait_for_ends(family)
        close(family)


def send(family: Iterable[int], number: signal.Signals) -> None:
    for fd in family:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(fd, number)


def wait_for_ends(family: Iterable[int]) -> None:
    for fd in family:  # a pidfd can be read once its process is gone
        assert select.select([fd], [], [], LONGEST_S)[0]


def close(family: Iterable[int]) -> None:
    for fd in family:
        os.close(fd)


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _parents() -> Iterable[tuple[int, int]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                status = Path("/proc", entry, "stat").read_text()
                yield int(entry), int(status.rpartition(")")[2].split()[1])


def first_to_end(builds: Iterable[Build]) -> Build:
    """Wait until one of them has ended."""
    by_fd = {os.pidfd_open(build.process.pid): build for build in builds}
    ended = select.select([*by_fd], [], [], LONGEST_S)[0]
    assert ended, [build.text() for build in by_fd.values()]
    close(by_fd)
    return by_fd[ended[0]]
