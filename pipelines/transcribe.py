"""Transcribe: sound in, words with times out.

Reads    hear: audio, voiced
Writes   transcript, language, words, words_per_s, hearing
Rejects  nothing of its own

Where a recogniser's window costs the same however little is in it, the clips of a source share windows of
30 s (docs/speech.md): they come together, and what is heard in a clip depends on its own source alone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.stage import Row, Stage
from style2talker.corpus.schema import TRANSCRIBE_FIELDS
from style2talker.media.footage import Footage
from style2talker.speech.whisper_form import LIBRARIES, costs_by_window, form_of
from style2talker.weights.download import sha256_of_file
from style2talker.weights.local import file_hashes

BATCH_ROWS = 64
"""Clips of a call where they are packed: what is heard does not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeConfig:
    device: str = "cpu"
    """`cpu`, or a torch device such as `cuda`, where half precision gives other numbers."""
    pack: bool = False
    """The clips of a source share windows."""


def make(config: TranscribeConfig, footage: Footage, *, weights: str) -> Any:
    from style2talker.media.audio import flac_decode
    from style2talker.speech.transcript import Clip, Transcriber, Transcript

    transcriber = Transcriber(weights, device=config.device)

    def clip_of(row: Row) -> Clip:
        voiced = [(span["start_s"], span["end_s"]) for span in row["voiced"]]
        return Clip(flac_decode(row["audio"]["bytes"]), voiced)

    def row_of(row: Row, heard: Transcript) -> Row:
        return {
            "clip_id": row["clip_id"],
            "transcript": heard.text,
            "language": heard.language,
            "words": [asdict(word) for word in heard.words],
            "words_per_s": heard.words_per_s,
            "hearing": asdict(heard.hearing),
        }

    def transcribe(rows: Sequence[Row]) -> list[Row]:
        sources = [[*clips] for _, clips in groupby(rows, key=lambda row: row["source_id"])]
        heard = transcriber.transcribe([[clip_of(row) for row in clips] for clips in sources])
        return [
            row_of(row, transcript)
            for clips, transcripts in zip(sources, heard, strict=True)
            for row, transcript in zip(clips, transcripts, strict=True)
        ]

    return transcribe if config.pack else lambda row: transcribe([row])[0]


def _assets(path: Path) -> dict[str, str]:
    return {path.name: sha256_of_file(path)} if path.is_file() else file_hashes(path)


def stage(weights: str = "whisper-tiny.en", *, device: str = "cpu") -> Stage:
    """The stage with a speech recogniser.

    Args:
        weights: a name of the weights registry, or the path of a Whisper model in one of its three forms.
        device: where it runs.
    """
    pack = costs_by_window(weights, device=device)
    is_path = Path(weights).exists()
    return Stage(
        name="transcribe",
        version=2,
        schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *TRANSCRIBE_FIELDS]),
        config=TranscribeConfig(device=device, pack=pack),
        make=partial(make, weights=weights),
        reads={"hear": ("audio", "voiced")},
        weights=() if is_path else (weights,),
        assets=partial(_assets, Path(weights)) if is_path else dict,
        libraries=LIBRARIES[form_of(weights)],
        needs_gpu=device.startswith("cuda"),
        isolated=True,
        batch_size=BATCH_ROWS if pack else 1,
        grain="source" if pack else "clip",
    )


STAGE = stage()
