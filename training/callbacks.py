"""Around every optimiser step: counting, saving, stopping, guarding gradients, showing progress."""

import time
from typing import Any

import lightning.pytorch as pl
import torch
from rich.progress import Progress, TaskID
from torch.optim import Optimizer

from style2talker.errors import UserError
from style2talker.progress import progress_bar
from training.checkpoint import save_resume
from training.module import CountedModule


class CountAndSave(pl.Callback):
    """Counts samples, saves when due and at the end, stops at `num_samples` or after `max_minutes`."""

    def __init__(self) -> None:
        self.started_s = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.started_s = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        module = _counted(pl_module)
        config = module.config
        before = module.samples_seen
        module.count(config.batch_size)
        out_of_time = False
        if config.max_minutes > 0:
            late = time.monotonic() - self.started_s >= 60 * config.max_minutes
            out_of_time = bool(trainer.strategy.reduce_boolean_decision(late, all=False))
        if module.samples_seen >= config.num_samples or out_of_time:
            trainer.should_stop = True
        elif module.samples_seen // config.save_every_samples > before // config.save_every_samples:
            self._save(trainer, module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._save(trainer, _counted(pl_module))

    def _save(self, trainer: pl.Trainer, module: CountedModule) -> None:
        save_resume(trainer, module.config.out)
        if trainer.is_global_zero:
            module.ema.swap(module.averaged)
            module.save_inference(module.config.out)
            module.ema.swap(module.averaged)


class GradientGuard(pl.Callback):
    """Clips the gradient norm; a step whose gradient is not finite becomes a step with zero gradient.

    Args:
        max_norm: of all gradients of the optimiser together.
        patience: so many bad steps in a row end the run, naming the sample.

    Raises:
        UserError: `patience` steps in a row were bad.
    """

    def __init__(self, *, max_norm: float, patience: int = 20) -> None:
        self.max_norm = max_norm
        self.patience = patience
        self.num_bad = 0

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        owned = [value for group in optimizer.param_groups for value in group["params"]]
        gradients = [value.grad for value in owned if value.grad is not None]
        norm = torch.nn.utils.clip_grad_norm_(owned, self.max_norm)
        if torch.isfinite(norm):
            self.num_bad = 0
            return
        for gradient in gradients:
            gradient.zero_()
        self.num_bad += 1
        if self.num_bad >= self.patience:
            raise UserError(
                f"the gradient was not finite {self.num_bad} steps in a row, up to sample "
                f"{_counted(pl_module).samples_seen}; lower the learning rate or check the corpus for NaN, "
                f"then "
                f"start again: the run continues from its last save"
            )


class ProgressLine(pl.Callback):
    """One line: samples, samples per second, time left. Rank 0 only."""

    def __init__(self) -> None:
        self.bar: Progress | None = None
        self.task = TaskID(0)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        module = _counted(pl_module)
        self.bar = bar = progress_bar()
        total = module.config.num_samples
        self.task = bar.add_task("training", total=total, completed=module.samples_seen, unit="samples")
        bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.bar is None:
            return
        loss = trainer.callback_metrics.get("train/loss")
        shown = "training" if loss is None else f"training, loss {float(loss):.4f}"
        self.bar.update(self.task, completed=_counted(pl_module).samples_seen, description=shown)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def _counted(module: pl.LightningModule) -> CountedModule:
    assert isinstance(module, CountedModule)
    return module
