"""Configs come from YAML and the command line; what is not understood is said, with the nearest key."""

from dataclasses import replace
from pathlib import Path

import pytest

from style2talker.errors import UserError
from training.config import config_sha256, parse_config, write_resolved
from training.style_e_config import StyleETraining

NEEDED = ["--corpus", "somewhere", "--out", "there"]


def parse(*argv: str) -> StyleETraining:
    return parse_config(StyleETraining, [*NEEDED, *argv], prog="train style-e")


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("batch_size: 8\nseed: 5\nmodel:\n  hidden: 64\n")
    config = parse("--config", str(file), "--seed", "7")
    assert (config.batch_size, config.seed, config.model.hidden) == (8, 7, 64)


def test_dashes_and_bare_flags_are_understood() -> None:
    config = parse("--num-samples", "10", "--dry-run", "--model.num-layers=3")
    assert (config.num_samples, config.dry_run, config.model.num_layers) == (10, True, 3)


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("--learning_rat", "learning_rate"),
        ("--model.hiden", "model.hidden"),
        ("--losses.mouht", "losses.mouth"),
    ],
)
def test_an_unknown_option_names_the_nearest(given: str, nearest: str) -> None:
    with pytest.raises(UserError, match=f"did you mean `{nearest}`"):
        parse(given, "1")


def test_an_unknown_key_of_a_file_names_file_and_nearest(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("model:\n  num_layer: 2\n")
    with pytest.raises(
        UserError, match=r"run\.yaml: unknown key `model\.num_layer`; did you mean `model\.num_layers`"
    ):
        parse("--config", str(file))


@pytest.mark.parametrize("argv", [["--seed", "many"], ["--dry_run", "perhaps"]])
def test_a_value_of_the_wrong_type_is_one_sentence(argv: list[str]) -> None:
    with pytest.raises(UserError, match=argv[0].strip("-")):
        parse(*argv)


def test_a_group_of_keys_that_is_one_value_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("model: 3\n")
    with pytest.raises(UserError, match="--help"):
        parse("--config", str(file))


def test_a_missing_option_is_named() -> None:
    with pytest.raises(UserError, match="corpus"):
        parse_config(StyleETraining, ["--out", "x"], prog="train style-e")


def test_help_documents_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        parse("--help")
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "Samples over which the learning rate rises" in text
    assert "Width of the denoiser" in text
    assert "URI of the corpus" in text


def test_the_hash_is_of_what_is_learned_not_of_where(tmp_path: Path) -> None:
    config = parse()
    assert config_sha256(replace(config, out="elsewhere", devices=2, max_minutes=3)) == config_sha256(config)
    assert config_sha256(replace(config, seed=1)) != config_sha256(config)
    path = write_resolved(replace(config, out=str(tmp_path)), extra={})
    assert config_sha256(config) in path.read_text()
