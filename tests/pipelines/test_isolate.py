"""A row that hangs or kills its process is a reject that says so; every other row is as if nothing had been.

The hangs, faults and signals are real; a time limit is long against what a good row takes.
"""

import dataclasses
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pytest

from pipelines.isolate import Home, Isolated
from pipelines.stage import Row, Stage
from style2talker.corpus.reader import Corpus
from style2talker.errors import Reject, UserError
from style2talker.media.footage import Footage

FUSE_S = 1.0


def stage_of(make: Callable[[Any, Footage], Callable[[Row], Any]], *, timeout_s: float = 60.0) -> Stage:
    return Stage(
        name="odd",
        version=1,
        schema=pa.schema([]),
        config=None,
        make=make,
        isolated=True,
        timeout_s=timeout_s,
        timeout_per_s=0.0,
    )


@pytest.fixture
def isolated(tmp_path: Path) -> Iterator[Callable[..., Isolated]]:
    made: list[Isolated] = []

    def isolate(run: Any = None, *, make: Any = None, timeout_s: float = 60.0, attempts: int = 3) -> Isolated:
        stage = stage_of(make or (lambda config, footage: run), timeout_s=timeout_s)
        made.append(Isolated(stage, Footage(str(tmp_path)), Home(), attempts=attempts))
        return made[-1]

    yield isolate
    for each in made:
        each._home.close()


def row(what: str = "", number: int = 0, **more: Any) -> Row:
    return {"start_s": 0.0, "end_s": 1.0, "what": what, "number": number, **more}


def process_of(isolated: Isolated) -> subprocess.Popen[bytes]:
    assert isolated._home._child is not None
    return isolated._home._child._process


@pytest.mark.parametrize(
    ("what", "attempts", "kind", "message"),
    [
        ("hang", 2, "timed_out", "It did not end within 1 s"),
        ("stop", 1, "timed_out", "It did not end within 1 s"),
        ("fault", 2, "killed", "Its process was ended by SIGSEGV"),
        ("kill", 2, "killed", "Its process was ended by SIGKILL, as the kernel does when memory runs out"),
        ("exit", 1, "killed", "Its process ended itself with exit code 3"),
        ("memory", 1, "killed", "Its process found no more memory (MemoryError)"),
    ],
)
def test_poison_is_tried_again_and_rejected_and_the_rows_around_it_are_kept(
    isolated, tmp_path: Path, monkeypatch, what: str, attempts: int, kind: str, message: str
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import poison  # type: ignore[import-not-found]

    calls = tmp_path / "calls"
    work = isolated(make=poison.make, timeout_s=FUSE_S, attempts=attempts)
    assert work(row(number=2, calls=calls)) == {"square": 4}
    with pytest.raises(Reject) as caught:
        work(row(what, calls=calls))
    assert (caught.value.kind, caught.value.attempts) == (kind, attempts)
    assert caught.value.message == f"{message} ({attempts} attempt{'s' * (attempts > 1)})."
    assert work(row(number=3, calls=calls)) == {"square": 9}
    assert calls.read_text().split("\n") == ["", *[what] * attempts, "", ""]


def test_a_row_that_fails_once_is_kept(isolated, tmp_path: Path) -> None:
    def run(row: Row) -> Row:
        if not row["been"].exists():
            row["been"].touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"kept": True}

    assert isolated(run)(row(been=tmp_path / "been")) == {"kept": True}


def test_a_child_killed_between_two_rows_costs_nothing(isolated) -> None:
    work = isolated(lambda row: row["number"])
    assert work(row(number=1)) == 1
    process_of(work).kill()
    process_of(work).wait()
    assert work(row(number=2)) == 2


def test_a_child_stopped_between_two_rows_takes_no_row_and_no_megabyte_of_it(isolated) -> None:
    work = isolated(lambda row: len(row["data"]), timeout_s=FUSE_S)
    assert work(row(data=b"1")) == 1
    process_of(work).send_signal(signal.SIGSTOP)
    assert work(row(data=bytes(1 << 22))) == 1 << 22


