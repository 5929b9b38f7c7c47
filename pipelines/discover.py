"""Discover: sources in, clip spans out.

Reads    source_uri, source_id, and where the card's reader knows them: audio_uri (a separate file with the
         speech, on the video's clock), spans_s (only these parts), num_bytes (of both files when hashed)
Writes   clip_id, source_id, source_uri, audio_uri, start_s, end_s, source_rate_hz, source_width_px,
         source_height_px, source_audio_rate_hz
Rejects  changed (since it was hashed), empty_file, git_lfs_pointer, not_media, no_video, no_audio,
         silent_audio, no_speech, too_short, decode_failed, vanished, unreadable (of a whole source);
         duplicate, outside_root (sources.py)
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from style2talker.corpus.schema import FRAME_RATE_HZ, SOURCE_FIELDS
from style2talker.errors import Reject
from style2talker.media.footage import Footage
from style2talker.media.probe import MediaInfo

_COLUMNS = (
    "clip_id", "source_id", "source_uri", "audio_uri", "start_s", "end_s",
    "source_rate_hz", "source_width_px", "source_height_px", "source_audio_rate_hz",
)  # fmt: skip

Spans = Sequence[tuple[float, float]]
"""(start_s, end_s) pairs."""

SILENCE_DB = -120.0
LOUDNESS_WINDOW = 320  # samples, 20 ms
LEAST_LEFT_OUT_S = 0.2
"""Shorter pieces are rounding at the edge of a span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverConfig:
    shortest_s: float = 2.0
    """A clip holds at least one 32-frame window of Style-E and its context."""
    longest_s: float = 10.0
    quietest_db: float = -60.0
    """Loudest 20 ms below this, relative to full scale, is a silent track."""


def clip_id_of(source_id: str, start_s: float, end_s: float, *, track: int = 0) -> str:
    """The same source bytes, span (in ms) and track give the same id on every machine: 32 hex digits."""
    text = f"{source_id}:{round(start_s * 1000)}:{round(end_s * 1000)}:{track}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def make(config: DiscoverConfig, footage: Footage) -> Work:
    from style2talker.media.audio import read_pieces
    from style2talker.media.probe import probe
    from style2talker.media.spans import clip_spans, shot_boundaries
    from style2talker.speech.vad import VoiceFinder

    def discover(source: Row) -> list[Row | Reject]:
        check_unchanged(source, footage)
        path = footage.path(source["source_uri"])
        info = probe(path)
        audio_path, audio_rate_hz = path, info.audio_rate_hz
        if source.get("audio_uri"):
            audio_path = footage.path(source["audio_uri"])
            audio_rate_hz = probe(audio_path, need_video=False).audio_rate_hz
        if not audio_rate_hz:
            raise Reject("no_audio", "It has no audio stream; a talking clip needs its speech.")
        if info.duration_s < config.shortest_s:
            raise Reject(
                "too_short", f"It lasts {info.duration_s:.2f} s; a clip needs {config.shortest_s:g} s."
            )
        voice, loudness_db = VoiceFinder(), SILENCE_DB
        for piece in read_pieces(audio_path, end_s=info.duration_s):  # a film's sound is half a gigabyte
            loudness_db = max(loudness_db, loudest_db(piece))
            voice.add(piece)
        if loudness_db < config.quietest_db:
            raise Reject(
                "silent_audio",
                f"Its loudest moment has {loudness_db:.0f} dB; silence is below {config.quietest_db:g} dB.",
            )
        wanted = [(start_s, end_s) for start_s, end_s in source.get("spans_s") or ()]
        voiced = within(voice.spans(), wanted)
        if not voiced:
            raise Reject("no_speech", "Its audio holds no speech (music or noise only).")
        spans = clip_spans(
            voiced,
            [*shot_boundaries(path), *chain.from_iterable(wanted)],
            info.duration_s,
            shortest_s=config.shortest_s,
            longest_s=config.longest_s,
        )
        rows = [_clip(source, start_s, end_s, info, audio_rate_hz) for start_s, end_s in map(_on_grid, spans)]
        if not rows:
            raise Reject(
                "too_short",
                f"No speech within one shot lasts {config.shortest_s:g} s ({len(voiced)} voiced spans).",
            )
        return [*rows, *_left_out(voiced, spans, shortest_s=config.shortest_s)]

    return discover


