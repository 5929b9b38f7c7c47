"""CLIP (Radford et al. 2021, arXiv 2103.00020) through open_clip: pictures and texts in one space, frozen.

A model is a name of the weights registry (OpenAI's own files), or a directory as open_clip saves it, which is
how LAION's, SigLIP's and other CLIPs are published.

Shapes: N frames, M texts, D channels.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from style2talker.errors import UserError
from style2talker.weights.local import file_hashes, local_model
from style2talker.weights.registry import ENTRIES
from style2talker.weights.resolve import resolve

DEFAULT = "clip-vit-b-32"
"""The model of Style2Talker's own text filter and text condition."""
NUM_LOOKS = 8
_FILES = ("open_clip_config.json", "open_clip_model.safetensors")
_BATCH = 256


def spread(num_frames: int, count: int = NUM_LOOKS) -> np.ndarray:
    """int [min(count, num_frames)]: frames in the middles of equal parts of the clip."""
    count = min(count, num_frames)
    return ((np.arange(count) + 0.5) * num_frames / max(count, 1)).astype(int)


def weights_of(model: str) -> tuple[str, ...]:
    """What the model is called in the weights registry; empty for a directory."""
    return (model,) if model in ENTRIES else ()


def assets_of(model: str) -> dict[str, str]:
    """Name and sha256 of the files of a directory; empty for a name of the registry. Raises like `Clip`."""
    return {} if model in ENTRIES else file_hashes(_directory(model))


class Clip:
    """The two towers, loaded once.

    Args:
        model: a name of the weights registry, or a directory with open_clip's config and weights.
        device: of torch.

    Raises:
        UserError: neither, weights that cannot be had, or files that open_clip cannot read.
    """

    def __init__(self, model: str = DEFAULT, *, device: str = "cpu") -> None:
        import open_clip

        self._device = torch.device(device)
        self._prepare: Callable[[Image.Image], Tensor]
        if model in ENTRIES:
            self._net = open_clip.load_openai_model(str(resolve(model)), precision="fp32", device=device)
            self._prepare = open_clip.image_transform(self._net.visual.image_size, is_train=False)
            self._tokenize = open_clip.SimpleTokenizer(context_length=self._net.context_length)
        else:
            name = f"local-dir:{_directory(model)}"
            try:
                self._net, self._prepare = open_clip.create_model_from_pretrained(name, device=device)
                self._tokenize = open_clip.get_tokenizer(name)
            except (ValueError, KeyError, RuntimeError, OSError) as error:
                raise UserError(
                    f"CLIP model {model}: open_clip cannot read it ({error}); give a directory as its "
                    "`push_to_hf_hub` or the hub makes it, config and weights of one model."
                ) from error
        self._net = self._net.eval().requires_grad_(False)

    @property
    def scale(self) -> float:
        """What the model was trained to multiply cosines by before a softmax."""
        return float(self._net.logit_scale.exp())

    @torch.inference_mode()
    def embed_frames(self, frames_nhw3: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        """float32 [N, D], unit length, of uint8 RGB pictures."""
        pictures = [self._prepare(Image.fromarray(frame)) for frame in frames_nhw3]
        parts = [
            self._net.encode_image(torch.stack(pictures[i : i + _BATCH]).to(self._device), normalize=True)
            for i in range(0, len(pictures), _BATCH)
        ]
        return torch.cat(parts).float().cpu().numpy()

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [M, D], unit length. What is longer than the model reads is cut off."""
        tokens = self._tokenize(list(texts)).to(self._device)
        return self._net.encode_text(tokens, normalize=True).float().cpu().numpy()

    def similarity(self, frames_nhw3: Sequence[np.ndarray] | np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """float32 [M]: each text's cosine with the frames, mean over the frames."""
        return (self.embed_frames(frames_nhw3) @ self.embed_texts(texts).T).mean(axis=0)


def _directory(model: str) -> Path:
    if not Path(model).expanduser().is_dir():
        known = ", ".join(name for name in ENTRIES if name.startswith("clip-"))
        raise UserError(f"CLIP model: got {model!r}, expected {known}, or a directory that open_clip saved.")
    return local_model(model, needs=_FILES, publisher="open_clip")
