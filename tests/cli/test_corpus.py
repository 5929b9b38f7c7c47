"""`inspect` and `verify` as a user calls them."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from style2talker.cli import corpus

_path = Path(__file__).parents[1] / "corpus" / "conftest.py"
_spec = importlib.util.spec_from_file_location("tiny_corpus", _path)
assert _spec is not None
assert _spec.loader is not None
tiny = importlib.util.module_from_spec(_spec)
sys.modules["tiny_corpus"] = tiny
_spec.loader.exec_module(tiny)


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    corpus.register(app)
    return app


def run(app: typer.Typer, *arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_inspect_shows_clips_stages_and_rejects(app: typer.Typer, tmp_path: Path) -> None:
    tiny.write_tiny_corpus(tmp_path / "c")
    result = run(app, "inspect", tmp_path / "c")
    assert result.exit_code == 0
    for word in ("4 clips", "train", "happy 2", "track", "1 rejects", "not_media"):
        assert word in result.output
    assert "train1" not in result.output
    assert "train1" in run(app, "inspect", tmp_path / "c", "--clips").output


def test_verify_says_what_is_wrong_and_fails(app: typer.Typer, tmp_path: Path) -> None:
    tiny.write_tiny_corpus(tmp_path / "c")
    assert run(app, "verify", tmp_path / "c").exit_code == 0
    (tmp_path / "c/frames/val-00000.parquet").unlink()
    result = run(app, "verify", tmp_path / "c")
    assert result.exit_code == 1
    assert "frames/val-00000.parquet is missing" in result.output
