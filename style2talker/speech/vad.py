"""Where somebody speaks (Silero VAD, https://github.com/snakers4/silero-vad, MIT, inside faster-whisper)."""

import numpy as np

from style2talker.corpus.schema import AUDIO_RATE_HZ

RATE_HZ = AUDIO_RATE_HZ
_SHORTEST_SPEECH_MS = 250
_SHORTEST_SILENCE_MS = 300
_MARGIN_MS = 100  # the detector's 32 ms steps clip soft onsets and word ends


def voiced_spans(audio: np.ndarray) -> list[tuple[float, float]]:
    """Spans of speech, in order, disjoint, inside the clip.

    Music, noise and silence are not speech. Pauses under 0.3 s do not split a span; bursts under 0.25 s are
    dropped; each span keeps 0.1 s around it.

    Args:
        audio: [n] 16 kHz mono in [-1, 1].

    Returns:
        (start_s, end_s) pairs; empty where nobody speaks.
    """
    if not np.any(audio):
        return []
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        threshold=0.5,
        min_speech_duration_ms=_SHORTEST_SPEECH_MS,
        min_silence_duration_ms=_SHORTEST_SILENCE_MS,
        speech_pad_ms=_MARGIN_MS,
    )
    found = get_speech_timestamps(np.ascontiguousarray(audio, np.float32), options, RATE_HZ)
    return [(span["start"] / RATE_HZ, min(span["end"], len(audio)) / RATE_HZ) for span in found]
