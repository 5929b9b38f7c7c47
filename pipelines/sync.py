"""Sync: sound and lips in, by how much the sound is late out; the card says what becomes of such a clip.

Reads    discover: source_uri, audio_uri, start_s; track: landmarks
Writes   sync_offset_frames, sync_confidence, audio_shift_s
Rejects  off_sync (if the card's `sync` is gate); no_audio, decode_failed, vanished
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from style2talker.corpus.card import Card
from style2talker.corpus.schema import FRAME_RATE_HZ, SYNC_FIELDS
from style2talker.errors import Reject
from style2talker.media.footage import Footage
from style2talker.speech.sync_result import IN_SYNC_FRAMES, SURE


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncConfig:
    action: str = "keep"
    """The card's `sync`: keep, gate or shift."""
    largest_frames: float = IN_SYNC_FRAMES
    """A larger offset is acted on..."""
    least_confidence: float = SURE
    """... if it is right within a frame with this probability."""


def make(config: SyncConfig, footage: Footage) -> Work:
    from style2talker.media.audio import read_audio
    from style2talker.speech.sync import MARGIN_S, sync_offset

    def sync(clip: Row) -> Row:
        num_frames = len(clip["landmarks"])
        audio = read_audio(
            footage.path(clip["audio_uri"] or clip["source_uri"]),
            start_s=clip["start_s"] - MARGIN_S,
            end_s=clip["start_s"] + num_frames / FRAME_RATE_HZ + MARGIN_S,
        )
        found = sync_offset(audio, clip["landmarks"].reshape(num_frames, -1, 3))
        is_off = found.is_off(largest_frames=config.largest_frames, least_confidence=config.least_confidence)
        if is_off and config.action == "gate":
            raise Reject(
                "off_sync",
                f"The sound is {abs(found.offset_frames):.1f} frames "
                f"{'later' if found.offset_frames > 0 else 'earlier'} than the picture (confidence "
                f"{found.confidence:.2f}); {config.largest_frames:g} are the limit.",
            )
        shifted = is_off and config.action == "shift"
        return {
            "clip_id": clip["clip_id"],
            "sync_offset_frames": found.offset_frames if found.confidence else None,
            "sync_confidence": found.confidence,
            "audio_shift_s": found.offset_frames / FRAME_RATE_HZ if shifted else 0.0,
        }

    return sync


def _sync_model() -> dict[str, str]:
    from style2talker.speech.sync_model import embedded_sha256

    return {"sync-model": embedded_sha256()}


STAGE = Stage(
    name="sync",
    version=1,
    schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *SYNC_FIELDS]),
    config=SyncConfig(),
    make=make,
    reads={"discover": ("audio_uri",), "track": ("landmarks",)},
    assets=_sync_model,
    libraries=("av", "numpy", "scipy"),
    isolated=True,
    reads_footage=True,
)


def as_the_card_says(stages: Sequence[Stage], card: Card) -> tuple[Stage, ...]:
    """The stages with the card's setting, so that their recipes know it."""
    return tuple(
        replace(stage, config=replace(stage.config, action=card.sync))
        if isinstance(stage.config, SyncConfig)
        else stage
        for stage in stages
    )
