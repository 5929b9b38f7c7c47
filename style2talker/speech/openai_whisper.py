"""Whisper as openai-whisper publishes it: a .pt file, run by PyTorch in windows of 30 s."""

import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from style2talker.errors import UserError
from style2talker.speech.recogniser import BEAM, Recogniser, Segment, timed_words


def load_openai(path: Path, *, device: str = "cpu") -> Recogniser:
    """A checkpoint of openai-whisper.

    Raises:
        UserError: the file is something else.
    """
    import torch
    import whisper
    from whisper.timing import find_alignment
    from whisper.tokenizer import get_tokenizer

    try:
        model = whisper.load_model(str(path), device=device)  # reads tensors alone (weights_only)
    except (EOFError, KeyError, TypeError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path} is not an openai-whisper checkpoint ({type(error).__name__}): give a .pt file that it "
            "published, or the name of weights such as whisper-small."
        ) from error
    half = device != "cpu"
    options = whisper.DecodingOptions(
        language=None if model.is_multilingual else "en",
        beam_size=BEAM,
        temperature=0.0,
        without_timestamps=True,
        fp16=half,
    )

    def recognise(windows: Sequence[np.ndarray]) -> list[Segment]:
        return [hear(window) for window in windows]  # its beam search takes no several at once

    def hear(window_n: np.ndarray) -> Segment:
        padded_n = whisper.pad_or_trim(window_n)
        mel_mt = whisper.log_mel_spectrogram(padded_n, model.dims.n_mels, device=device)
        mel_mt = mel_mt.to(torch.float16 if half else torch.float32)
        found: Any = whisper.decode(model, mel_mt, options)
        tokenizer = get_tokenizer(
            model.is_multilingual,
            num_languages=model.num_languages,
            language=found.language,
            task="transcribe",
        )
        tokens = [token for token in found.tokens if token < tokenizer.eot]
        timings = find_alignment(model, tokenizer, tokens, mel_mt, max(len(window_n) // 160, 2))
        return Segment(
            language=found.language,
            words=timed_words([vars(each) for each in timings], duration_s=len(window_n) / 16_000),
            no_speech=found.no_speech_prob,
            log_probability=found.avg_logprob,
            compression=found.compression_ratio,
        )

    return recognise
