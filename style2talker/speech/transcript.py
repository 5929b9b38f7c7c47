"""What is said, with a time for each word."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from style2talker.errors import UserError
from style2talker.speech.recogniser import Recogniser, load_ctranslate2, load_openai
from style2talker.speech.vad import RATE_HZ, voiced_spans
from style2talker.weights.resolve import resolve

# Whisper's own signs of a failed decoding (arXiv 2212.04356, section 4.5): repetition, and a guess.
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
    """Speech to words; on the CPU the same audio gives the same words, times and probabilities every time.

    Args:
        weights: a name from the weights registry, a directory with a CTranslate2 Whisper model, or an
            openai-whisper checkpoint.
        num_threads: CPU threads of a CTranslate2 model; they do not change the answer.
        device: where an openai-whisper checkpoint runs, as PyTorch names it.

    Raises:
        UserError: no such weights, or a directory that holds no such model.
    """

    def __init__(
        self, weights: str | Path = "whisper-tiny.en", *, num_threads: int = 1, device: str = "cpu"
    ) -> None:
        given = Path(weights)
        path = given if given.exists() else resolve(str(weights))
        self._recognise: Recogniser
        if path.is_file():
            self._recognise = load_openai(path, device=device)
        elif (path / "model.bin").is_file():
            self._recognise = load_ctranslate2(path, num_threads=num_threads)
        else:
            raise UserError(
                f"{path} holds no model.bin: a transcriber needs a Whisper model in CTranslate2 form or an "
                "openai-whisper .pt file, such as the weights whisper-tiny.en or whisper-small."
            )

    def __call__(self, audio: np.ndarray, *, voiced: list[tuple[float, float]] | None = None) -> Transcript:
        """Transcribe the voiced part of a clip.

        Args:
            audio: [n] 16 kHz mono in [-1, 1].
            voiced: `voiced_spans(audio)` if it is already known.
        """
        spans = voiced_spans(audio) if voiced is None else voiced
        pieces = [audio[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] for start_s, end_s in spans]
        nothing = Transcript(text="", language="", words=())
        if not any(len(piece) for piece in pieces):
            return nothing
        # Only speech is decoded: given music or silence, Whisper makes words up.
        language, segments = self._recognise(np.concatenate(pieces).astype(np.float32))
        heard = [
            word
            for segment in segments
            if segment.log_probability >= _LOWEST_LOG_PROBABILITY
            and segment.compression <= _LONGEST_COMPRESSION
            for word in segment.words
            if any(letter.isalnum() for letter in word[0])
        ]
        if not heard:
            return nothing
        words = tuple(
            Word(
                word=text.strip(),
                start_s=_clip_time(start_s, spans),
                end_s=_clip_time(max(start_s, end_s), spans),
                probability=float(probability),
            )
            for text, start_s, end_s, probability in heard
        )
        return Transcript(text="".join(text for text, *_ in heard).strip(), language=language, words=words)


def _clip_time(joined_s: float, spans: list[tuple[float, float]]) -> float:
    """A time in the joined voiced spans, as a time in the clip."""
    left_s = float(joined_s)
    for start_s, end_s in spans:
        if left_s <= end_s - start_s:
            return start_s + left_s
        left_s -= end_s - start_s
    return spans[-1][1]
