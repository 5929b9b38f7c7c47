"""English speech with exact phoneme and word times, spoken by eSpeak NG inside this process."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy.signal import resample_poly

from style2talker.corpus.schema import AUDIO_RATE_HZ
from style2talker.errors import UserError

RATE_HZ = AUDIO_RATE_HZ
SILENCE = "_"

_SYNCHRONOUS, _PHONEME_EVENTS_IPA = 2, 1 | 2
_RATE, _VOLUME, _PITCH, _PITCH_RANGE = 1, 2, 3, 4
_WORD, _END, _PHONEME = 1, 5, 7
_FROM_CHARACTER, _UTF8 = 1, 1
_lock = threading.Lock()  # the library keeps one global voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How a sentence is spoken.

    Attributes:
        name: eSpeak NG voice and variant, such as `en-us+f2`.
        words_per_minute: 80 to 450.
        pitch: 0 to 100, 50 is the voice's own.
        pitch_range: 0 (monotone) to 100.
        volume: 0 to 200, 100 is the voice's own.
    """

    name: str = "en-us"
    words_per_minute: int = 160
    pitch: int = 50
    pitch_range: int = 50
    volume: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """A spoken sentence.

    Attributes:
        audio: float32 [n] mono, 16 kHz, within [-1, 1].
        phonemes: (IPA name, start_s, end_s), in order, without overlap; `_` is silence.
        words: (word, start_s, end_s).
    """

    audio: np.ndarray
    phonemes: tuple[tuple[str, float, float], ...]
    words: tuple[tuple[str, float, float], ...]


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@contextmanager
def _fresh_library() -> Iterator[tuple[ctypes.CDLL, int]]:
    """The library with all its state as at start, and its sampling rate.

    Its flutter and noise run on from one utterance to the next, in its own variables and in the C library's
    `rand`, and no call of its interface sets them back: 10 ms per utterance buy the same bytes every time.
    """
    import _ctypes

    import espeakng_loader

    ctypes.CDLL(None).srand(1)
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        rate_hz = library.espeak_Initialize(
            _SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), _PHONEME_EVENTS_IPA
        )
        if rate_hz <= 0:
            raise UserError(
                f"eSpeak NG did not start: got code {rate_hz}, expected a sampling rate; "
                "reinstall the package espeakng-loader"
            )
        library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # the start seeds it from the clock
        yield library, rate_hz
        library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)


def speak(text: str, *, voice: Voice, lead_s: float = 0.2, tail_s: float = 0.3) -> Speech:
    """Speak `text` with silence of `lead_s` before and `tail_s` after it. The same call gives the same bytes.

    Raises:
        UserError: the voice is not one that eSpeak NG has.
    """
    with _lock:
        samples, events, rate_hz = _synthesise(text, voice)
    lead = np.zeros(round(lead_s * RATE_HZ), np.float32)
    tail = np.zeros(round(tail_s * RATE_HZ), np.float32)
    divisor = int(np.gcd(RATE_HZ, rate_hz))
    spoken = resample_poly(samples, RATE_HZ // divisor, rate_hz // divisor).astype(np.float32)
    audio = np.clip(np.concatenate([lead, spoken, tail]), -1, 1)
    end_s = lead_s + len(spoken) / RATE_HZ
    total_s = len(audio) / RATE_HZ

    marks = [(name, lead_s + sample / rate_hz) for kind, name, sample in events if kind == _PHONEME]
    starts_s = [start_s for _, start_s in marks] + [end_s]
    phonemes = [(SILENCE, 0.0, starts_s[0])]
    for (name, start_s), next_s in zip(marks, starts_s[1:], strict=True):
        if next_s > start_s:
            phonemes.append((name or SILENCE, start_s, next_s))
    phonemes.append((SILENCE, end_s, total_s))

    speech_end_s = max((end for name, _, end in phonemes if name != SILENCE), default=end_s)
    word_marks = [(name, lead_s + sample / rate_hz) for kind, name, sample in events if kind == _WORD]
    word_ends_s = [start_s for _, start_s in word_marks[1:]] + [speech_end_s]
    words = [(w, s, max(e, s)) for (w, s), e in zip(word_marks, word_ends_s, strict=True)]
    return Speech(audio=audio, phonemes=tuple(phonemes), words=tuple(words))


def _synthesise(text: str, voice: Voice) -> tuple[np.ndarray, list[tuple[int, str, int]], int]:
    """(float32 samples, [(event kind, phoneme or word, sample)], rate_hz)."""
    chunks: list[np.ndarray] = []
    events: list[tuple[int, str, int]] = []

    def collect(wave: "ctypes._Pointer[ctypes.c_short]", count: int, event: "ctypes._Pointer[_Event]") -> int:
        if wave and count > 0:
            chunks.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while event[index].type != 0:
            item = event[index]
            if item.type == _PHONEME:
                events.append((_PHONEME, item.id.string.decode("utf-8", "ignore"), item.sample))
            elif item.type == _WORD:
                start = item.text_position - 1
                events.append((_WORD, text[start : start + item.length], item.sample))
            index += 1
        return 0

    callback = _Callback(collect)
    encoded = text.encode()
    with _fresh_library() as (library, rate_hz):
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(voice.name.encode()) != 0:
            raise UserError(f"voice: got {voice.name!r}, expected a voice of eSpeak NG such as 'en-us+f2'")
        for parameter, value in (
            (_RATE, voice.words_per_minute),
            (_VOLUME, voice.volume),
            (_PITCH, voice.pitch),
            (_PITCH_RANGE, voice.pitch_range),
        ):
            library.espeak_SetParameter(parameter, value, 0)
        size = ctypes.c_size_t(len(encoded) + 1)
        library.espeak_Synth(encoded, size, 0, _FROM_CHARACTER, 0, _UTF8, None, None)
    samples = np.concatenate(chunks) if chunks else np.zeros(0, np.int16)
    return samples.astype(np.float32) / 32768, events, rate_hz