def test_stages_share_one_child_and_a_death_costs_the_other_its_models_only(tmp_path: Path) -> None:
    def make(config: Any, footage: Footage) -> Callable[[Row], Any]:
        with (tmp_path / "loaded").open("a") as file:
            file.write("x")
        return lambda row: os.getpid() if row["number"] else os.kill(os.getpid(), signal.SIGKILL)

    home, footage = Home(), Footage(str(tmp_path))
    one, two = (
        Isolated(dataclasses.replace(stage_of(make), name=name), footage, home, attempts=1) for name in "ab"
    )
    assert one(row(number=1)) == two(row(number=1)) == one(row(number=1)) != os.getpid()
    assert (tmp_path / "loaded").read_text() == "xx"
    with pytest.raises(Reject):
        one(row(number=0))
    assert one(row(number=1)) == two(row(number=1))
    assert (tmp_path / "loaded").read_text() == "xxxx"
    home.close()


def test_rows_come_back_to_the_bit(isolated) -> None:
    rng = np.random.default_rng(0)
    full = row(
        matrix=np.asfortranarray(rng.normal(size=(250, 52)).astype(np.float32)),
        jpeg=[rng.bytes(12_000) for _ in range(250)],
        none=None,
        spans=((0.1, np.nan),),
    )
    back = isolated(lambda row: row)(full)
    assert isinstance(back, dict)
    matrix = back.pop("matrix")
    assert matrix.tobytes("A") == full["matrix"].tobytes("A")
    assert matrix.flags.f_contiguous
    assert repr(back) == repr({key: value for key, value in full.items() if key != "matrix"})


