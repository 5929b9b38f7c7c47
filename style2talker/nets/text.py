"""Sentences to vectors: all-MiniLM-L6-v2 (arXiv 1908.10084, 2002.10957), frozen, on the CPU.

Axes: N sentences, L tokens, D channels.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from style2talker.errors import UserError
from style2talker.weights.resolve import resolve

_LONGEST_TOKENS = 256  # the length the model was trained for


class TextEncoder:
    """Mean-pooled, L2-normalised sentence embeddings.

    Args:
        path: a directory with `config.json`, `model.safetensors` and `tokenizer.json` of a BERT sentence
            encoder; by default the registry's `minilm-l6-v2`.

    Raises:
        UserError: a directory without those files.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        from tokenizers import Tokenizer
        from transformers import BertConfig, BertModel

        directory = resolve("minilm-l6-v2") if path is None else Path(path)
        for name in ("config.json", "model.safetensors", "tokenizer.json"):
            if not (directory / name).is_file():
                raise UserError(
                    f"{directory} holds no {name}: a text encoder needs the directory of a BERT sentence "
                    "model; leave the path out to use minilm-l6-v2."
                )
        self._model = BertModel(BertConfig.from_json_file(directory / "config.json"))
        state = load_file(directory / "model.safetensors")
        state.pop("embeddings.position_ids", None)  # a constant that older files carry
        self._model.load_state_dict(state)
        self._model.eval()
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.enable_truncation(min(_LONGEST_TOKENS, self._model.config.max_position_embeddings))
        self._tokenizer.no_padding()

    @property
    def dim(self) -> int:
        """D."""
        return self._model.config.hidden_size

    @torch.inference_mode()
    def __call__(self, sentences: list[str], *, together: bool = False) -> np.ndarray:
        """Embed sentences. A sentence's vector does not depend on what it is embedded with.

        Args:
            together: pad them to one length, in two thirds of the time; the last bits then do depend on it.

        Returns:
            float32 [N, D], unit length.
        """
        vector_nd = np.zeros((len(sentences), self.dim), np.float32)
        if together and sentences:
            return self._together(self._tokenizer.encode_batch(list(sentences)))
        # One at a time: padding to a common length would change the last bits with the company kept.
        for i, encoding in enumerate(self._tokenizer.encode_batch(list(sentences))):
            hidden = self._model(input_ids=torch.tensor([encoding.ids])).last_hidden_state[0]
            vector_nd[i] = torch.nn.functional.normalize(hidden.mean(dim=0), dim=0).numpy()
        return vector_nd

    def _together(self, encodings: list[Any]) -> np.ndarray:
        longest = max(len(encoding.ids) for encoding in encodings)
        token_nl = torch.zeros(len(encodings), longest, dtype=torch.long)
        mask_nl = torch.zeros_like(token_nl)
        for i, encoding in enumerate(encodings):
            token_nl[i, : len(encoding.ids)] = torch.tensor(encoding.ids)
            mask_nl[i, : len(encoding.ids)] = 1
        hidden_nld = self._model(input_ids=token_nl, attention_mask=mask_nl).last_hidden_state
        mean_nd = (hidden_nld * mask_nl[..., None]).sum(dim=1) / mask_nl.sum(dim=1, keepdim=True).clamp(min=1)
        return torch.nn.functional.normalize(mean_nd, dim=1).numpy()
