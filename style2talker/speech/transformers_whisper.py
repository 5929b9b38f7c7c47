"""Whisper as transformers saves it: a directory with safetensors, run by PyTorch in windows of 30 s.

The library's own word times are taken from the attention of the whole batch while it decodes, the steps after
a text's end among them: a word's time would depend on the longest text beside it. So each text goes through
the decoder once more, alone, which also gives its probabilities.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from style2talker.errors import UserError
from style2talker.speech.recogniser import (
    BEAM,
    MAX_TOKENS,
    Recogniser,
    Segment,
    compression_of,
    in_batches,
    timed_words,
)
from style2talker.speech.vad import RATE_HZ
from style2talker.weights.local import local_model

FILES = (
    *("config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json"),
    "*.safetensors",
)
_SECONDS_PER_STEP = 0.02  # of the encoder
_MEDIAN_STEPS = 7


def load_transformers(directory: Path, *, device: str = "cpu", batch_size: int = 1) -> Recogniser:
    """A directory as `save_pretrained` makes it.

    Args:
        batch_size: windows that the model decodes at once.

    Raises:
        UserError: a file is missing or describes another model.
    """
    from transformers.utils import logging

    logging.set_verbosity_error()  # generate would warn, in each call, of what is meant
    local_model(directory, needs=FILES, publisher="WhisperForConditionalGeneration.save_pretrained")
    try:
        model = _Model(directory, device)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{directory} holds no Whisper model with safetensors ({reason}): give a directory as "
            "WhisperForConditionalGeneration.save_pretrained makes it."
        ) from error
    return in_batches(model, batch_size)


class _Model:
    """Encode and decode together, align one by one."""

    def __init__(self, directory: Path, device: str) -> None:
        import tokenizers
        import torch
        from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

        net: Any = WhisperForConditionalGeneration.from_pretrained(
            directory,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32 if device == "cpu" else torch.float16,
            attn_implementation="eager",  # the only one that gives its weights
        )
        self._net = net.to(device).eval()
        self._extract: Any = WhisperFeatureExtractor.from_pretrained(directory, local_files_only=True)
        self._backend = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._is_multilingual = bool(getattr(self._net.generation_config, "is_multilingual", False))
        self._tokenizer_of = cache(self._tokenizer)

    def __call__(self, windows: Sequence[np.ndarray]) -> list[Segment]:
        import torch

        with torch.inference_mode():
            mels = [
                self._extract(window_n, sampling_rate=RATE_HZ, return_tensors="pt").input_features
                for window_n in windows
            ]
            mel_bmt = torch.cat(mels).to(self._net.device, self._net.dtype)
            encoded_btc = self._net.get_encoder()(mel_bmt).last_hidden_state
            languages = self._languages(encoded_btc)
            tokens_bn = self._net.generate(
                encoder_outputs=_output(encoded_btc),
                num_beams=BEAM,
                do_sample=False,
                max_new_tokens=min(MAX_TOKENS, self._net.config.max_target_positions // 2),
                return_timestamps=False,
                **({"language": languages, "task": "transcribe"} if self._is_multilingual else {}),
            ).tolist()
            return [
                self._segment(
                    self._tokenizer_of(language), tokens_n, encoded_btc[place : place + 1], window_n
                )
                for place, (language, tokens_n, window_n) in enumerate(
                    zip(languages, tokens_bn, windows, strict=True)
                )
            ]

    def _languages(self, encoded_btc: Any) -> list[str]:
        if not self._is_multilingual:
            return ["en"] * len(encoded_btc)
        tokens = self._net.detect_language(encoder_outputs=_output(encoded_btc)).tolist()
        return [str(self._backend.id_to_token(token)).strip("<|>") for token in tokens]

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        return Tokenizer(self._backend, self._is_multilingual, task="transcribe", language=language)

    def _segment(
        self, tokenizer: Any, tokens_n: Sequence[int], encoded_1tc: Any, window_n: np.ndarray
    ) -> Segment:
        """The text once more through the decoder, for its probabilities and its attention."""
        import torch

        tokens = [token for token in tokens_n if token < tokenizer.eot]
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        said = [*tokens, tokenizer.eot]
        out = self._net(
            encoder_outputs=_output(encoded_1tc),
            decoder_input_ids=torch.tensor([[*prompt, *said]], device=self._net.device),
            output_attentions=True,
            use_cache=False,
        )
        rows = slice(len(prompt) - 1, -1)  # a row foretells the token behind it
        logits_nv = out.logits[0].float().cpu()
        log_probability_n = logits_nv.log_softmax(-1)[rows][range(len(said)), said]
        attention_hnt = torch.stack(
            [out.cross_attentions[layer][0, head, rows] for layer, head in _alignment_heads(self._net)]
        )
        num_steps = max(round(len(window_n) / RATE_HZ / _SECONDS_PER_STEP), 1)
        steps_n = _first_steps(attention_hnt[..., :num_steps].float().cpu().numpy())
        alignment = _alignment(tokenizer, tokens, steps_n, log_probability_n.exp().tolist())
        return Segment(
            language=tokenizer.language_code,
            words=timed_words(alignment, duration_s=len(window_n) / RATE_HZ),
            no_speech=float(logits_nv[0].softmax(-1)[tokenizer.no_speech]),
            log_probability=float(log_probability_n.mean()),
            compression=compression_of(tokenizer.decode(tokens)),
        )


def _output(encoded_btc: Any) -> Any:
    """A new one for each call: generate changes what it is given."""
    from transformers.modeling_outputs import BaseModelOutput

    return BaseModelOutput(last_hidden_state=encoded_btc)


def _alignment_heads(model: Any) -> list[tuple[int, int]]:
    """The heads that follow the sound, as the model says; else those of the upper half of the layers."""
    said = getattr(model.generation_config, "alignment_heads", None)
    num_layers, num_heads = model.config.decoder_layers, model.config.decoder_attention_heads
    upper = [(layer, head) for layer in range(num_layers // 2, num_layers) for head in range(num_heads)]
    return [(layer, head) for layer, head in said] if said else upper


def _first_steps(attention_hnt: np.ndarray) -> np.ndarray:
    """[n] the encoder's step at which each token begins, by the cheapest monotone path (as openai-whisper).

    Args:
        attention_hnt: [heads, tokens, steps].
    """
    import torch
    from whisper.timing import dtw_cpu, median_filter

    spread = attention_hnt.std(axis=1, keepdims=True)
    standard_hnt = (attention_hnt - attention_hnt.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-9)
    smooth_hnt = median_filter(torch.from_numpy(standard_hnt), _MEDIAN_STEPS).numpy()
    token_p, step_p = dtw_cpu(-smooth_hnt.mean(axis=0).astype(np.float64))
    return step_p[np.diff(token_p, prepend=-1) > 0]


def _alignment(
    tokenizer: Any, tokens: list[int], steps_n: np.ndarray, probability_n: list[float]
) -> list[dict[str, Any]]:
    words, word_tokens = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    first = np.cumsum([0, *map(len, word_tokens)])
    return [
        {
            "word": word,
            "tokens": its_tokens,
            "start": steps_n[start] * _SECONDS_PER_STEP,
            "end": steps_n[end] * _SECONDS_PER_STEP,
            "probability": float(np.mean(probability_n[start:end])),
        }
        for word, its_tokens, start, end in zip(
            words[:-1], word_tokens[:-1], first[:-2], first[1:-1], strict=True
        )
    ]
