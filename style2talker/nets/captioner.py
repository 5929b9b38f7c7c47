"""A vision-language model that describes pictures: any that transformers loads for image-text-to-text.

The user brings the model, a directory as the Hugging Face hub has it (Qwen2-VL, BLIP, SmolVLM, ...). Models
without a chat template, such as BLIP, get one picture and the beginning of a sentence to go on with.

Decoding is greedy: the same pictures and prompt give the same text.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from style2talker.errors import UserError
from style2talker.weights.local import file_hashes, local_model

_FILES = ("config.json", "*processor_config.json", "*.safetensors")


def assets_of(directory: str) -> dict[str, str]:
    """Name and sha256 of the model's files. Raises like `Captioner`."""
    return file_hashes(_checked(directory))


class Captioner:
    """The model, loaded once.

    Args:
        directory: with config, weights in safetensors, processor and tokenizer.
        device: of torch.
        dtype: name of a torch dtype.

    Raises:
        UserError: the directory lacks files, or transformers cannot read it as such a model.
    """

    def __init__(self, directory: str, *, device: str = "cpu", dtype: str = "float32") -> None:
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        path = _checked(directory)
        try:
            self._processor = AutoProcessor.from_pretrained(path, local_files_only=True)
            self._net = AutoModelForImageTextToText.from_pretrained(
                path, local_files_only=True, use_safetensors=True, dtype=getattr(torch, dtype)
            )
        except (ValueError, KeyError, OSError, RuntimeError) as error:
            raise UserError(
                f"captioner {directory}: transformers cannot read it ({error}); give the directory of a "
                "model for image-text-to-text, such as Qwen2-VL or BLIP."
            ) from error
        self._net = self._net.to(device).eval()
        self._torch = torch

    def __call__(
        self, frames_nhw3: Sequence[np.ndarray], *, question: str, opening: str, most_tokens: int
    ) -> str:
        """What the model says.

        Args:
            frames_nhw3: uint8 RGB pictures of one clip, in order.
            question: for models that chat; they see all pictures.
            opening: for models that go on with a text; they see the middle picture.
            most_tokens: where the text is cut off.
        """
        images = list(frames_nhw3)
        chats = bool(getattr(self._processor, "chat_template", None))
        if chats:
            content = [{"type": "image"} for _ in images] + [{"type": "text", "text": question}]
            text = self._processor.apply_chat_template(
                [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
            )
        else:
            text, images = opening, [images[len(images) // 2]]
        inputs = self._processor(images=images, text=[text], return_tensors="pt")
        inputs = inputs.to(self._net.device, dtype=self._net.dtype)
        with self._torch.inference_mode():
            tokens = self._net.generate(**inputs, max_new_tokens=most_tokens, do_sample=False, num_beams=1)
        if chats:
            tokens = tokens[:, inputs["input_ids"].shape[1] :]  # the answer without the question
        (answer,) = self._processor.batch_decode(tokens, skip_special_tokens=True)
        return " ".join(answer.split())


def _checked(directory: str) -> Path:
    return local_model(directory, needs=_FILES, publisher="transformers")
