"""`build`, `build --plan`, `retry` and `forget` as a user calls them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from fake_stages import MOODY, MOODY_FRAMES, fake_stages  # type: ignore[import-not-found]
from typer.testing import CliRunner

from style2talker.cli import build
from style2talker.errors import UserError

Run = Callable[..., Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, build_here: Any) -> Run:
    """The commands with fake stages and without Ray."""
    for module in ("pipelines.build", "pipelines.retry"):
        monkeypatch.setattr(f"{module}.stages_of", lambda profile, device="cpu", fetch=False: fake_stages())
    app = typer.Typer()
    build.register(app)
    runner = CliRunner(env={"COLUMNS": "160"})
    return lambda *arguments: runner.invoke(app, [str(argument) for argument in arguments])


def test_a_plan_says_what_would_run_and_writes_nothing(run: Run, footage: Path, tmp_path: Path) -> None:
    result = run("build", footage, "--out", tmp_path / "out", "--plan")
    assert result.exit_code == 0
    for word in ("14 sources", "partitions", "new (", "one worker", "reject empty.mp4: empty_file", "about"):
        assert word in result.output
    assert not (tmp_path / "out").exists()


def test_a_build_shows_predicted_beside_actual_and_then_has_nothing_to_do(
    run: Run, footage: Path, tmp_path: Path
) -> None:
    result = run("build", footage, "--out", tmp_path / "out")
    assert result.exit_code == 0
    for word in ("predicted", "actual / floor", "track", "26 clips", "4 rejects"):
        assert word in result.output
    assert "Nothing to do." in run("build", footage, "--out", tmp_path / "out", "--plan").output


def test_a_plan_of_a_changed_card_runs_no_model(run: Run, footage: Path, tmp_path: Path) -> None:
    (footage / "card.yaml").write_text("name: talkers\n")
    run("build", footage, "--out", tmp_path / "out")
    (footage / "card.yaml").write_text("name: talkers\nlicence: CC0-1.0\n")
    result = run("build", footage, "--out", tmp_path / "out", "--plan")
    assert "labels or clips changed" in result.output
    assert "No model runs" in result.output


def test_retry_tells_what_it_did_or_that_nothing_failed(run: Run, footage: Path, tmp_path: Path) -> None:
    (footage / "broken.mp4").unlink()
    (footage / "moody.mp4").write_text(str(MOODY_FRAMES))
    MOODY[0] = True
    try:
        assert "4 rejects" in run("build", footage, "--out", tmp_path / "out").output
    finally:
        MOODY[0] = False
    assert "hear" in run("retry", tmp_path / "out").output
    assert "nothing failed" in run("retry", tmp_path / "out").output


def test_forget_tells_how_many_went(run: Run, footage: Path, tmp_path: Path) -> None:
    run("build", footage, "--out", tmp_path / "out")
    result = run("forget", tmp_path / "out", "--speaker", "talker03")
    assert result.exit_code == 0
    assert "1 recordings are gone from 1 partitions; " in result.output
    assert isinstance(run("forget", tmp_path / "out").exception, UserError)


def test_a_bad_call_is_a_user_error(run: Run, tmp_path: Path) -> None:
    result = run("build", tmp_path / "nowhere", "--out", tmp_path / "c")
    assert isinstance(result.exception, UserError)
    assert "does not exist" in str(result.exception)
    assert run("build", tmp_path, "--out", tmp_path / "c", "--workers", "0").exit_code == 2
