"""The two forms in which Whisper models come (arXiv 2212.04356), behind one call.

Both decode once, at temperature 0: Whisper's habit of trying again at a higher temperature samples, and the
same audio must give the same words.
"""

import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from style2talker.errors import UserError

_BEAM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A decoded stretch: words as (text, start_s, end_s, probability), and Whisper's two signs of failure.

    `log_probability` is the mean over tokens; `compression` the text's length over its zlib length.
    """

    words: tuple[tuple[str, float, float, float], ...]
    log_probability: float
    compression: float


Recogniser = Callable[[np.ndarray], tuple[str, list[Segment]]]


def load_ctranslate2(directory: Path, *, num_threads: int) -> Recogniser:
    """A CTranslate2 directory, run in int8 on the CPU.

    The call takes 16 kHz float32 audio and returns the language, ISO 639-1, and the segments.
    """
    from faster_whisper import WhisperModel

    model = WhisperModel(
        str(directory), device="cpu", compute_type="int8", cpu_threads=num_threads, local_files_only=True
    )

    def recognise(audio: np.ndarray) -> tuple[str, list[Segment]]:
        segments, info = model.transcribe(
            audio, beam_size=_BEAM, temperature=0.0, condition_on_previous_text=False, word_timestamps=True
        )
        return info.language, [
            Segment(
                words=tuple((w.word, w.start, w.end, w.probability) for w in segment.words or ()),
                log_probability=segment.avg_logprob,
                compression=segment.compression_ratio,
            )
            for segment in segments
        ]

    return recognise


def load_openai(path: Path, *, device: str) -> Recogniser:
    """A checkpoint of openai-whisper, run by PyTorch. The call is that of `load_ctranslate2`.

    Raises:
        UserError: the file is something else.
    """
    import whisper

    try:
        model = whisper.load_model(str(path), device=device)  # reads tensors alone (weights_only)
    except (EOFError, KeyError, TypeError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path} is not an openai-whisper checkpoint ({type(error).__name__}): give a .pt file that it "
            "published, or the name of weights such as whisper-small."
        ) from error

    def recognise(audio: np.ndarray) -> tuple[str, list[Segment]]:
        found = whisper.transcribe(
            model,
            audio,
            beam_size=_BEAM,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            fp16=device != "cpu",
        )
        return str(found["language"]), [
            Segment(
                words=tuple((w["word"], w["start"], w["end"], w["probability"]) for w in segment["words"]),
                log_probability=segment["avg_logprob"],
                compression=segment["compression_ratio"],
            )
            for segment in map(dict, found["segments"])
        ]

    return recognise
