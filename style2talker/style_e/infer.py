"""Speech and emotion text to expression coefficients, for speech of any length.

Axes: T frames of the speech, W frames of a window, K expression coefficients, D text embedding.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from style2talker.errors import UserError
from style2talker.nets.checkpoint import config_errors, load_checkpoint, load_weights
from style2talker.style_e.config import OVERLAP, WINDOW, StyleEConfig
from style2talker.style_e.denoiser import Denoiser
from style2talker.style_e.schedule import sampling_steps, schedule
from style2talker.style_e.speech import Speech, SpeechWindows

_STRIDE = WINDOW - OVERLAP


class StyleE:
    """A trained Style-E. `generate` for a whole speech, `stream` for pieces as they are ready.

    Args:
        denoiser: in evaluation mode, on the device to run on.
        config: sizes; the noise schedule is read from it.
        about: what the checkpoint says of itself (face model and its sha256, samples seen, text encoder).
    """

    def __init__(self, denoiser: Denoiser, config: StyleEConfig, about: dict[str, Any]) -> None:
        self.denoiser = denoiser.eval()
        self.config = config
        self.about = about
        self.num_coefficients = denoiser.motion.in_features
        self.num_identity = denoiser.speaker.in_features - self.num_coefficients
        self.text_dim = denoiser.text.in_features

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu") -> "StyleE":
        """Load the directory that `style2talker train style-e --out` wrote.

        Raises:
            UserError: a missing, damaged or foreign checkpoint.
        """
        about, state = load_checkpoint(path, kind="style-e")
        with config_errors(path):
            config = StyleEConfig(**about["model"])
            denoiser = Denoiser(config, **about["sizes"])
        load_weights(denoiser, state, source=path)
        return cls(denoiser.to(device), config, about)

    def generate(
        self,
        audio: np.ndarray | Speech,
        *,
        text_embedding: np.ndarray,
        identity_k: np.ndarray,
        reference_expression_k: np.ndarray,
        seed: int = 0,
        num_steps: int = 5,
        guidance: float = 1.0,
    ) -> np.ndarray:
        """Expression coefficients [T, K] float32 at 25 fps, T = round(audio seconds * 25), at least 1.

        Args:
            audio: [n] 16 kHz mono, any length; or mel windows that are there already.
            text_embedding: [D] of the emotion sentence.
            identity_k: identity coefficients of the face.
            reference_expression_k: one expression of that face, for example the portrait's.
            seed: the same seed gives the same motion.
            num_steps: denoising steps.
            guidance: how much more than the plain prediction the text counts; 1 is plain and twice as fast.

        Raises:
            UserError: an input of the wrong shape.
        """
        pieces = self.stream(
            audio,
            text_embedding=text_embedding,
            identity_k=identity_k,
            reference_expression_k=reference_expression_k,
            seed=seed,
            num_steps=num_steps,
            guidance=guidance,
        )
        return np.concatenate(list(pieces))

    @torch.inference_mode()
    def stream(
        self,
        audio: np.ndarray | Speech,
        *,
        text_embedding: np.ndarray,
        identity_k: np.ndarray,
        reference_expression_k: np.ndarray,
        seed: int = 0,
        num_steps: int = 5,
        guidance: float = 1.0,
    ) -> Iterator[np.ndarray]:
        """What `generate` returns, in pieces of 24 frames (the last differs), in memory that does not grow.

        Each window starts on the last 8 frames of the one before: they are put in its place while it is
        denoised, so its continuation follows from them, and both are cross-faded over those frames.
        """
        speech = SpeechWindows(audio) if isinstance(audio, np.ndarray) else audio
        device = self.denoiser.motion.weight.device
        text_1d = self._row("text_embedding", text_embedding, self.text_dim, device)
        condition = {
            "identity_bi": self._row("identity_k", identity_k, self.num_identity, device),
            "reference_bk": self._row(
                "reference_expression_k", reference_expression_k, self.num_coefficients, device
            ),
        }
        scheduler = schedule(self.config.diffusion_steps)
        steps = sampling_steps(scheduler, num_steps, device)
        fade_wk = torch.linspace(0, 1, OVERLAP + 2, device=device)[1:-1, None]
        known_wk: Tensor | None = None
        for first in range(0, max(1, speech.num_frames - OVERLAP), _STRIDE):
            mel_bwsm = torch.as_tensor(speech(first, WINDOW), device=device)[None]
            x_bwk = self._noise(seed, first // _STRIDE).to(device)[None]
            clean_bwk = x_bwk
            for timestep in steps:
                clean_bwk = self._predict(
                    x_bwk, timestep, mel_bwsm=mel_bwsm, text_bd=text_1d, guidance=guidance, **condition
                )
                held_bwk = clean_bwk
                if known_wk is not None:
                    held_bwk = torch.cat([known_wk[None], clean_bwk[:, OVERLAP:]], dim=1)
                x_bwk = scheduler.step(held_bwk, int(timestep), x_bwk, return_dict=False)[0]
            window_wk = clean_bwk[0]
            if known_wk is not None:
                window_wk = torch.cat([known_wk.lerp(window_wk[:OVERLAP], fade_wk), window_wk[OVERLAP:]])
            known_wk = window_wk[_STRIDE:]
            is_last = first + WINDOW >= speech.num_frames
            length = speech.num_frames - first if is_last else _STRIDE
            yield self.denoiser.denormalise(window_wk[:length]).cpu().numpy()

    def _predict(
        self, x_bwk: Tensor, timestep: Tensor, *, text_bd: Tensor, guidance: float, **condition: Tensor
    ) -> Tensor:
        timestep_b = timestep.reshape(1)
        plain_bwk = self.denoiser(x_bwk, timestep_b, text_bd=text_bd, **condition)
        if guidance == 1:
            return plain_bwk
        without_bwk = self.denoiser(x_bwk, timestep_b, text_bd=torch.zeros_like(text_bd), **condition)
        return without_bwk.lerp(plain_bwk, guidance)

    def _noise(self, seed: int, index: int) -> Tensor:
        """Noise [W, K] of a window; the frames that two windows share have the same noise in both."""
        blocks = [
            np.random.Generator(
                np.random.Philox(key=np.array([seed, block], dtype=np.uint64))
            ).standard_normal((_STRIDE, self.num_coefficients), dtype=np.float32)
            for block in (index, index + 1)
        ]
        return torch.as_tensor(np.concatenate(blocks)[:WINDOW])

    def _row(self, name: str, value: np.ndarray, length: int, device: torch.device) -> Tensor:
        value = np.asarray(value, dtype=np.float32)
        if value.shape != (length,):
            raise UserError(
                f"{name} has shape {value.shape}, expected ({length},); the checkpoint was trained on face "
                f"model {self.about.get('face_model', 'unknown')} with {self.text_dim} text dimensions"
            )
        return torch.tensor(value, device=device)[None]  # a copy: rows of a corpus are read-only
