"""Hear: clip spans in, sound out: FLAC, mel, where somebody speaks, pitch and loudness.

Reads    discover: source_uri, audio_uri, start_s, end_s; track: num_frames; sync: audio_shift_s
Writes   audio, mel, voiced, pitch_hz, energy_db, audio_hash
Rejects  no_speech, no_audio, decode_failed, vanished
"""

from dataclasses import dataclass

import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from style2talker.corpus.schema import AUDIO_RATE_HZ, FRAME_RATE_HZ, HEAR_FIELDS
from style2talker.errors import Reject
from style2talker.media.footage import Footage


@dataclass(frozen=True, slots=True, kw_only=True)
class HearConfig:
    least_voiced_s: float = 0.5
    """Less speech than this in the clip, and it is no talking clip."""


def make(config: HearConfig, footage: Footage) -> Work:
    from style2talker.media.audio import flac_encode, read_audio
    from style2talker.media.fingerprint import audio_hash
    from style2talker.media.mel import log_mel
    from style2talker.speech.prosody import prosody
    from style2talker.speech.vad import voiced_spans

    def hear(clip: Row) -> Row:
        num_frames = clip["num_frames"]
        start_s = clip["start_s"] + (clip["audio_shift_s"] or 0.0)  # beyond the source's sound is silence
        end_s = start_s + num_frames / FRAME_RATE_HZ  # as long as the pictures, to the sample
        audio = read_audio(
            footage.path(clip["audio_uri"] or clip["source_uri"]), start_s=start_s, end_s=end_s
        )
        audio = audio[: num_frames * AUDIO_RATE_HZ // FRAME_RATE_HZ]
        voiced = voiced_spans(audio)
        voiced_s = sum(end - start for start, end in voiced)
        if voiced_s < config.least_voiced_s:
            raise Reject(
                "no_speech",
                f"{voiced_s:.2f} s of speech in the clip; {config.least_voiced_s:g} s are needed.",
            )
        manner = prosody(audio, num_frames)
        mel = log_mel(audio)
        return {
            "clip_id": clip["clip_id"],
            "audio": {"bytes": flac_encode(audio), "path": None},
            "mel": mel,
            "voiced": [{"start_s": start, "end_s": end} for start, end in voiced],
            "pitch_hz": manner.pitch_hz_t,
            "energy_db": manner.energy_db_t,
            "audio_hash": audio_hash(mel),
        }

    return hear


STAGE = Stage(
    name="hear",
    version=3,
    schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *HEAR_FIELDS]),
    config=HearConfig(),
    make=make,
    reads={"discover": ("audio_uri",), "track": ("num_frames",), "sync": ("audio_shift_s",)},
    libraries=("av", "faster-whisper", "onnxruntime", "numpy", "scipy"),  # the second has the voice detector
    isolated=True,
    reads_footage=True,
)