def check_unchanged(source: Row, footage: Footage) -> None:
    """Reject a source whose size is no longer the one that was hashed: its id would lie.

    The kind `changed` is one of a moment; the next build hashes the file again.
    """
    hashed = source.get("num_bytes")
    if hashed is None:
        return
    found = sum(footage.num_bytes(uri) for uri in (source["source_uri"], source.get("audio_uri")) if uri)
    if found != hashed:
        raise Reject("changed", f"It had {hashed} bytes when it was hashed and has {found} now.")


def within(voiced: Spans, wanted: Spans) -> list[tuple[float, float]]:
    """The parts of `voiced` that lie in `wanted`; all of them where nothing is `wanted`."""
    if not wanted:
        return list(voiced)
    return [
        (max(start_s, low_s), min(end_s, high_s))
        for start_s, end_s in voiced
        for low_s, high_s in _united(wanted)
        if min(end_s, high_s) > max(start_s, low_s)
    ]


def _united(spans: Spans) -> list[tuple[float, float]]:
    united: list[tuple[float, float]] = []
    for start_s, end_s in sorted(spans):
        if united and start_s <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end_s))
        else:
            united.append((start_s, end_s))
    return united


def _left_out(voiced: Spans, spans: Spans, *, shortest_s: float) -> list[Reject]:
    """Speech that no clip covers, because its shot is too short for one: remembered, not dropped."""
    rejects = []
    for start_s, end_s in voiced:
        gaps = [(start_s, end_s)]
        for low_s, high_s in spans:
            gaps = [
                part
                for a, b in gaps
                for part in ((a, min(b, low_s)), (max(a, high_s), b))
                if part[1] - part[0] > LEAST_LEFT_OUT_S
            ]
        rejects += [
            Reject(
                "too_short",
                f"Speech from {a:.2f} to {b:.2f} s lies in a shot shorter than {shortest_s:g} s.",
                span_s=(a, b),
            )
            for a, b in gaps
        ]
    return rejects


def loudest_db(audio: np.ndarray) -> float:
    """Root mean square of the loudest 20 ms window, dB relative to full scale; -120 without samples.

    Windows are counted from the first sample, so pieces of whole windows have the maximum of their sound.
    """
    windows = audio[: len(audio) // LOUDNESS_WINDOW * LOUDNESS_WINDOW].reshape(-1, LOUDNESS_WINDOW)
    power = float(np.square(windows, dtype=np.float64).mean(axis=1).max(initial=0.0))
    return max(10 * float(np.log10(max(power, 1e-12))), SILENCE_DB)


def _on_grid(span: tuple[float, float]) -> tuple[float, float]:
    """The span on the 25 fps grid, never longer than it was."""
    start = int(np.ceil(round(span[0] * FRAME_RATE_HZ, 3)))
    end = int(np.floor(round(span[1] * FRAME_RATE_HZ, 3)))
    return start / FRAME_RATE_HZ, end / FRAME_RATE_HZ


def _clip(source: Row, start_s: float, end_s: float, info: MediaInfo, audio_rate_hz: int) -> Row:
    return {
        "clip_id": clip_id_of(source["source_id"], start_s, end_s),
        "source_id": source["source_id"],
        "source_uri": source["source_uri"],
        "audio_uri": source.get("audio_uri"),
        "start_s": start_s,
        "end_s": end_s,
        "source_rate_hz": info.video_rate_hz,
        "source_width_px": info.width_px,
        "source_height_px": info.height_px,
        "source_audio_rate_hz": audio_rate_hz,
    }


STAGE = Stage(
    name="discover",
    version=3,
    schema=pa.schema([field for field in SOURCE_FIELDS if field.name in _COLUMNS]),
    config=DiscoverConfig(),
    make=make,
    libraries=("av", "faster-whisper", "onnxruntime"),  # the voice detector is a file inside faster-whisper
    isolated=True,
    reads_footage=True,
    timeout_s=900.0,  # a file in a bucket is fetched meanwhile
    timeout_per_s=10.0,
)
