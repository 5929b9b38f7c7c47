"""`style2talker train` hands every option to the trainer, help included."""

import pytest
from typer.testing import CliRunner

from style2talker.cli.train import app
from style2talker.errors import UserError


def test_help_of_a_trainer_lists_its_options() -> None:
    shown = CliRunner().invoke(app, ["style-e", "--help"])
    assert shown.exit_code == 0
    for words in ("--corpus", "--model.hidden", "URI of the corpus", "frame-to-frame differences"):
        assert words in shown.output


def test_help_of_the_command_names_the_trainers() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert "style-e" in shown.output
    assert "style-a" in shown.output


def test_an_unknown_option_is_a_bad_call() -> None:
    outcome = CliRunner().invoke(app, ["style-e", "--corpus", "x", "--out", "y", "--batchsize", "3"])
    assert isinstance(outcome.exception, UserError)
    assert "did you mean `batch_size`" in str(outcome.exception)


@pytest.mark.parametrize("key", ["devices", "batch_size", "num_samples"])
def test_nonsense_counts_are_refused_before_any_work(key: str) -> None:
    outcome = CliRunner().invoke(app, ["style-e", "--corpus", "x", "--out", "y", f"--{key}", "0"])
    assert isinstance(outcome.exception, UserError)
    assert f"{key} is 0" in str(outcome.exception)
