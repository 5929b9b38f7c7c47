"""`style2talker weights` from the outside."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from style2talker.cli import app as style2talker
from style2talker.cli.weights import app
from style2talker.errors import UserError
from style2talker.weights import registry, resolve
from style2talker.weights.registry import DEFAULT_SMALL, ENTRIES, Weight, WeightFile

run = CliRunner()


@pytest.fixture(autouse=True)
def offline_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STYLE2TALKER_HOME", str(tmp_path))
    monkeypatch.setenv("STYLE2TALKER_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def register_toy(monkeypatch: pytest.MonkeyPatch, *, optional: bool) -> None:
    file = WeightFile(path="a", sha256="0" * 64, size_bytes=1, urls=("https://example.invalid/a",))
    weight = Weight(
        name="toy",
        version="1",
        summary="",
        licence="MIT",
        commercial_use=True,
        files=(file,),
        optional=optional,
    )
    monkeypatch.setattr(registry, "ENTRIES", {"toy": weight})
    monkeypatch.setattr(registry, "DEFAULT_SMALL", ("toy",))


def test_list_shows_every_entry_with_its_licence() -> None:
    shown = run.invoke(app, ["list"]).stdout
    for name, weight in ENTRIES.items():
        (line,) = [line for line in shown.splitlines() if f" {name} " in line]
        assert weight.licence in line


def test_where_names_the_cache_and_downloads_nothing(offline_cache: Path) -> None:
    lines = run.invoke(app, ["where"]).stdout.split()
    assert [Path(line).parent.parent for line in lines] == [offline_cache] * len(DEFAULT_SMALL)
    assert list(offline_cache.iterdir()) == []


def test_fetch_of_a_named_entry_fails_with_the_reason() -> None:
    result = run.invoke(app, ["fetch", "face_landmarker", "--offline"])
    assert isinstance(result.exception, UserError)
    assert "network is off" in str(result.exception)


@pytest.mark.parametrize("optional", [True, False])
def test_an_optional_entry_is_left_out_of_the_default_set(
    monkeypatch: pytest.MonkeyPatch, optional: bool
) -> None:
    register_toy(monkeypatch, optional=optional)
    result = run.invoke(app, ["fetch"])
    assert (result.exit_code == 0) == optional
    assert ("left out" in result.stderr) == optional


def test_verify_tells_missing_damaged_and_good_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run.invoke(app, ["verify"]).exit_code == 0
    assert run.invoke(app, ["verify", "facex"]).exit_code == 1
    path = resolve.cache_dir("fer-mini") / ENTRIES["fer-mini"].files[0].path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    result = run.invoke(app, ["verify"])
    assert result.exit_code == 1
    assert "fetch fer-mini" in result.stdout


def test_offline_holds_for_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLE2TALKER_OFFLINE", "0")
    result = run.invoke(style2talker, ["--offline", "weights", "fetch", "facex"])
    assert "network is off" in str(result.exception)