@pytest.mark.parametrize(
    "error",
    [
        Reject("no_face", "No face.", span_s=(0.5, 1.0)),
        UserError("there are no weights."),
        ValueError("boom"),
        TypeError("a fault of the program"),
        FileNotFoundError(2, "No such file or directory", "a.mp4"),
        OSError(28, "No space left on device"),
        av.error.InvalidDataError(1094995529, "Invalid data found", "a.mp4"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_function_raises_arrives_as_it_is(isolated, error: Exception) -> None:
    def fail(row: Row) -> Row:
        raise error

    work = isolated(fail)
    with pytest.raises(type(error)) as caught:
        work(row())
    assert str(caught.value) == str(error)
    assert vars(caught.value) == vars(error)


def test_an_error_that_cannot_travel_says_what_it_was(isolated) -> None:
    def fail(row: Row) -> Row:
        class Odd(Exception):  # noqa: N818
            def __init__(self, one: int, two: int) -> None:
                super().__init__(f"{one} and {two}")

        raise Odd(1, 2)

    with pytest.raises(RuntimeError, match="Odd: 1 and 2"):
        isolated(fail)(row())


def test_rejects_within_a_list_arrive(isolated) -> None:
    parts = isolated(lambda row: [{"a": 1}, Reject("too_short", "Short.", span_s=(0.0, 1.0))])(row())
    assert parts[0] == {"a": 1}
    assert (parts[1].kind, parts[1].span_s, parts[1].attempts) == ("too_short", (0.0, 1.0), 1)


@pytest.mark.parametrize("how", ["raises", "dies"])
def test_a_stage_that_cannot_be_loaded_is_no_fault_of_a_row(tmp_path: Path, how: str) -> None:
    def make(config: Any, footage: Footage) -> Callable[[Row], Row]:
        if how == "raises":
            raise UserError("there are no weights.")
        os._exit(7)

    stage = stage_of(make)
    sentence = {"raises": "there are no weights", "dies": "cannot be loaded.*exit code 7.*more memory"}
    with pytest.raises(UserError, match=sentence[how]):
        Isolated(stage, Footage(str(tmp_path)), Home())(row())


def test_the_limit_grows_with_the_clip_and_with_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(bytes(2_000_000))
    stage = Stage(
        name="odd", version=1, schema=pa.schema([]), config=None, make=None,  # type: ignore[arg-type]
        timeout_s=10.0, timeout_per_s=3.0,
    )  # fmt: skip
    limit_s = Isolated(stage, Footage(str(tmp_path)), Home()).limit_s
    assert limit_s({"start_s": 4.0, "end_s": 9.0}) == 25.0
    assert limit_s({"source_uri": "a.mp4"}) == 16.0
    assert limit_s({"source_uri": "a.mp4", "num_bytes": 4_000_000}) == 22.0


def test_the_kernel_takes_the_child_first(isolated) -> None:
    assert isolated(lambda row: Path("/proc/self/oom_score_adj").read_text().strip())(row()) == "1000"


PARENT = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_isolate import Footage, Home, Isolated, row, stage_of

def run(row):
    print(os.getpid(), flush=True)
    while True:  # as native code may, it lets nothing else in this process run
        pass

Isolated(stage_of(lambda config, footage: run), Footage("."), Home())(row())
"""


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_child_dies_with_its_parent_and_without_a_word(end: signal.Signals, stopped: bool) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert parent.stdout is not None
    child = os.pidfd_open(int(parent.stdout.readline()))
    if stopped:
        signal.pidfd_send_signal(child, signal.SIGSTOP)
    os.killpg(parent.pid, end)
    _, error = parent.communicate(timeout=60)
    assert select.select([child], [], [], 60)[0]  # a pidfd can be read once its process is gone
    os.close(child)
    assert error.count("Traceback") == (end == signal.SIGINT)  # the parent's own


def test_a_child_that_is_closed_tidies_up(isolated, tmp_path: Path) -> None:
    def run(row: Row) -> Row:
        import atexit

        atexit.register(row["left"].touch)
        return {}

    work = isolated(run)
    work(row(left=tmp_path / "left"))
    process = process_of(work)
    work._home.close()
    assert process.returncode == 0
    assert (tmp_path / "left").exists()


@pytest.fixture
def fakes_travel() -> Iterator[None]:
    """The fake stages have a name in this process only: they are sent as they are."""
    import fake_stages  # type: ignore[import-not-found]
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(fake_stages)
    yield
    cloudpickle.unregister_pickle_by_value(fake_stages)


def test_isolation_changes_no_byte_and_poison_takes_no_neighbour_along(
    fakes_travel, build_here, contents, tmp_path: Path
) -> None:
    from fake_stages import fake_stages  # type: ignore[import-not-found]

    def deadly(config: Any, footage: Footage) -> Callable[[Row], Any]:
        """Where the fake stage raises, this one takes its process along."""
        work = real(config, footage)

        def run(row: Row) -> Any:
            try:
                return work(row)
            except ValueError:
                os.kill(os.getpid(), signal.SIGKILL)

        return run

    root = tmp_path / "footage"
    root.mkdir()
    (root / "a.mp4").write_text("60 boom 70")
    (root / "b.mp4").write_text("50 51")
    discover, track, *rest = fake_stages()
    real = track.make
    build_here(root, tmp_path / "plain", stages=[discover, track, *rest])
    build_here(
        root,
        tmp_path / "isolated",
        stages=[
            dataclasses.replace(discover, isolated=True),
            dataclasses.replace(track, isolated=True, make=deadly),
            *rest,
        ],
    )
    plain, isolated = contents(tmp_path / "plain"), contents(tmp_path / "isolated")
    shards = {name for name in plain if name.startswith(("clips/", "frames/"))}
    assert len(shards) >= 2
    assert {name: isolated[name] for name in shards} == {name: plain[name] for name in shards}
    (reject,) = Corpus.open(str(tmp_path / "isolated")).rejects()
    assert (reject["kind"], reject["attempts"]) == ("killed", 3)
    assert "SIGKILL" in reject["message"]


CGROUP = Path("/sys/fs/cgroup/memory")


@pytest.fixture
def small_memory() -> Iterator[Path]:
    """A control group of 300 MB; what is in it when it asks for more is killed by the kernel."""
    group = CGROUP / f"style2talker-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(300 << 20))
    except OSError as error:
        pytest.skip(f"no memory control group can be made here ({error})")
    yield group
    group.rmdir()


def test_a_child_that_the_kernel_kills_for_memory_is_a_reject(small_memory: Path, isolated) -> None:
    def run(row: Row) -> int:
        (row["group"] / "cgroup.procs").write_text(str(os.getpid()))
        return len(bytearray(b"x") * row["num_bytes"])

    work = isolated(run, attempts=1)
    with pytest.raises(Reject, match="SIGKILL, as the kernel does when memory runs out"):
        work(row(group=small_memory, num_bytes=1 << 30))
    assert work(row(group=small_memory, num_bytes=1 << 20)) == 1 << 20
