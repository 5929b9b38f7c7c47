"""Two builds on one output: one is refused, a dead one is followed, and one that wakes up too late stops."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lock import FOLDER, locked
from pipelines.lock_owner import Owner
from style2talker.corpus.uri import open_store
from style2talker.errors import UserError

SCRIPT = Path(__file__).with_name("lock_process.py")
REFUSED = "is being built by `style2talker build` (process"


class Builder:
    """A real process that does one thing at a time."""

    def __init__(self, out: str, machine: str = "", offset_s: float = 0.0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), out, machine, str(offset_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.answer() == "ready"

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def do(self, command: str) -> str:
        self.tell(command)
        return self.answer()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Builder]]:
    with ExitStack() as stack:

        def started(out: str | None = None, **clock: object) -> Builder:
            builder = Builder(out or str(tmp_path / "out"), **clock)  # type: ignore[arg-type]
            stack.callback(builder.process.communicate)
            stack.callback(builder.kill)
            return builder

        yield started


def test_one_owner_at_a_time_and_the_next_when_it_is_done(start) -> None:
    first, second = start(), start()
    assert first.do("take") == "done"
    refusal = second.do("take")
    assert f"{REFUSED} {first.process.pid} on " in refusal
    assert ", for 0 s); wait for it" in refusal
    assert first.do("check") == "done"
    assert first.do("release") == "done"
    assert second.do("take") == "done"


def test_a_killed_owner_is_followed_at_once_even_if_nobody_buried_it(start) -> None:
    first, second, third = start(), start(), start()
    first.do("take")
    os.kill(first.process.pid, signal.SIGKILL)  # a zombie until this test waits for it
    os.waitid(os.P_PID, first.process.pid, os.WEXITED | os.WNOWAIT)
    assert second.do("take") == "done"
    second.kill()
    assert third.do("take") == "done"


def test_a_stopped_owner_is_taken_for_dead_and_stops_when_it_wakes_up(start) -> None:
    first, second = start(), start()
    first.do("take")
    first.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, first.process.pid, os.WSTOPPED | os.WNOWAIT)
    assert second.do("take") == "done"
    first.process.send_signal(signal.SIGCONT)
    message = first.do("check")
    assert f"was taken over by `style2talker build` (process {second.process.pid} on " in message
    assert first.do("release") == "done"  # gives back nothing that is the other's
    assert second.do("check") == "done"
    assert REFUSED in first.do("take")


@pytest.mark.parametrize("offset_s", [-1e6, 1e6])
def test_an_owner_on_another_machine_is_known_by_its_heartbeat_whatever_its_clock_says(
    start, offset_s: float
) -> None:
    far, near = start(machine="elsewhere", offset_s=offset_s), start()
    assert far.do("take") == "done"
    assert REFUSED in near.do("take")
    far.kill()
    assert near.do("take") == "done"


def test_a_process_with_the_number_of_a_dead_owner_is_not_the_owner(start, tmp_path: Path) -> None:
    first, second = start(), start()
    first.do("take")
    (claim,) = (tmp_path / "out" / FOLDER).glob("*.json")
    first.kill()
    owner = Owner.from_json(claim.read_bytes())
    assert owner is not None
    claim.write_bytes(claim.read_bytes().replace(f'"pid": {owner.pid}'.encode(), b'"pid": %d' % os.getpid()))
    assert second.do("take") == "done"


def test_of_many_at_once_exactly_one_wins_and_none_when_there_is_an_owner(start) -> None:
    builders = [start() for _ in range(4)]
    for turn in range(24):
        for builder in builders:
            builder.tell("take")
        answers = [builder.answer() for builder in builders]
        winners = [builder for builder, answer in zip(builders, answers, strict=True) if answer == "done"]
        assert len(winners) == 1, answers
        assert all(REFUSED in answer for answer in answers if answer != "done")
        (winner,) = winners
        assert winner.do("check") == "done"
        if turn % 6:
            winner.do("release")
        else:
            winner.kill()
            builders[builders.index(winner)] = start()


@given(content=st.binary(max_size=60) | st.sampled_from([b"[]", b"1", b'{"pid": 1}']))
def test_what_is_no_claim_names_no_owner(content: bytes) -> None:
    assert Owner.from_json(content) is None


def test_a_damaged_claim_is_that_of_a_dead_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.lock.INTERVAL_S", 0.01)
    store = open_store(str(tmp_path / "out"))
    store.write(f"{FOLDER}/0000000007.json", b"\x00\x00")
    with locked(store, "build") as lock:
        lock.check()
        assert store.names(FOLDER) == [f"{FOLDER}/0000000008.json"]
        store.delete(f"{FOLDER}/0000000008.json")
        with pytest.raises(UserError, match="its lock was deleted"):
            lock.check()


def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match="cannot be written"), locked(open_store(str(tmp_path / "file")), "x"):
        pass


def test_a_bucket_is_locked_as_a_folder_is(start, faulty_s3) -> None:
    uri = faulty_s3.uri("locked")
    first, second = start(uri, machine="elsewhere"), start(uri)
    assert first.do("take") == "done"
    assert REFUSED in second.do("take")
    assert first.do("check") == "done"
    first.kill()
    assert second.do("take") == "done"
