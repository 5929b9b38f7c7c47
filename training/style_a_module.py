"""The Lightning module of Style-A: generator against discriminator, and what is logged.

Two optimisers, so optimisation is manual: the generator's step first, with the discriminator frozen, then the
discriminator's on the same pictures. Axes: B batch, H W pixels.
"""

from collections import deque
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader, default_collate

from style2talker.face.model import embedded
from style2talker.nets.checkpoint import save_checkpoint
from style2talker.nets.discriminator import Discriminator
from style2talker.nets.perceptual import PerceptualNet
from style2talker.nets.warp import resize
from style2talker.style_a.colour import colour_map, recolour
from style2talker.style_a.generator import StyleAGenerator
from style2talker.style_a.losses import (
    NUM_CONDITIONS,
    condition,
    discriminator_loss,
    generator_losses,
    gradient_penalty,
)
from training.config import config_sha256
from training.module import CountedModule
from training.style_a_config import StyleATraining
from training.style_a_data import FacePairs

GENERATOR_BETAS = (0.9, 0.99)
"""As in Style2Talker: most of the loss is a regression, which momentum helps."""
DISCRIMINATOR_BETAS = (0.0, 0.99)
"""As in StyleGAN2."""
NUM_VALIDATION_SAMPLES = 32
NUM_GRID_ROWS = 6
REPORT_STEPS = 25
"""Steps at each end of a run whose mean losses are printed."""


