"""The README's commands are real: every subcommand answers and every option it shows exists."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from style2talker.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def commands() -> list[list[str]]:
    """Every `style2talker ...` line of the README's code blocks, continuation lines joined, comments cut."""
    blocks = re.findall(r"^```\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    text = "\n".join(blocks).replace("\\\n", " ")
    lines = [
        shlex.split(line, comments=True) for line in text.splitlines() if line.startswith("style2talker ")
    ]
    return [line[1:] for line in lines]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_options_that_the_readme_shows_exist(words: list[str]) -> None:
    nested = words[0] in ("train", "weights", "face", "face-model", "voice")
    answer = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [*words[: 1 + nested], "--help"])
    assert answer.exit_code == 0, answer.output
    missing = {word for word in words if word.startswith("--")} - set(re.findall(r"--[\w-]+", answer.output))
    assert not missing


def test_every_make_target_that_the_readme_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", README, flags=re.MULTILINE)) <= targets


def test_every_file_that_the_readme_links_is_there() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
