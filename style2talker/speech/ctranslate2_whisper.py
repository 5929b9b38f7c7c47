"""Whisper in CTranslate2 form (faster-whisper): int8 on the CPU, float16 on a GPU.

On the CPU four fifths of the work is the encoder's, and it grows with the window, not with the speech in it.
CTranslate2 takes shorter windows than the 30 s of the training, so a window is as long as its sound asks for.
Too short, the decoder repeats itself; so the sound is followed by silence and decoded with time tokens, and
where the result is not believed it is decoded once more in 30 s. The figures are in docs/speech.md.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from style2talker.speech.recogniser import (
    BEAM,
    MAX_TOKENS,
    WINDOW_S,
    Recogniser,
    Segment,
    compression_of,
    in_batches,
    timed_words,
)

_SILENCE_S = 7.0
_SHORTEST_S = 10.0
_FRAMES_PER_S = 100
_FIRST_TIME_TOKENS = 50  # text begins within a second, as in openai-whisper


def load_ctranslate2(
    directory: Path, *, num_threads: int = 1, device: str = "cpu", batch_size: int = 1
) -> Recogniser:
    """A CTranslate2 directory.

    Args:
        num_threads: of the CPU; they do not change the answer.
        batch_size: windows at once, on a GPU; a CPU takes one at a time, batches gained nothing there.
    """
    from faster_whisper import WhisperModel

    kind, _, index = device.partition(":")
    model = WhisperModel(
        str(directory),
        device=kind,
        device_index=int(index or 0),
        compute_type="int8" if kind == "cpu" else "float16",
        cpu_threads=num_threads,
        local_files_only=True,
    )
    if kind != "cpu":
        return in_batches(_Decoder(model).whole, batch_size)
    decoder = _Decoder(model)

    def recognise(windows: Sequence[np.ndarray]) -> list[Segment]:
        return [decoder.fitted(window) for window in windows]

    return recognise


class _Decoder:
    """Encode, decode, align."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._tokenizer_of = cache(self._tokenizer)

    def fitted(self, window_n: np.ndarray) -> Segment:
        """In a window as long as needed; in 30 s where that is not believed."""
        seconds = max(len(window_n) / 16_000 + _SILENCE_S, _SHORTEST_S)
        if seconds < WINDOW_S:
            (segment,) = self._decode([window_n], window_s=seconds, with_times=True)
            if segment.is_believed:
                return segment
        return self.whole([window_n])[0]

    def whole(self, windows: Sequence[np.ndarray]) -> list[Segment]:
        """In windows of 30 s, without time tokens: with them, more was misheard where clips are packed."""
        return self._decode(windows, window_s=WINDOW_S, with_times=False)

    def _decode(self, windows: Sequence[np.ndarray], *, window_s: float, with_times: bool) -> list[Segment]:
        import ctranslate2
        from faster_whisper.audio import pad_or_trim
        from faster_whisper.transcribe import get_suppressed_tokens

        num_frames = round(window_s * _FRAMES_PER_S) // 2 * 2
        mels = [self._model.feature_extractor(window)[..., :-1] for window in windows]
        mel_bmt = np.stack([pad_or_trim(mel, num_frames) for mel in mels])
        encoded = self._model.model.encode(ctranslate2.StorageView.from_array(mel_bmt), to_cpu=True)
        languages = self._languages(encoded, len(windows))
        tokenizers = [self._tokenizer_of(language) for language in languages]
        prompts = [self._model.get_prompt(each, [], without_timestamps=not with_times) for each in tokenizers]
        results = self._model.model.generate(
            encoded,
            prompts,
            beam_size=BEAM,
            max_length=len(prompts[0]) + MAX_TOKENS,
            suppress_tokens=list(get_suppressed_tokens(tokenizers[0], (-1,)) or ()),
            max_initial_timestamp_index=_FIRST_TIME_TOKENS,
            return_scores=True,
            return_no_speech_prob=True,
        )
        encoded_btc = np.array(encoded)
        segments = []
        for place, (result, tokenizer, mel) in enumerate(zip(results, tokenizers, mels, strict=True)):
            tokens = result.sequences_ids[0]
            text_tokens = [token for token in tokens if token < tokenizer.eot]
            # one window at a time: the alignment's first tokens name one language for all that it is given
            alone = ctranslate2.StorageView.from_array(encoded_btc[place : place + 1])
            (alignment,) = self._model.find_alignment(tokenizer, [text_tokens], alone, mel.shape[-1])
            segments.append(
                Segment(
                    language=tokenizer.language_code,
                    words=timed_words(alignment, duration_s=mel.shape[-1] / _FRAMES_PER_S),
                    no_speech=result.no_speech_prob,
                    log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
                    compression=compression_of(tokenizer.decode(text_tokens)),
                )
            )
        return segments

    def _languages(self, encoded: Any, count: int) -> list[str]:
        if not self._model.model.is_multilingual:
            return ["en"] * count
        return [found[0][0][2:-2] for found in self._model.model.detect_language(encoded)]

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        is_multilingual = self._model.model.is_multilingual
        return Tokenizer(self._model.hf_tokenizer, is_multilingual, task="transcribe", language=language)
