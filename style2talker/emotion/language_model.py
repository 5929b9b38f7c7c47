"""Language models that answer a prompt; a local one of the transformers library.

It answers greedily, so that the same prompt gets the same answer; what it said is kept by
`style2talker.answers` anyway.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from style2talker.errors import UserError
from style2talker.weights.local import file_hashes, local_model

MOST_TOKENS = 96


class LanguageModel(Protocol):
    """Prompts in, as many answers out, in their order and as soon as they are there."""

    name: str
    weights_sha256: str

    def __call__(self, prompts: Sequence[str]) -> Iterable[str]: ...


class LocalModel:
    """A causal language model of the transformers library, from a local directory.

    Args:
        directory: with config.json, tokenizer and safetensors; code in it is not run.
        device: of torch.

    Raises:
        UserError: no such directory; by a call, a model that transformers cannot read.
    """

    def __init__(self, directory: str | Path, *, device: str = "cpu") -> None:
        self._path = local_model(
            directory, needs=("config.json", "*.safetensors", "tokenizer*"), publisher="transformers"
        )
        self._device = device
        self.name = self._path.resolve().name
        self.weights_sha256 = directory_sha256(self._path)

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """Tokenizer and network; not before the first prompt, as all answers may be known."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self._path, local_files_only=True)
            net = AutoModelForCausalLM.from_pretrained(
                self._path, local_files_only=True, use_safetensors=True, dtype="auto"
            )
        except (ValueError, KeyError, OSError) as error:
            raise UserError(
                f"language model {self._path}: transformers cannot read it ({str(error).splitlines()[0]}); "
                "give a causal language model with its tokenizer."
            ) from error
        return tokenizer, net.to(self._device).eval()

    def __call__(self, prompts: Sequence[str]) -> Iterator[str]:
        # one at a time: padding would change the last bits, and with them words, with the company kept
        return map(self._answer, prompts)

    def _answer(self, prompt: str) -> str:
        import torch

        tokenizer, net = self._loaded
        if tokenizer.chat_template:
            messages = [{"role": "user", "content": prompt}]
            text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            encoded = tokenizer(text, return_tensors="pt", add_special_tokens=False)
        else:
            encoded = tokenizer(prompt, return_tensors="pt")
        token_1l = encoded["input_ids"].to(net.device)
        end = tokenizer.eos_token_id
        with torch.inference_mode():
            answer_1l = net.generate(
                input_ids=token_1l,
                attention_mask=torch.ones_like(token_1l),
                max_new_tokens=MOST_TOKENS,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id if end is None else end,
            )
        return tokenizer.decode(answer_1l[0, token_1l.shape[1] :], skip_special_tokens=True)


def directory_sha256(directory: Path) -> str:
    """One hash of every file that can change what the model says."""
    return hashlib.sha256(json.dumps(sorted(file_hashes(directory).items())).encode()).hexdigest()
