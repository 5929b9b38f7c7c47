"""Where a run continues: `resume.ckpt` in its directory, a Lightning checkpoint without code."""

import os
from pathlib import Path
from pickle import UnpicklingError  # what torch.load raises; nothing is unpickled here
from typing import Any

import lightning.pytorch as pl
import torch

from style2talker.corpus.manifest import NAME as MANIFEST
from style2talker.corpus.uri import open_store
from style2talker.errors import UserError
from training.config import RunConfig, config_sha256

RESUME = "resume.ckpt"


def resume_path(config: RunConfig) -> Path | None:
    """The file this run continues from, or None for a fresh start; what `resume` means is in `RunConfig`.

    Raises:
        UserError: the named file is missing, or the run there had another config or another corpus.
    """
    if config.resume == "none":
        return None
    path = Path(config.out) / RESUME if config.resume == "auto" else Path(config.resume)
    if not path.is_file():
        if config.resume == "auto":
            return None
        raise UserError(
            f"resume: {path} does not exist, expected a {RESUME} of an earlier run, `auto` or `none`"
        )
    saved = read_resume(path)
    if saved.get("config_sha256") != config_sha256(config):
        raise UserError(
            f"resume: {path} has another config (seed, batch size, model, losses or rates differ); "
            f"use the same keys, another --out, or --resume none to start anew"
        )
    if saved.get("corpus_sha256") != corpus_sha256(config.corpus):
        raise UserError(
            f"resume: {path} was trained on a corpus whose manifest differs from the one at {config.corpus}; "
            "use that corpus, another --out, or --resume none to start anew"
        )
    return path


def corpus_sha256(uri: str) -> str:
    """Hash of the manifest, which names every shard by its hash; empty where there is no corpus to read."""
    store = open_store(uri)
    return store.sha256(MANIFEST) if store.exists(MANIFEST) else ""


def read_resume(path: Path) -> dict[str, Any]:
    """The content of a resume file: tensors and plain values only, never code.

    Raises:
        UserError: the file is damaged.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, ValueError, OSError, UnpicklingError) as problem:
        raise UserError(
            f"resume: {path} cannot be read ({str(problem).split('.')[0]}); pass --resume none to start anew"
        ) from problem


def save_resume(trainer: pl.Trainer, out: str) -> None:
    """Write the run's resume file whole or not at all. Every rank must call it."""
    target = Path(out) / RESUME
    draft = Path(out) / f".{RESUME}.part"
    trainer.save_checkpoint(draft)
    if trainer.is_global_zero:
        os.replace(draft, target)
    trainer.strategy.barrier("resume file in place")
