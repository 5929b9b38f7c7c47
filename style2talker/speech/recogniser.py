"""What a speech recogniser is: windows of sound in, what was said in each out, and when that is believed.

The three forms in which Whisper models come (arXiv 2212.04356) have a module each. All decode once, at
temperature 0: Whisper's habit of trying again at a higher temperature samples, and the same sound must give
the same words.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WINDOW_S = 30.0
"""The most that a Whisper model hears at once."""
BEAM = 5
MAX_TOKENS = 224
"""Of a window's text; half of what a decoder holds, as in openai-whisper."""
LONGEST_COMPRESSION = 2.4
LOWEST_LOG_PROBABILITY = -1.0
HIGHEST_NO_SPEECH = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What was made of one window: words as (text, start_s, end_s, probability), and the signs of failure.

    `language` is ISO 639-1; `no_speech` the model's probability that nobody speaks; `log_probability` the
    mean over tokens; `compression` the text's length over its zlib length.
    """

    language: str
    words: tuple[tuple[str, float, float, float], ...]
    no_speech: float
    log_probability: float
    compression: float

    @property
    def is_believed(self) -> bool:
        """Whether the text may be used.

        The three measures and their bounds are Whisper's own (arXiv 2212.04356, section 4.5): text that
        repeats itself compresses by more than 2.4, a guess has a mean log probability below -1, and silence a
        no-speech probability above 0.6. Whisper asks for the last two together; here each counts alone, for
        only sound that a voice detector let through is decoded: music, noise, tones and silence that were
        forced on tiny.en had 0.86 to 0.96, 65 clips of speech at most 0.39.
        """
        return (
            self.compression <= LONGEST_COMPRESSION
            and self.log_probability >= LOWEST_LOG_PROBABILITY
            and self.no_speech <= HIGHEST_NO_SPEECH
        )


Recogniser = Callable[[Sequence[np.ndarray]], list[Segment]]
"""Windows of [n] samples at 16 kHz, float32, of at most `WINDOW_S` each; a segment for each, in order. What
is heard in a window depends on that window alone."""


def in_batches(recognise: Recogniser, batch_size: int) -> Recogniser:
    """The recogniser, given exactly `batch_size` windows at a time; the last ones are filled up with copies.

    A batch of another size would be summed in another order by a GPU: with it, a window's result would depend
    on how many others came along.
    """

    def run(windows: Sequence[np.ndarray]) -> list[Segment]:
        found: list[Segment] = []
        for first in range(0, len(windows), batch_size):
            batch = windows[first : first + batch_size]
            fill = [batch[-1]] * (batch_size - len(batch))
            found += recognise([*batch, *fill])[: len(batch)]
        return found

    return run


def compression_of(text: str) -> float:
    """Length over zlib length, in UTF-8; 0 without text."""
    content = text.encode()
    return len(content) / len(zlib.compress(content))


def timed_words(
    alignment: list[dict[str, Any]], *, duration_s: float
) -> tuple[tuple[str, float, float, float], ...]:
    """The words of an alignment, with the punctuation at them, in order and inside the window.

    Args:
        alignment: `word`, `tokens`, `start`, `end` in seconds and `probability` of each.
    """
    from faster_whisper.transcribe import merge_punctuations

    merge_punctuations(alignment, "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、")
    words, earliest_s = [], 0.0
    for each in alignment:
        if each["word"]:
            start_s = min(max(float(each["start"]), earliest_s), duration_s)
            earliest_s = min(max(float(each["end"]), start_s), duration_s)
            words.append((each["word"], start_s, earliest_s, float(each["probability"])))
    return tuple(words)