class StyleAModule(CountedModule):
    """Trains a `StyleAGenerator`.

    Args:
        config: of the run.
        train, val: samples of the splits; `val` may be None.
        perceptual_net: feature network of the perceptual and art losses.
    """

    def __init__(
        self,
        config: StyleATraining,
        *,
        train: FacePairs,
        val: FacePairs | None,
        perceptual_net: PerceptualNet,
    ) -> None:
        torch.manual_seed(config.seed)
        model = replace(config.model, resolution=config.resolution)
        generator = StyleAGenerator(model)
        super().__init__(config, averaged=generator, half_life_samples=config.half_life_samples)
        self.automatic_optimization = False
        self.settings = config
        self.generator = generator
        channels = [model.channels(size) for size in (*reversed(model.sizes_px), 8, 4)]
        self.discriminator = Discriminator(
            channels, condition_dim=NUM_CONDITIONS if config.conditional_discriminator else 0
        )
        # Outside the module tree: frozen, so neither saved nor averaged nor shared between ranks.
        self._perceptual = [perceptual_net]
        self.train_samples, self.val_samples = train, val
        self.first_losses: list[dict[str, float]] = []
        self.last_losses: deque[dict[str, float]] = deque(maxlen=REPORT_STEPS)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        pictures = self._pictures(batch)
        optimise_g, optimise_d = cast(list[Any], self.optimizers())
        weights = self.settings.losses
        adversarial = weights.adversarial > 0 and self.samples_seen >= self.settings.adversarial_from_samples

        self.toggle_optimizer(optimise_g)
        output, losses = self.generator_step(batch, pictures, adversarial=adversarial)
        optimise_g.zero_grad()
        self.manual_backward(losses["loss"])
        optimise_g.step()
        self.untoggle_optimizer(optimise_g)
        optimise_g.zero_grad()

        if adversarial:
            self.toggle_optimizer(optimise_d)
            losses |= self.discriminator_step(pictures, output.detach(), optimise_d)
            self.untoggle_optimizer(optimise_d)
        self._log("train", losses, len(batch["sample"]))

    def generator_step(
        self, batch: dict[str, Tensor], pictures: dict[str, Tensor], *, adversarial: bool
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's pictures and its losses for a batch."""
        generator, degree_b = self.generator, batch["degree"]
        content = generator.encode(pictures["source"], seed=self._noise_seed())
        style = generator.style(content, pictures["art"], degree_b)
        layers = generator.layers(content, style, batch["window"], batch["prior"])
        output = layers.compose(content, style, size_px=generator.config.resolution)
        losses = generator_losses(
            output=output,
            mask=layers.mask,
            flow=layers.flow,
            teacher=pictures["teacher"],
            art=pictures["art"],
            degree_b=degree_b,
            prior=batch["prior"],
            fake_logit_b=self.discriminator(output, pictures["condition"]) if adversarial else None,
            perceptual_net=self.perceptual_net(),
            weights=self.settings.losses,
        )
        return output, losses

    def discriminator_step(
        self, pictures: dict[str, Tensor], fake: Tensor, optimiser: Any
    ) -> dict[str, Tensor]:
        """One step of the discriminator; every `r1_every_steps` steps with the gradient penalty."""
        every = self.settings.r1_every_steps
        due = (self.samples_seen // self.settings.batch_size) % every == 0 and self.settings.losses.r1 > 0
        real = pictures["teacher"].detach().requires_grad_(due)
        real_logit_b = self.discriminator(real, pictures["condition"])
        losses = {
            "discriminator": discriminator_loss(real_logit_b, self.discriminator(fake, pictures["condition"]))
        }
        total = losses["discriminator"]
        if due:
            losses["r1"] = gradient_penalty(real_logit_b, real)
            total = total + losses["r1"] * self.settings.losses.r1 * every
        optimiser.zero_grad()
        self.manual_backward(total)
        optimiser.step()
        optimiser.zero_grad()
        return losses

    @torch.no_grad()
    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """How far from the target the plain photograph and the stylised one are."""
        pictures = self._pictures(batch)
        _output, losses = self.generator_step(batch, pictures, adversarial=False)
        plain, _ = self.generator(
            pictures["source"],
            pictures["art"],
            torch.zeros_like(batch["degree"]),
            batch["window"],
            batch["prior"],
        )
        net = self.perceptual_net()
        losses["plain_l1"] = (plain - pictures["target"]).abs().mean() / 2
        losses["plain_lpips"] = net.distance(net(plain), net(pictures["target"])).mean()
        self._log("val", losses, len(batch["sample"]))

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        # The same parameters in another grouping would break old resume files, so the split goes by name.
        slow = ("motion_encoder.", "motion_generator.", "refinement.")
        named = list(self.generator.named_parameters())
        groups = [
            {
                "params": [value for name, value in named if name.startswith(slow)],
                "lr": self.settings.motion_rate,
            },
            {"params": [value for name, value in named if not name.startswith(slow)]},
        ]
        return [
            torch.optim.Adam(groups, lr=self.settings.generator_rate, betas=GENERATOR_BETAS),
            torch.optim.Adam(
                self.discriminator.parameters(),
                lr=self.settings.discriminator_rate,
                betas=DISCRIMINATOR_BETAS,
            ),
        ]

    def train_dataloader(self) -> DataLoader:
        return self.loader(self.train_samples, first_sample=self.samples_seen, last_sample=None)

    def val_dataloader(self) -> DataLoader | list:
        if self.val_samples is None:
            return []
        return self.loader(self.val_samples, first_sample=0, last_sample=NUM_VALIDATION_SAMPLES)

    def save_inference(self, out: str) -> None:
        """Write the averaged generator and a picture of what it does: OUT/samples.png."""
        about = {
            "model": asdict(self.generator.config),
            "face_model": embedded().name,
            "face_model_sha256": embedded().sha256,
            "samples_seen": self.samples_seen,
            "config_sha256": config_sha256(self.settings),
        }
        save_checkpoint(out, kind="style-a", config=about, state=self.generator.state_dict())
        grid = self.sample_grid()
        cv2.imwrite(str(Path(out) / "samples.png"), cv2.cvtColor(grid, cv2.COLOR_RGB2BGR))
        if isinstance(self.logger, TensorBoardLogger):
            title = "source, target, output d=0, output d=1, teacher d=1, art"
            self.logger.experiment.add_image(title, grid, self.samples_seen, dataformats="HWC")

    @torch.no_grad()
    def sample_grid(self) -> np.ndarray:
        """Rows of source, target, output at d=0 and d=1, teacher and art picture; uint8 RGB."""
        samples = self.val_samples or self.train_samples
        batch = default_collate([samples[index] for index in range(NUM_GRID_ROWS)])
        batch = {name: value.to(self.device) for name, value in batch.items()}
        batch["degree"] = torch.ones_like(batch["degree"])
        pictures = self._pictures(batch)
        columns = [pictures["source"], pictures["target"]]
        for degree in (0.0, 1.0):
            degree_b = torch.full_like(batch["degree"], degree)
            content = self.generator.encode(pictures["source"], seed=0)
            style = self.generator.style(content, pictures["art"], degree_b)
            layers = self.generator.layers(content, style, batch["window"], batch["prior"])
            columns.append(layers.compose(content, style, size_px=self.generator.config.resolution))
        columns += [pictures["teacher"], pictures["art"]]
        rows = torch.cat([torch.cat(list(column), dim=1) for column in columns], dim=2)
        return ((rows.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()

    def on_train_end(self) -> None:
        """Print what the losses were in the first and in the last steps of this run."""
        if not self.trainer.is_global_zero or not self.first_losses:
            return
        for name in ("reconstruction", "perceptual", "art"):
            first, last = (
                float(np.mean([losses[name] for losses in some]))
                for some in (self.first_losses, self.last_losses)
            )
            print(f"{name}: {first:.4f} in the first {len(self.first_losses)} steps, {last:.4f} in the last")

    def perceptual_net(self) -> PerceptualNet:
        """The frozen feature network, on this module's device."""
        return self._perceptual[0].to(self.device)

    def _noise_seed(self) -> int:
        return (self.settings.seed << 40) + self.samples_seen * 64 + self.global_rank

    def _pictures(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """RGB in [-1, 1] [B, 3, H, H]: source, target, art, the teacher at the batch's degrees, and the
        condition.

        The teacher is the drawn target in the colours of the art picture, blended into the target by degree:
        the drawing keeps every edge in place, so a blend of the two is a weaker drawing.
        """
        pictures = {
            name: (batch[name].permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(
                memory_format=torch.channels_last
            )
            for name in ("source", "target", "drawn", "art")
        }
        degree_b = batch["degree"]
        drawn = pictures.pop("drawn")
        drawn = recolour(drawn, colour_map(drawn, pictures["art"]), torch.ones_like(degree_b)).clamp(-1, 1)
        pictures["teacher"] = torch.lerp(pictures["target"], drawn, degree_b[:, None, None, None])
        pictures["condition"] = condition(resize(pictures["art"], 32), degree_b)
        return pictures

    def _log(self, stage: str, losses: dict[str, Tensor], batch_size: int) -> None:
        self.log_losses(stage, losses, batch_size)
        if stage == "train":
            record = {name: float(value.detach()) for name, value in losses.items()}
            self.last_losses.append(record)
            if len(self.first_losses) < REPORT_STEPS:
                self.first_losses.append(record)
