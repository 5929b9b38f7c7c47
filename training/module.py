"""What the Lightning modules of all trainers share: sample counter, EMA and what a resume restores."""

from abc import ABC, abstractmethod
from typing import Any

import lightning.pytorch as pl
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from training.checkpoint import corpus_sha256
from training.config import RunConfig, config_sha256
from training.data import RankBatches, sample_loader
from training.ema import Ema


class CountedModule(pl.LightningModule, ABC):
    """A module that knows how many samples it has seen.

    Subclasses set `averaged` to the network whose weights are averaged and saved for inference, and write
    `save_inference`. Validation runs with the averaged weights.

    Args:
        config: the run's config.
        averaged: the network that `ema` follows.
        half_life_samples: of the average, see `training.ema.Ema`.
    """

    def __init__(self, config: RunConfig, *, averaged: nn.Module, half_life_samples: float) -> None:
        super().__init__()
        self.config = config
        self.averaged = averaged
        self.ema = Ema(averaged, half_life_samples=half_life_samples)
        self.samples_seen = 0

    def count(self, batch_size: int) -> None:
        """Called after every optimiser step, before anything is saved."""
        self.samples_seen += batch_size
        self.ema.update(self.averaged, batch_size=batch_size, samples_seen=self.samples_seen)

    @abstractmethod
    def save_inference(self, out: str) -> None:
        """Write the checkpoint that inference loads; the averaged weights are in place while this runs."""

    def loader(self, samples: Dataset, *, first_sample: int, last_sample: int | None) -> DataLoader:
        """This rank's share of the samples from `first_sample` on; see `RankBatches` for the end."""
        batches = RankBatches(
            batch_size=self.config.batch_size,
            first_sample=first_sample,
            last_sample=last_sample,
            rank=self.trainer.global_rank,
            world_size=self.trainer.world_size,
        )
        return sample_loader(
            samples,
            batches,
            num_workers=self.config.num_workers,
            pin_memory=self.trainer.strategy.root_device.type == "cuda",
        )

    def log_losses(self, stage: str, losses: dict[str, Tensor], batch_size: int) -> None:
        """Log the losses of a batch as `stage/name` over the samples seen."""
        values = {f"{stage}/{name}": value.detach() for name, value in losses.items()}
        self.log_dict(values, batch_size=batch_size, sync_dist=stage == "val")
        self.log("step", float(self.samples_seen), batch_size=batch_size)  # TensorBoard's axis: samples seen

    def on_validation_start(self) -> None:
        self.ema.swap(self.averaged)

    def on_validation_end(self) -> None:
        self.ema.swap(self.averaged)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["samples_seen"] = self.samples_seen
        checkpoint["config_sha256"] = config_sha256(self.config)
        checkpoint["corpus_sha256"] = corpus_sha256(self.config.corpus)
        checkpoint["ema"] = self.ema.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.samples_seen = checkpoint["samples_seen"]
        self.ema.load_state_dict(checkpoint["ema"])
