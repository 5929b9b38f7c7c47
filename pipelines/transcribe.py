"""Transcribe: sound in, words with times out.

Reads    hear: audio, voiced
Writes   transcript, language, words, words_per_s, hearing
Rejects  nothing of its own
"""

from dataclasses import asdict, dataclass

import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from style2talker.corpus.schema import TRANSCRIBE_FIELDS
from style2talker.media.footage import Footage


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeConfig:
    transcriber: str = "whisper-tiny.en"


def make(config: TranscribeConfig, footage: Footage) -> Work:
    from style2talker.media.audio import flac_decode
    from style2talker.speech.transcript import Transcriber

    transcribe = Transcriber(config.transcriber)

    def work(clip: Row) -> Row:
        voiced = [(span["start_s"], span["end_s"]) for span in clip["voiced"]]
        heard = transcribe(flac_decode(clip["audio"]["bytes"]), voiced=voiced)
        return {
            "clip_id": clip["clip_id"],
            "transcript": heard.text,
            "language": heard.language,
            "words": [asdict(word) for word in heard.words],
            "words_per_s": heard.words_per_s,
            "hearing": None,
        }

    return work


def stage(transcriber: str = "whisper-tiny.en") -> Stage:
    """The stage with a speech recogniser of the weights registry."""
    return Stage(
        name="transcribe",
        version=1,
        schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *TRANSCRIBE_FIELDS]),
        config=TranscribeConfig(transcriber=transcriber),
        make=make,
        reads={"hear": ("audio", "voiced")},
        weights=(transcriber,),
        libraries=("faster-whisper", "ctranslate2"),
        isolated=True,
    )


STAGE = stage()
