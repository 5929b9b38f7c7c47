"""Discover: sources in, clip spans out.

Reads    source_uri, source_id
Writes   clip_id, source_id, source_uri, start_s, end_s, source_rate_hz, source_width_px, source_height_px,
         source_audio_rate_hz
Rejects  empty_file, git_lfs_pointer, not_media, no_video, no_audio, silent_audio, no_speech, too_short,
         decode_failed, vanished, unreadable (of a whole source); duplicate, outside_root (sources.py)
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from style2talker.corpus.schema import FRAME_RATE_HZ, SOURCE_FIELDS
from style2talker.errors import Reject
from style2talker.media.probe import MediaInfo

_COLUMNS = (
    "clip_id", "source_id", "source_uri", "start_s", "end_s",
    "source_rate_hz", "source_width_px", "source_height_px", "source_audio_rate_hz",
)  # fmt: skip


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


def make(config: DiscoverConfig, root: Path) -> Work:
    from style2talker.media.audio import read_audio
    from style2talker.media.probe import probe
    from style2talker.media.spans import clip_spans, shot_boundaries
    from style2talker.speech.vad import voiced_spans

    def discover(source: Row) -> list[Row | Reject]:
        path = root / source["source_uri"]
        info = probe(path)
        if not info.has_audio:
            raise Reject("no_audio", "It has no audio stream; a talking clip needs its speech.")
        if info.duration_s < config.shortest_s:
            raise Reject(
                "too_short", f"It lasts {info.duration_s:.2f} s; a clip needs {config.shortest_s:g} s."
            )
        audio = read_audio(path)
        loudness_db = loudest_db(audio)
        if loudness_db < config.quietest_db:
            raise Reject(
                "silent_audio",
                f"Its loudest moment has {loudness_db:.0f} dB; silence is below {config.quietest_db:g} dB.",
            )
        voiced = voiced_spans(audio)
        if not voiced:
            raise Reject("no_speech", "Its audio holds no speech (music or noise only).")
        spans = clip_spans(
            voiced,
            shot_boundaries(path),
            info.duration_s,
            shortest_s=config.shortest_s,
            longest_s=config.longest_s,
        )
        rows = [_clip(source, start_s, end_s, info) for start_s, end_s in map(_on_grid, spans)]
        if not rows:
            raise Reject(
                "too_short",
                f"No speech within one shot lasts {config.shortest_s:g} s ({len(voiced)} voiced spans).",
            )
        return [*rows, *_left_out(voiced, spans, shortest_s=config.shortest_s)]

    return discover


def _left_out(
    voiced: Sequence[tuple[float, float]], spans: Sequence[tuple[float, float]], *, shortest_s: float
) -> list[Reject]:
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


def loudest_db(audio: np.ndarray, *, window: int = 320) -> float:
    """Root mean square of the loudest 20 ms window, dB relative to full scale; -120 without samples."""
    windows = audio[: len(audio) // window * window].reshape(-1, window)
    power = float(np.square(windows, dtype=np.float64).mean(axis=1).max(initial=0.0))
    return 10 * float(np.log10(max(power, 1e-12)))


def _on_grid(span: tuple[float, float]) -> tuple[float, float]:
    """The span on the 25 fps grid, never longer than it was."""
    start = int(np.ceil(round(span[0] * FRAME_RATE_HZ, 3)))
    end = int(np.floor(round(span[1] * FRAME_RATE_HZ, 3)))
    return start / FRAME_RATE_HZ, end / FRAME_RATE_HZ


def _clip(source: Row, start_s: float, end_s: float, info: MediaInfo) -> Row:
    return {
        "clip_id": clip_id_of(source["source_id"], start_s, end_s),
        "source_id": source["source_id"],
        "source_uri": source["source_uri"],
        "start_s": start_s,
        "end_s": end_s,
        "source_rate_hz": info.video_rate_hz,
        "source_width_px": info.width_px,
        "source_height_px": info.height_px,
        "source_audio_rate_hz": info.audio_rate_hz,
    }


STAGE = Stage(
    name="discover",
    version=2,
    schema=pa.schema([field for field in SOURCE_FIELDS if field.name in _COLUMNS]),
    config=DiscoverConfig(),
    make=make,
    libraries=("av", "faster-whisper", "onnxruntime"),  # the voice detector is a file inside faster-whisper
)
