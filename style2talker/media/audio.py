"""Decode sound to 16 kHz mono float32 on the video's clock, and pack it as FLAC."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from style2talker.corpus.schema import AUDIO_RATE_HZ
from style2talker.errors import Reject
from style2talker.media.container import (
    audio_stream,
    decoded,
    open_media,
    origin_s,
    seekable,
    stream_end_s,
    video_stream,
)

PREROLL_S = 0.5  # an AAC or MP3 decoder is right from its second or third packet on
JUMP_S = 0.04  # timestamps that move further than this are a gap or an overlap, less is rounding
LONGEST_OVERLAP_S = 1.0  # a clock that goes back further is broken
PIECE_S = 30.0
INT16_SCALE = 32768


def read_audio(path: str | Path, *, start_s: float = 0.0, end_s: float | None = None) -> np.ndarray:
    """The sound of [start_s, end_s) on the clock of `media.container`.

    Sound that starts later or ends earlier than the span is padded with zeros, and a gap in its timestamps
    stays a gap, so sample n always belongs to video time start_s + n / 16000. Where timestamps go back, the
    later sound counts, as far as `LONGEST_OVERLAP_S`.

    Args:
        path: any file with sound: video, wav, mp3, flac...
        start_s: begin of the span.
        end_s: end of the span; None is the end of the video (of the sound, without video).

    Returns:
        float32 [round((end_s - start_s) * 16000)] in [-1, 1].

    Raises:
        Reject: see `open_media`; `no_audio`; `decode_failed`.
    """
    (samples_n,) = read_pieces(path, start_s=start_s, end_s=end_s, piece_s=None)
    return samples_n


def read_pieces(
    path: str | Path,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    piece_s: float | None = PIECE_S,
) -> Iterator[np.ndarray]:
    """`read_audio`, piece after piece, for sound of any length; None is all in one piece.

    Yields:
        float32 [round(piece_s * 16000)] in [-1, 1], the last one shorter; together what `read_audio` returns.
    """
    with open_media(path) as container:
        audio = audio_stream(container)
        if audio is None:
            raise Reject("no_audio", f"{Path(path).name}: no sound track")
        origin = origin_s(container)
        if end_s is None:
            end_s = stream_end_s(container, video_stream(container) or audio) - origin
            container.seek(int(container.start_time or 0))
        num_samples = max(round((end_s - start_s) * AUDIO_RATE_HZ), 0)
        size = num_samples if piece_s is None else min(round(piece_s * AUDIO_RATE_HZ), num_samples)
        line = _TimeLine(size)
        for time_s, chunk_n in _chunks(container, audio, from_s=origin + start_s):
            first = round((time_s - origin - start_s) * AUDIO_RATE_HZ)
            if first >= num_samples:
                break
            yield from line.put(first, chunk_n[: num_samples - first])
        yield from line.rest(num_samples)


class _TimeLine:
    """Chunks are laid where their times say, and leave in pieces of `size` samples, silence between them.

    What lies further back than `LONGEST_OVERLAP_S` from the furthest sample so far is settled; so the result
    does not depend on the size.
    """

    def __init__(self, size: int) -> None:
        self._size, self._back = size, round(LONGEST_OVERLAP_S * AUDIO_RATE_HZ)
        self._samples_n = np.zeros(size + self._back, np.float32)
        self._begin = 0  # where on the time line `_samples_n` begins
        self._furthest = 0

    def put(self, first: int, chunk_n: np.ndarray) -> Iterator[np.ndarray]:
        """Lay [n] samples from `first` on; yield what is settled."""
        settled = max(self._furthest - self._back, 0)
        chunk_n = chunk_n[max(settled - first, 0) :]
        first = max(first, settled)
        self._furthest = max(self._furthest, first + len(chunk_n))
        while len(chunk_n):
            part_n = chunk_n[: max(self._end - first, 0)]
            self._samples_n[first - self._begin :][: len(part_n)] = part_n
            first, chunk_n = first + len(part_n), chunk_n[len(part_n) :]
            if len(chunk_n):
                yield self._shift()

    def rest(self, num_samples: int) -> Iterator[np.ndarray]:
        """What is left of a time line of so many samples; one piece at least, be it empty."""
        while True:
            left = num_samples - self._begin
            yield self._shift()[:left]
            if left <= self._size:
                return

    @property
    def _end(self) -> int:
        return self._begin + len(self._samples_n)

    def _shift(self) -> np.ndarray:
        piece_n = np.clip(self._samples_n[: self._size], -1, 1)
        self._samples_n[: self._back] = self._samples_n[self._size :]
        self._samples_n[self._back :] = 0
        self._begin += self._size
        return piece_n


def load_speech(path: str | Path) -> np.ndarray:
    """All the sound of any audio or video file: float32 [n] at 16 kHz mono. Raises as `read_audio` does."""
    return read_audio(path)


def flac_encode(audio: np.ndarray) -> bytes:
    """Pack 16 kHz mono float [n] in [-1, 1] as 16-bit FLAC; the same samples give the same bytes."""
    pcm_n = np.clip(np.rint(np.asarray(audio, np.float32) * INT16_SCALE), -INT16_SCALE, INT16_SCALE - 1)
    target = io.BytesIO()
    with av.open(target, "w", format="flac", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("flac", rate=AUDIO_RATE_HZ, layout="mono", format="s16")
        stream.codec_context.options = {"flags": "+bitexact"}
        if pcm_n.size:
            frame = av.AudioFrame.from_ndarray(pcm_n.astype(np.int16)[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = AUDIO_RATE_HZ, 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


def flac_decode(data: bytes) -> np.ndarray:
    """Unpack what `flac_encode` packed: float32 [n] at 16 kHz."""
    with av.open(io.BytesIO(data), format="flac") as container:
        chunks = [frame.to_ndarray() for frame in container.decode(container.streams.audio[0])]
    if not chunks:
        return np.zeros(0, np.float32)
    return np.concatenate(chunks, axis=1)[0].astype(np.float32) / INT16_SCALE


def _chunks(
    container: InputContainer, audio: AudioStream, *, from_s: float
) -> Iterator[tuple[float, np.ndarray]]:
    """(container seconds, 16 kHz mono samples); one resampler per run of gapless frames of one kind."""
    resampler, kind, run_s, run_samples, next_s, heard_s = None, None, 0.0, 0, 0.0, 0.0
    for frame in _frames(container, audio, from_s=from_s):
        time_s = float(frame.pts * frame.time_base) if frame.pts is not None else next_s
        if resampler is None or kind != _kind(frame) or abs(time_s - next_s) > JUMP_S:
            if resampler is not None:
                yield from _resampled(resampler, None, run_s, run_samples)
            resampler = AudioResampler(format="fltp", layout="mono", rate=AUDIO_RATE_HZ)
            kind, run_s, run_samples, heard_s = _kind(frame), time_s, 0, 0.0
        heard_s += frame.samples / frame.sample_rate
        next_s = run_s + heard_s  # by count, so that a clock that drifts is caught as well as a gap
        frame.pts = None  # the filter must not second-guess the time line kept here
        for start_s, chunk_n in _resampled(resampler, frame, run_s, run_samples):
            run_samples += len(chunk_n)
            yield start_s, chunk_n
    if resampler is not None:
        yield from _resampled(resampler, None, run_s, run_samples)


def _resampled(
    resampler: AudioResampler, frame: av.AudioFrame | None, run_s: float, run_samples: int
) -> Iterator[tuple[float, np.ndarray]]:
    for part in resampler.resample(frame):
        chunk_n = part.to_ndarray()[0]
        yield run_s + run_samples / AUDIO_RATE_HZ, chunk_n
        run_samples += len(chunk_n)


def _frames(container: InputContainer, audio: AudioStream, *, from_s: float) -> Iterator[av.AudioFrame]:
    begin_s = float((audio.start_time or 0) * audio.time_base)
    if from_s - PREROLL_S > begin_s and seekable(container):
        container.seek(int((from_s - PREROLL_S) / audio.time_base), stream=audio)
        head = next(decoded(container, audio), None)
        early = head is not None and head.pts is not None and head.pts * head.time_base <= from_s
        container.seek(int((from_s - PREROLL_S if early else begin_s) / audio.time_base), stream=audio)
    yield from decoded(container, audio)


def _kind(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
