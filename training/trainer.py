"""Builds the Lightning trainer and runs it, the same way for every system."""

import logging
import os
import warnings

import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from style2talker.errors import UserError
from training.callbacks import CountAndSave, GradientGuard, ProgressLine
from training.checkpoint import read_resume, resume_path
from training.config import RunConfig, write_resolved
from training.module import CountedModule


def check_devices(config: RunConfig) -> None:
    """Refuse before any work what could only fail after it.

    Raises:
        UserError: a count below 1, or a batch that the devices cannot share equally.
    """
    for name in ("num_samples", "batch_size", "devices", "num_nodes", "save_every_samples"):
        if getattr(config, name) < 1:
            raise UserError(f"{name} is {getattr(config, name)}, expected at least 1")
    world_size = config.devices * config.num_nodes
    if config.batch_size % world_size:
        raise UserError(
            f"batch_size is {config.batch_size}, which {world_size} devices cannot share equally; "
            f"give a multiple of {world_size}"
        )


def fit(module: CountedModule, *, validate: bool, max_gradient_norm: float = 1.0) -> CountedModule:
    """Train `module` as its config says, from its resume file if there is one, and save it.

    Args:
        validate: the module has a `val_dataloader` with something in it.
        max_gradient_norm: gradients are clipped to this norm.
    """
    config = module.config
    resume = resume_path(config)
    write_resolved(config, extra={"torch": torch.__version__, "lightning": pl.__version__})
    if resume is not None:
        seen = read_resume(resume)["samples_seen"]
        if seen >= config.num_samples:
            print(f"{resume}: already trained on {seen} samples; raise --num_samples to train on")
            return module
        print(f"continuing {resume} at sample {seen}")
    trainer = build_trainer(config, validate=validate, max_gradient_norm=max_gradient_norm)
    with warnings.catch_warnings():
        # One process that feeds one small model suits few cores; Lightning always asks for workers.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*LeafSpec.*")  # Lightning's own use of an old torch call
        trainer.fit(module, ckpt_path=resume, weights_only=True)
    return module


def build_trainer(config: RunConfig, *, validate: bool, max_gradient_norm: float = 1.0) -> pl.Trainer:
    """The trainer for `config`; it ends by the sample count, so it has no notion of epochs or steps."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    return pl.Trainer(
        accelerator=config.accelerator,
        devices=config.devices,
        num_nodes=config.num_nodes,
        strategy=config.strategy,
        precision=config.precision,  # type: ignore[arg-type]
        max_epochs=-1,
        max_steps=-1,
        val_check_interval=max(1, config.validate_every_samples // config.batch_size) if validate else None,
        check_val_every_n_epoch=None,
        limit_val_batches=None if validate else 0,
        num_sanity_val_steps=1 if validate else 0,
        use_distributed_sampler=False,
        log_every_n_steps=20,
        logger=TensorBoardLogger(config.out, name="", version="tensorboard"),
        callbacks=[ShareThreads(), CountAndSave(), GradientGuard(max_norm=max_gradient_norm), ProgressLine()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=config.out,
    )


class ShareThreads(pl.Callback):
    """Several processes on one CPU machine divide its cores instead of each taking all of them."""

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if trainer.strategy.root_device.type == "cpu":
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            torch.set_num_threads(max(1, min(torch.get_num_threads(), cores // trainer.num_devices)))
