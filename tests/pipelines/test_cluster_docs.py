"""docs/laptop.md, ray_cluster.md and slurm.md: every command and option in them exists."""

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import click
import pytest
import typer
from ray.scripts import scripts

from pipelines.metrics import COUNTERS
from style2talker.cli import app

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("laptop.md", "ray_cluster.md", "slurm.md")
PROGRAMS = {"style2talker": typer.main.get_command(app), "ray": scripts.cli}


def blocks(page: str) -> list[str]:
    found = re.findall(r"^```(?:bash)?\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)
    return [block.replace("\\\n", " ") for block in found]


def commands(page: str) -> list[list[str]]:
    """The words of every call of one of `PROGRAMS`; one ends where the next begins."""
    calls = []
    for line in "\n".join(blocks(page)).splitlines():
        words = line.split("#")[0].split()
        starts = [i for i, word in enumerate(words) if word in PROGRAMS] + [len(words)]
        calls += [words[start:end] for start, end in pairwise(starts)]
    return [call for call in calls if len(call) > 1]  # `grep style2talker` is no call


@pytest.mark.parametrize("page", PAGES)
def test_its_commands_and_options_exist(page: str) -> None:
    calls = commands(page)
    assert len(calls) >= 4
    for program, name, *words in calls:
        command = PROGRAMS[program]
        assert isinstance(command, click.Group) or hasattr(command, "commands")
        assert name in command.commands, (program, name)
        known = {option for parameter in command.commands[name].params for option in parameter.opts}
        if name == "symmetric-run":  # it passes on what `ray start` takes
            known |= {option for parameter in scripts.start.params for option in parameter.opts}
        given = {word.split("=")[0] for word in words if re.match(r"--\w", word)}
        assert given <= known, (name, given - known)


@pytest.mark.parametrize("page", PAGES)
def test_the_shell_can_read_its_scripts(page: str) -> None:
    for block in blocks(page):
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_counters_are_those_that_exist() -> None:
    named = set(re.findall(r"ray_(style2talker_\w+)", (DOCS / "ray_cluster.md").read_text()))
    assert named == set(COUNTERS)
