"""What is said, with a time for each word (Whisper, arXiv 2212.04356, run by faster-whisper in int8)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from style2talker.errors import UserError
from style2talker.speech.vad import RATE_HZ, voiced_spans
from style2talker.weights.resolve import resolve

# Whisper's own signs of a failed decoding (arXiv 2212.04356, section 4.5). It would then try again at a
# higher temperature, which samples; the same audio must give the same words, so such a segment is dropped.
_LONGEST_COMPRESSION = 2.4
_LOWEST_LOG_PROBABILITY = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as written, without spaces around it, its span in the clip and the decoder's probability."""

    word: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """`language` is ISO 639-1. Where nobody speaks, text and language are empty and words is ()."""

    text: str
    language: str
    words: tuple[Word, ...]

    @property
    def words_per_s(self) -> float:
        """Words per second from the first word's start to the last word's end; 0 without words."""
        span_s = self.words[-1].end_s - self.words[0].start_s if self.words else 0.0
        return len(self.words) / span_s if span_s > 0 else 0.0


class Transcriber:
    """Speech to words; the same audio gives the same words, times and probabilities every time.

    Args:
        weights: a name from the weights registry, or a directory with a CTranslate2 Whisper model.
        num_threads: CPU threads; they do not change the answer.

    Raises:
        UserError: no such weights, or a directory that holds no such model.
    """

    def __init__(self, weights: str | Path = "whisper-tiny.en", *, num_threads: int = 1) -> None:
        from faster_whisper import WhisperModel

        directory = Path(weights) if Path(weights).is_dir() else resolve(str(weights))
        if not (directory / "model.bin").is_file():
            raise UserError(
                f"{directory} holds no model.bin: a transcriber needs a Whisper model in CTranslate2 form, "
                "such as whisper-tiny.en."
            )
        self._model = WhisperModel(
            str(directory), device="cpu", compute_type="int8", cpu_threads=num_threads, local_files_only=True
        )

    def __call__(self, audio: np.ndarray, *, voiced: list[tuple[float, float]] | None = None) -> Transcript:
        """Transcribe the voiced part of a clip.

        Args:
            audio: [n] 16 kHz mono in [-1, 1].
            voiced: `voiced_spans(audio)` if it is already known.
        """
        spans = voiced_spans(audio) if voiced is None else voiced
        pieces = [audio[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] for start_s, end_s in spans]
        if not any(len(piece) for piece in pieces):
            return Transcript(text="", language="", words=())
        # Only speech is decoded: given music or silence, Whisper makes words up.
        segments, info = self._model.transcribe(
            np.concatenate(pieces).astype(np.float32),
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        words: list[Word] = []
        for segment in segments:
            if (
                segment.avg_logprob < _LOWEST_LOG_PROBABILITY
                or segment.compression_ratio > _LONGEST_COMPRESSION
            ):
                continue
            for word in segment.words or ():
                start_s, end_s = (_clip_time(float(time_s), spans) for time_s in (word.start, word.end))
                words.append(
                    Word(
                        word=word.word.strip(),
                        start_s=start_s,
                        end_s=max(start_s, end_s),
                        probability=float(word.probability),
                    )
                )
        text = " ".join(word.word for word in words)
        return Transcript(text=text, language=info.language if words else "", words=tuple(words))


def _clip_time(joined_s: float, spans: list[tuple[float, float]]) -> float:
    """A time in the joined voiced spans, as a time in the clip."""
    for start_s, end_s in spans:
        if joined_s <= end_s - start_s:
            return start_s + joined_s
        joined_s -= end_s - start_s
    return spans[-1][1]
