"""Faults that really happen to builds: what each test does, and a row of docs/reliability.md for it."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def _load(path: Path, name: str) -> Any:
    """Test modules and workers import it by its bare name."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


_load(HERE.parent / "pipelines" / "fake_stages.py", "fake_stages")
run_here = _load(HERE.parent / "pipelines" / "conftest.py", "pipelines_conftest").run_here
_load(HERE / "processes.py", "processes")
write_footage = _load(HERE / "fault_stages.py", "fault_stages").write_footage


@pytest.fixture(scope="session")
def build_here() -> Callable[..., Any]:
    """A build in this process, without Ray: the truth to compare with, and for faults that are not Ray's."""
    from fault_stages import stages as fault_stages  # type: ignore[import-not-found]

    from pipelines import build as module

    def build(footage: Path, out: Path | str, *, stages: Any = None) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "on_ray", run_here)
            return module.build(footage, out=str(out), workers=1, stages=stages or fault_stages())

    return build


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    return write_footage(tmp_path / "footage")


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    """Where victims say that they wait."""
    (tmp_path / "faults").mkdir()
    return tmp_path / "faults"


@pytest.fixture(scope="session")
def clean(build_here, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus that one undisturbed process makes of `footage`."""
    folder = tmp_path_factory.mktemp("clean")
    build_here(write_footage(folder / "footage"), folder / "out")
    return folder / "out"


@pytest.fixture
def start() -> Iterator[Callable[..., Any]]:
    """Start a `Build`; whatever is left of it at the end of the test is killed."""
    from processes import Build  # type: ignore[import-not-found]

    builds: list[Any] = []

    def started(*args: Any, **more: Any) -> Any:
        builds.append(Build(*args, **more))
        return builds[-1]

    yield started
    for build in builds:
        if build.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(build.process.pid, signal.SIGCONT)
            build.kill()
        build.log.close()


def contents(corpus: Path) -> dict[str, bytes]:
    """Every file of a corpus but the work files."""
    return {
        path.relative_to(corpus).as_posix(): path.read_bytes()
        for path in sorted(corpus.rglob("*"))
        if path.is_file() and "_work" not in path.parts
    }


@pytest.fixture
def same() -> Callable[[Path, Path], str]:
    """That two corpora are the same to the byte, with every clip once; said in words."""
    from style2talker.corpus.reader import Corpus
    from style2talker.corpus.verify import verify

    def compare(out: Path, truth: Path) -> str:
        assert verify(str(out)) == []
        assert contents(out) == contents(truth)
        ids = [row["clip_id"] for row in Corpus.open(str(out)).clips(columns=["clip_id"])]
        assert len(ids) == len(set(ids)) > 0
        return f"same sha256 of all {len(contents(out))} files, {len(ids)} clips"

    return compare


@pytest.fixture
def row(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str, str, str], None]:
    """A row of the table in docs/reliability.md: the fault, what the build did, what came of it.

    What differs from run to run in a sentence (folder, host, process) is made the same.
    """

    def add(fault: str, happens: str, result: str) -> None:
        neutral = happens.replace(str(tmp_path), "DIR").replace(f" on {os.uname().nodename}", " on HOST")
        happens = re.sub(r"process \d+", "process N", neutral)
        request.node.user_properties.append(("row", (fault, happens, result)))

    return add


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount, or mount anew, a filesystem in memory with the given options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        if os.path.ismount(folder):
            options = f"remount,{options}"
        if shutil.which("mount") is None:
            pytest.skip("there is no mount command here")
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no filesystem can be mounted here ({done.stderr.strip()})")
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
