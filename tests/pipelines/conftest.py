"""Builds with fake stages, in this process where Ray itself is not what is tested."""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("fake_stages.py")
_spec = importlib.util.spec_from_file_location("fake_stages", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["fake_stages"] = _module  # test modules import it by this name
_spec.loader.exec_module(_module)


class SilentTally:
    """Takes what the stages report and forgets it."""

    class add:  # noqa: N801 - looks like a Ray actor's method
        @staticmethod
        def remote(*_: Any, **__: Any) -> None:
            return None


@contextmanager
def run_here(
    stages: Sequence[Any], *, uri: str, root: str, workers: int | None, address: Any = None
) -> Iterator[Any]:
    """What `on_ray` does, one partition after another, without Ray."""
    from pipelines.run import Worker, raise_if_stopped, row_of, steps_of

    def run(partitions: Sequence[Any], chosen: Sequence[Any]) -> None:
        worker = Worker(uri, steps_of(chosen, chosen, stages, root, SilentTally()))
        for partition in partitions:
            raise_if_stopped(worker(row_of(partition)))

    yield run


@pytest.fixture
def build_here(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`pipelines.build.build` with fake stages and without Ray; gives the manifest. So with `retry`."""
    from fake_stages import fake_stages  # type: ignore[import-not-found]

    from pipelines import build as module

    monkeypatch.setattr(module, "on_ray", run_here)
    monkeypatch.setattr("pipelines.retry.on_ray", run_here)

    def build(footage: Path, out: Path | str, *, stages: Any = None) -> Any:
        stages = stages or fake_stages()
        return module.build(footage, out=str(out), workers=1, stages=stages, shrink=True).manifest

    return build


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    from fake_stages import write_footage  # type: ignore[import-not-found]

    return write_footage(tmp_path / "footage")


def contents(corpus: Path) -> dict[str, bytes]:
    """Every file of a corpus but the work files."""
    return {
        path.relative_to(corpus).as_posix(): path.read_bytes()
        for path in sorted(corpus.rglob("*"))
        if path.is_file() and "_work" not in path.parts
    }


@pytest.fixture(name="contents")
def contents_fixture() -> Callable[[Path], dict[str, bytes]]:
    return contents
