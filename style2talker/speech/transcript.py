"""What is said, with a time for each word, and how far that can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from style2talker.speech.ctranslate2_whisper import load_ctranslate2
from style2talker.speech.openai_whisper import load_openai
from style2talker.speech.packing import Window, sound_of, unpacked, windows_of
from style2talker.speech.recogniser import Recogniser, Segment
from style2talker.speech.transformers_whisper import load_transformers
from style2talker.speech.vad import RATE_HZ, voiced_spans
from style2talker.speech.whisper_form import form_of
from style2talker.weights.resolve import resolve

GPU_BATCH = 16
_LEAST = RATE_HZ // 10  # samples of a window; shorter than the shortest word, and too short to align


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as written, without spaces around it, its span in the clip and the decoder's probability."""

    word: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """The measures of the guard against words that a model makes up (recogniser.Segment.is_believed).

    `voiced_share` is the part of the clip that the voice detector let through; the others are the worst of
    the windows that held the clip. `kept`: all of them were believed. Where nothing was decoded the measures
    are those of certain silence.
    """

    voiced_share: float = 0.0
    no_speech: float = 1.0
    log_probability: float = 0.0
    compression: float = 0.0
    kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """`language` is ISO 639-1. Where nobody speaks, text and language are empty and words is ()."""

    text: str
    language: str
    words: tuple[Word, ...]
    hearing: Hearing

    @property
    def words_per_s(self) -> float:
        """Words per second from the first word's start to the last word's end; 0 without words."""
        span_s = self.words[-1].end_s - self.words[0].start_s if self.words else 0.0
        return len(self.words) / span_s if span_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Clip:
    """Sound [n], 16 kHz mono in [-1, 1], and `voiced_spans` of it."""

    audio_n: np.ndarray
    voiced: Sequence[tuple[float, float]]

    @property
    def voiced_share(self) -> float:
        voiced_s = sum(end_s - start_s for start_s, end_s in self.voiced)
        return voiced_s * RATE_HZ / len(self.audio_n) if len(self.audio_n) else 0.0


class Transcriber:
    """Speech to words; the same audio gives the same words, times and probabilities every time.

    Args:
        weights: a name from the weights registry, a directory with a Whisper model in CTranslate2 form or as
            transformers saves it, or an openai-whisper checkpoint.
        num_threads: CPU threads of a CTranslate2 model; they do not change the answer.
        device: where it runs, as PyTorch names it.
        batch_size: windows that are decoded at once, by default 1 on the CPU and 16 elsewhere; an
            openai-whisper checkpoint takes one at a time.

    Raises:
        UserError: no such weights, or a directory that holds no such model.
    """

    def __init__(
        self,
        weights: str | Path = "whisper-tiny.en",
        *,
        num_threads: int = 1,
        device: str = "cpu",
        batch_size: int | None = None,
    ) -> None:
        form = form_of(weights)
        path = Path(weights) if Path(weights).exists() else resolve(str(weights))
        size = batch_size or (1 if device == "cpu" else GPU_BATCH)
        self._recognise: Recogniser
        if form == "openai":
            self._recognise = load_openai(path, device=device)
        elif form == "transformers":
            self._recognise = load_transformers(path, device=device, batch_size=size)
        else:
            self._recognise = load_ctranslate2(path, num_threads=num_threads, device=device, batch_size=size)

    def __call__(self, audio: np.ndarray, *, voiced: list[tuple[float, float]] | None = None) -> Transcript:
        """Transcribe the voiced part of a clip.

        Args:
            audio: [n] 16 kHz mono in [-1, 1].
            voiced: `voiced_spans(audio)` if it is already known.
        """
        ((transcript,),) = self.transcribe([[Clip(audio, voiced_spans(audio) if voiced is None else voiced)]])
        return transcript

    def transcribe(self, groups: Sequence[Sequence[Clip]]) -> list[list[Transcript]]:
        """Transcribe clips; those of a group are packed together into windows of 30 s (`transcribed`)."""
        return transcribed(self._recognise, groups)


def transcribed(recognise: Recogniser, groups: Sequence[Sequence[Clip]]) -> list[list[Transcript]]:
    """The transcripts of clips, those of a group packed together.

    Only speech is decoded: given music or silence, Whisper makes words up. What is heard in a clip depends on
    its group alone. The clips of a packed window that is not believed are decoded again, each alone.
    """
    windows = [
        (group, window)
        for group, clips in enumerate(groups)
        for window in windows_of([clip.voiced for clip in clips])
    ]
    heard = _heard(recognise, groups, windows)
    again = [
        (group, alone)
        for group, window, segment in heard
        if not segment.is_believed
        for alone in _parted(window)
    ]
    heard = [each for each in heard if each[2].is_believed or not _parted(each[1])]
    heard += _heard(recognise, groups, again)
    return [
        [
            _transcript(clip, index, [(window, segment) for g, window, segment in heard if g == group])
            for index, clip in enumerate(clips)
        ]
        for group, clips in enumerate(groups)
    ]


def _heard(
    recognise: Recogniser, groups: Sequence[Sequence[Clip]], windows: Sequence[tuple[int, Window]]
) -> list[tuple[int, Window, Segment]]:
    """The windows in which something can be said, with what was heard in them."""
    sounds = [sound_of(window, [clip.audio_n for clip in groups[group]]) for group, window in windows]
    there = [(*window, sound) for window, sound in zip(windows, sounds, strict=True) if len(sound) >= _LEAST]
    segments = recognise([sound for *_, sound in there]) if there else []
    return [(group, window, segment) for (group, window, _), segment in zip(there, segments, strict=True)]


def _parted(window: Window) -> list[Window]:
    """A window for each clip of one that holds several; none for that of a single clip."""
    clips = list(dict.fromkeys(place.clip for place in window))
    if len(clips) == 1:
        return []
    return [tuple(place for place in window if place.clip == clip) for clip in clips]


def _transcript(clip: Clip, index: int, heard: Sequence[tuple[Window, Segment]]) -> Transcript:
    """What was heard in the windows of a group, as far as it belongs to one clip."""
    mine = [(window, segment) for window, segment in heard if any(place.clip == index for place in window)]
    words: list[tuple[str, Word]] = []
    for window, segment in mine:
        for text, start_s, end_s, probability in segment.words if segment.is_believed else ():
            owner, clip_start_s, clip_end_s = unpacked(window, start_s, end_s)
            if owner == index and any(letter.isalnum() for letter in text):
                word = Word(
                    word=text.strip(), start_s=clip_start_s, end_s=clip_end_s, probability=probability
                )
                words.append((text, word))
    words.sort(key=lambda each: each[1].start_s)
    measures = [segment for _, segment in mine]
    hearing = Hearing(
        voiced_share=clip.voiced_share,
        no_speech=max((each.no_speech for each in measures), default=1.0),
        log_probability=min((each.log_probability for each in measures), default=0.0),
        compression=max((each.compression for each in measures), default=0.0),
        kept=all(each.is_believed for each in measures),
    )
    return Transcript(
        text="".join(text for text, _ in words).strip(),
        language=mine[0][1].language if words else "",
        words=tuple(word for _, word in words),
        hearing=hearing,
    )
