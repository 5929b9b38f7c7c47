"""A checkpoint for inference: a directory of `weights.safetensors` and `config.json`, nothing executable."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from style2talker.errors import UserError

WEIGHTS = "weights.safetensors"
CONFIG = "config.json"


def save_checkpoint(
    directory: str | Path, *, kind: str, config: dict[str, Any], state: dict[str, Tensor]
) -> Path:
    """Write weights and config; each file appears whole or not at all, weights first.

    Args:
        directory: created if missing.
        kind: the system, `style-e` or `style-a`; checked on loading.
        config: JSON values that rebuild the network.
        state: tensors by name.
    """
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    draft = target / f".{WEIGHTS}.part"
    save_file(tensors, draft, metadata={"kind": kind})
    os.replace(draft, target / WEIGHTS)
    draft = target / f".{CONFIG}.part"
    draft.write_text(json.dumps({"kind": kind, **config}, indent=2, sort_keys=True) + "\n")
    os.replace(draft, target / CONFIG)
    return target


def load_checkpoint(directory: str | Path, *, kind: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read (config, state on the CPU) of a checkpoint written by `save_checkpoint`.

    Raises:
        UserError: no such directory, a file missing or damaged, or a checkpoint of another system.
    """
    source = Path(directory)
    for name in (CONFIG, WEIGHTS):
        if not (source / name).is_file():
            raise UserError(
                f"{source}: no {name} there, expected a checkpoint directory with {CONFIG} and {WEIGHTS}; "
                f"give the --out directory of `style2talker train {kind}`"
            )
    try:
        config = json.loads((source / CONFIG).read_text())
        state = load_file(source / WEIGHTS)
    except (ValueError, SafetensorError) as problem:
        raise UserError(
            f"{source}: the checkpoint is damaged ({problem}); copy or train it again"
        ) from problem
    found = config.get("kind") if isinstance(config, dict) else None
    if found != kind:
        raise UserError(f"{source}: holds a {found} checkpoint, expected {kind}; give another path")
    return config, state


@contextmanager
def config_errors(source: str | Path) -> Iterator[None]:
    """Around what is built from a checkpoint's config: a key that is missing or unknown is one sentence.

    Raises:
        UserError: the config is of another version, or was edited.
    """
    try:
        yield
    except (KeyError, TypeError) as problem:
        raise UserError(
            f"{source}: its {CONFIG} is not one of this version ({problem}); use the version that trained "
            "it, or train it again"
        ) from problem


def check_face_model(config: dict[str, Any], sha256: str, *, source: str | Path) -> None:
    """Refuse a checkpoint whose coefficients mean something else.

    Raises:
        UserError: it was trained on another face model than the one with `sha256`.
    """
    trained = str(config.get("face_model_sha256"))
    if trained != sha256:
        raise UserError(
            f"{source}: was trained on face model {trained[:12]}, this version has {sha256[:12]}; "
            "train it again or use the version that trained it"
        )


def load_weights(module: nn.Module, state: dict[str, Tensor], *, source: str | Path) -> None:
    """Put `state` into `module`, every name and shape matching.

    Raises:
        UserError: names or shapes differ.
    """
    own = module.state_dict()
    wrong = sorted(own.keys() ^ state.keys())
    wrong += sorted(name for name in own.keys() & state.keys() if own[name].shape != state[name].shape)
    if wrong:
        raise UserError(
            f"{source}: {len(wrong)} tensors do not fit the network of its config (first: {wrong[0]}); "
            f"take config.json and weights.safetensors from the same run"
        )
    with torch.no_grad():
        module.load_state_dict(state)
