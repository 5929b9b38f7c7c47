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
    import tokenizers
    import torch
    from faster_whisper.tokenizer import Tokenizer
    from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration
    from transformers.modeling_outputs import BaseModelOutput
    from transformers.utils import logging

    logging.set_verbosity_error()  # generate would warn, in each call, of what is meant
    local_model(directory, needs=FILES, publisher="WhisperForConditionalGeneration.save_pretrained")
    try:
        model: Any = WhisperForConditionalGeneration.from_pretrained(
            directory,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32 if device == "cpu" else torch.float16,
            attn_implementation="eager",  # the only one that gives its weights
        )
        extract = WhisperFeatureExtractor.from_pretrained(directory, local_files_only=True)
        backend = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{directory} holds no Whisper model with safetensors ({reason}): give a directory as "
            "WhisperForConditionalGeneration.save_pretrained makes it."
        ) from error
    model = model.to(device).eval()
    is_multilingual = bool(getattr(model.generation_config, "is_multilingual", False))

    @cache
    def tokenizer_of(language: str) -> Tokenizer:
        return Tokenizer(backend, is_multilingual, task="transcribe", language=language)

    @torch.inference_mode()
    def recognise(windows: Sequence[np.ndarray]) -> list[Segment]:
        mels = [
            extract(window, sampling_rate=16_000, return_tensors="pt").input_features for window in windows
        ]
        encoded_btc = model.get_encoder()(torch.cat(mels).to(device, model.dtype)).last_hidden_state

        def encoded(batch_btc: torch.Tensor) -> BaseModelOutput:
            return BaseModelOutput(last_hidden_state=batch_btc)  # generate changes what it is given

        spoken: dict[str, Any] = {}
        languages = ["en"] * len(windows)
        if is_multilingual:
            ids = model.detect_language(encoder_outputs=encoded(encoded_btc)).tolist()
            languages = [str(backend.id_to_token(each))[2:-2] for each in ids]
            spoken = {"language": languages, "task": "transcribe"}
        tokens_bn = model.generate(
            encoder_outputs=encoded(encoded_btc),
            num_beams=BEAM,
            do_sample=False,
            max_new_tokens=min(MAX_TOKENS, model.config.max_target_positions // 2),
            return_timestamps=False,
            **spoken,
        )
        segments = []
        for place, (tokens_n, language) in enumerate(zip(tokens_bn.tolist(), languages, strict=True)):
            tokenizer = tokenizer_of(language)
            tokens = [token for token in tokens_n if token < tokenizer.eot]
            prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
            out = model(
                encoder_outputs=encoded(encoded_btc[place : place + 1]),
                decoder_input_ids=torch.tensor([[*prompt, *tokens, tokenizer.eot]], device=device),
                output_attentions=True,
                use_cache=False,
            )
            logits_nv = out.logits[0].float().cpu()
            log_probability_n = logits_nv.log_softmax(-1)[len(prompt) - 1 : -1]
            log_probability_n = log_probability_n[range(len(tokens) + 1), [*tokens, tokenizer.eot]]
            heads = _alignment_heads(model)
            attention_hnt = torch.stack([out.cross_attentions[layer][0, head] for layer, head in heads])
            num_steps = max(len(windows[place]) // 320, 1)
            steps_n = _first_steps(attention_hnt[:, len(prompt) - 1 : -1, :num_steps].float().cpu().numpy())
            segments.append(
                Segment(
                    language=language,
                    words=timed_words(
                        _alignment(tokenizer, tokens, steps_n, log_probability_n.exp().tolist()),
                        duration_s=len(windows[place]) / 16_000,
                    ),
                    no_speech=float(logits_nv[0].softmax(-1)[tokenizer.no_speech]),
                    log_probability=float(log_probability_n.mean()),
                    compression=compression_of(tokenizer.decode(tokens)),
                )
            )
        return segments

    return in_batches(recognise, batch_size)


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
