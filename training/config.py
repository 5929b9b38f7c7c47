"""Run configs: frozen dataclasses that jsonargparse fills from YAML and the command line."""

import difflib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from jsonargparse import ArgumentError, ArgumentParser, set_parsing_settings

from style2talker.errors import UserError


# No slots: jsonargparse reads the default of a nested dataclass through vars().
@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """What every trainer takes. Lengths are counted in samples, so batch and device count change nothing."""

    corpus: str
    """URI of the corpus: a directory, file://, s3:// or gs://."""
    commercial_only: bool = False
    """Use only clips that may be used commercially."""
    out: str
    """Directory of the run: weights, resume state, curves, resolved_config.json."""
    seed: int = 0
    """Sample order, noise and initial weights all follow from it."""
    num_samples: int = 1_000_000
    """Training ends after this many samples seen, counted over all devices and all resumed runs."""
    max_minutes: float = 0.0
    """Stop this run after so many minutes of training, with everything saved; 0 means no limit."""
    batch_size: int = 64
    """Samples per optimiser step over all devices together; the device count must divide it."""
    num_workers: int = 0
    """Loader processes per device; 0 loads in the training process."""
    resume: str = "auto"
    """`auto` continues the run in `out` if there is one, `none` starts anew, a path continues that file."""
    save_every_samples: int = 50_000
    """Samples between two saves of weights and resume state."""
    validate_every_samples: int = 25_000
    """Samples between two looks at the validation split; 0 never looks."""
    accelerator: str = "auto"
    """`auto`, `cpu`, `gpu` or `mps`, as Lightning names them."""
    devices: int = 1
    """Devices per machine."""
    num_nodes: int = 1
    """Machines."""
    strategy: str = "auto"
    """Lightning strategy; `ddp` on GPUs, `ddp_fork` for several processes on one CPU machine."""
    precision: str = "32-true"
    """Lightning precision; `bf16-mixed` suits recent GPUs."""
    dry_run: bool = False
    """Check config, corpus and model, say what would be trained, and stop."""


Config = TypeVar("Config", bound=RunConfig)


def parse_config(config_class: type[Config], argv: Sequence[str], *, prog: str) -> Config:
    """Read `argv` (and the YAML that `--config` names) into `config_class`.

    `--num-samples` is accepted for `--num_samples`, and a bare `--dry_run` for `--dry_run true`.

    Raises:
        UserError: an unknown key, naming the nearest known one; a missing or ill-typed value.
    """
    set_parsing_settings(docstring_parse_attribute_docstrings=True)
    where = prog.removeprefix("style2talker ")  # the command says its own name before every error
    parser = ArgumentParser(prog=prog, exit_on_error=False)
    parser.add_argument("--config", action="config", help="YAML file with any of the keys below.")
    parser.add_class_arguments(config_class, None)
    keys = _keys(config_class)
    words = _normalise(argv, keys)
    for word in words:
        if word.startswith("--"):
            _check_key(word[2:].split("=")[0], [*keys, "config", "help", "print_config"], where)
    for path in _config_files(words):
        for key in _flatten(_read_yaml(path)):
            _check_key(key, list(keys), path)
    try:
        return _build(config_class, parser.parse_args(words))
    except (ArgumentError, TypeError, KeyError, ValueError) as problem:
        raise UserError(f"{where}: {' '.join(str(problem).split())}; see --help.") from problem


def config_sha256(config: RunConfig) -> str:
    """Hash of everything in the config that changes what is learned, 64 hex digits."""
    where_it_runs = {
        *("out", "max_minutes", "num_workers", "resume", "save_every_samples", "validate_every_samples"),
        *("accelerator", "devices", "num_nodes", "strategy", "dry_run", "num_samples", "corpus"),
    }
    kept = {key: value for key, value in asdict(config).items() if key not in where_it_runs}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def write_resolved(config: RunConfig, *, extra: dict[str, Any]) -> Path:
    """Write `resolved_config.json` into the run's directory: every key, its hash and `extra`."""
    path = Path(config.out) / "resolved_config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"config": asdict(config), "config_sha256": config_sha256(config), **extra}
    path.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    return path


def _keys(config_class: type, prefix: str = "") -> dict[str, type]:
    found: dict[str, type] = {}
    for item in fields(config_class):
        found[prefix + item.name] = cast(type, item.type)
        if is_dataclass(item.type):
            found |= _keys(cast(type, item.type), f"{prefix}{item.name}.")
    return found


def _normalise(argv: Sequence[str], keys: dict[str, type]) -> list[str]:
    words: list[str] = []
    for position, word in enumerate(argv):
        if not word.startswith("--"):
            words.append(word)
            continue
        key, equals, value = word[2:].partition("=")
        key = key.replace("-", "_")
        words.append(f"--{key}{equals}{value}")
        last = position + 1 == len(argv) or argv[position + 1].startswith("--")
        if keys.get(key) is bool and not equals and last:
            words.append("true")
    return words


def _check_key(key: str, known: list[str], where: str) -> None:
    if key in known:
        return
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    raise UserError(f"{where}: unknown key `{key}`{hint} (--help lists all keys)")


def _config_files(words: list[str]) -> list[str]:
    named = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--config"]
    return named + [word.partition("=")[2] for word in words if word.startswith("--config=")]


def _read_yaml(path: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(Path(path).read_text())
    except (OSError, yaml.YAMLError) as problem:
        raise UserError(
            f"{path}: cannot be read as YAML ({problem}); give the path of a config file"
        ) from problem
    if not isinstance(content, dict):
        raise UserError(
            f"{path}: holds {type(content).__name__}, expected keys and values such as `batch_size: 64`"
        )
    return content


def _flatten(content: dict[str, Any], prefix: str = "") -> list[str]:
    names: list[str] = []
    for key, value in content.items():
        if isinstance(value, dict):
            names += _flatten(value, f"{prefix}{key}.")
        else:
            names.append(f"{prefix}{key}")
    return names


def _build(config_class: type, values: Any) -> Any:
    given = {}
    for item in fields(config_class):
        value = values[item.name]
        given[item.name] = _build(cast(type, item.type), value) if is_dataclass(item.type) else value
    return config_class(**given)
