"""The Lightning module of Style-E: denoiser, losses, data and what is logged.

Axes: B batch, T frames, W frames of a window, K expression, I identity, L lip pairs.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader

from style2talker.evaluate.motion import draw_opening, lip_error_percent, lip_measures
from style2talker.face.model import FaceModel
from style2talker.nets.checkpoint import save_checkpoint
from style2talker.style_e.denoiser import Denoiser, Statistics
from style2talker.style_e.infer import StyleE
from style2talker.style_e.losses import MouthShape, style_e_losses
from style2talker.style_e.schedule import schedule
from style2talker.style_e.speech import MelWindows
from training.config import config_sha256
from training.module import CountedModule
from training.style_e_config import StyleETraining
from training.style_e_data import MotionClip, MotionSamples

_NUM_VALIDATION_SAMPLES = 256
_NUM_VALIDATION_CLIPS = 6
_MOST_FRAMES_FOR_STATISTICS = 100_000


class StyleEModule(CountedModule):
    """Trains a `Denoiser` on the train clips' own sound, and looks at the validation clips.

    Args:
        config: of the run.
        train, val: clips of the splits; `val` may be empty.
        embeddings: of all their sentences.
        face: the face model that the clips were fitted with.
    """

    def __init__(
        self,
        config: StyleETraining,
        *,
        train: list[MotionClip],
        val: list[MotionClip],
        embeddings: Mapping[str, np.ndarray],
        face: FaceModel,
    ) -> None:
        torch.manual_seed(config.seed)
        expression_tk, identity_ti = _frames(train)
        sizes = {
            "num_coefficients": expression_tk.shape[1],
            "num_identity": identity_ti.shape[1],
            "text_dim": len(next(iter(embeddings.values()))),
        }
        denoiser = Denoiser(config.model, **sizes, statistics=Statistics.of(expression_tk, identity_ti))
        super().__init__(config, averaged=denoiser, half_life_samples=config.half_life_samples)
        self.settings = config
        self.sizes = sizes
        self.denoiser = denoiser
        self.mouth = MouthShape(face, identity_ti=identity_ti, expression_tk=expression_tk)
        self.scheduler = schedule(config.model.diffusion_steps)
        self.face = face
        common: dict[str, Any] = {"seed": config.seed, "diffusion_steps": config.model.diffusion_steps}
        self.train_samples = MotionSamples(
            train, embeddings, text_dropout=config.text_dropout, augment=config.augment, **common
        )
        self.val_samples = MotionSamples(val, embeddings, **common) if val else None

    def losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """`loss` and its parts for a batch of `MotionSamples`."""
        clean_bwk = self.denoiser.normalise(batch["expression"])
        noised_bwk = self.scheduler.add_noise(
            clean_bwk, batch["noise"], cast(torch.IntTensor, batch["timestep"])
        )
        predicted_bwk = self.denoiser(
            noised_bwk,
            batch["timestep"],
            mel_bwsm=batch["mel"],
            text_bd=batch["text"],
            identity_bi=batch["identity"],
            reference_bk=batch["reference"],
        )
        identity_bwi = batch["identity"][:, None]
        return style_e_losses(
            predicted_bwk,
            clean_bwk,
            valid_bw=batch["valid"],
            mouth_predicted_bwl=self.mouth(identity_bwi, self.denoiser.denormalise(predicted_bwk)),
            mouth_target_bwl=self.mouth(identity_bwi, batch["expression"]),
            weights=self.settings.losses,
        )

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        losses = self.losses(batch)
        self.log_losses("train", losses, len(batch["sample"]))
        return losses["loss"]

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self.log_losses("val", self.losses(batch), len(batch["sample"]))

    def on_validation_epoch_end(self) -> None:
        """Generate a few validation clips whole: their lip error, and the first one's lips as a picture."""
        assert self.val_samples is not None
        errors = []
        style_e = StyleE(self.denoiser, self.settings.model, self._about())
        for index, clip in enumerate(self.val_samples.clips[:_NUM_VALIDATION_CLIPS]):
            generated_tk = style_e.generate(
                MelWindows(clip.mel_nm, len(clip.expression_tk)),
                text_embedding=self.val_samples.embeddings[clip.sentences[0]],
                identity_k=clip.identity_i,
                reference_expression_k=self.val_samples.reference(index, self.val_samples.stream.rng(index)),
                seed=self.settings.seed,
            )
            generated_t2 = lip_measures(self.face, clip.identity_i, generated_tk)
            truth_t2 = lip_measures(self.face, clip.identity_i, clip.expression_tk)
            errors.append(lip_error_percent(generated_t2, truth_t2))
            if index == 0 and isinstance(self.logger, TensorBoardLogger) and self.trainer.is_global_zero:
                picture = draw_opening(truth_t2[:, 0], generated_t2[:, 0])
                self.logger.experiment.add_image(
                    "lip opening, truth black, generated red", picture, self.samples_seen, dataformats="HWC"
                )
        self.denoiser.train()
        self.log("val/lip_error_percent", float(np.mean(errors)), rank_zero_only=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            self.denoiser.parameters(),
            lr=self.settings.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=self.settings.weight_decay,
            fused=True,
        )

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set the learning rate by samples seen: it needs no planned end, so a run can be prolonged."""
        settings = self.settings
        seen = self.samples_seen + settings.batch_size
        rate = settings.learning_rate * min(1.0, seen / max(1, settings.warm_up_samples))
        rate /= max(1.0, seen / max(1, settings.flat_samples)) ** 0.5
        for group in cast(torch.optim.Optimizer, self.optimizers()).param_groups:
            group["lr"] = rate

    def train_dataloader(self) -> DataLoader:
        return self.loader(self.train_samples, first_sample=self.samples_seen, last_sample=None)

    def val_dataloader(self) -> DataLoader | list:
        if self.val_samples is None:
            return []
        return self.loader(self.val_samples, first_sample=0, last_sample=_NUM_VALIDATION_SAMPLES)

    def save_inference(self, out: str) -> None:
        save_checkpoint(out, kind="style-e", config=self._about(), state=self.denoiser.state_dict())

    def _about(self) -> dict[str, Any]:
        return {
            "model": asdict(self.settings.model),
            "sizes": self.sizes,
            "face_model": self.face.name,
            "face_model_sha256": self.face.sha256,
            "samples_seen": self.samples_seen,
            "config_sha256": config_sha256(self.settings),
        }


def _frames(clips: list[MotionClip]) -> tuple[np.ndarray, np.ndarray]:
    """Expressions [T, K] and identities [T, I] of evenly chosen training frames."""
    total = sum(len(clip.expression_tk) for clip in clips)
    every = -(-total // _MOST_FRAMES_FOR_STATISTICS)
    expression_tk = np.concatenate([clip.expression_tk[::every] for clip in clips])
    lengths = [len(clip.expression_tk[::every]) for clip in clips]
    return expression_tk, np.repeat([clip.identity_i for clip in clips], lengths, axis=0)
