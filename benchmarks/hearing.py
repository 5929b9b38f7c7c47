"""What batches, packing and shorter windows gain in speech recognition, and what they cost in words.

Ways      30 s        faster-whisper's own transcribe, a clip at a time (the peer that the others are held to)
          batch       windows of 30 s, a clip each, 8 at a time
          packed      windows of 30 s with as many clips of one talker as fit
          fitted      a window for each clip, as long as its sound asks for
Figures   core seconds per second of sound, the same over that of `30 s`, word error rate on twin footage and
          on other footage with known words, median error of a word's start on the twin
Truth     for twin footage: the `.truth.json` beside each clip; for other footage: a table with one
          `file <tab> transcript` per line, files relative to the table
Run       python benchmarks/hearing.py demo/footage --truth grid.tsv
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from faster_whisper import WhisperModel
from rich.console import Console
from rich.table import Table
from torchmetrics.functional.text import word_error_rate
from words import normal

from style2talker.media.audio import read_audio
from style2talker.speech.ctranslate2_whisper import _Decoder
from style2talker.speech.packing import sound_of, unpacked, windows_of
from style2talker.speech.recogniser import Recogniser, in_batches
from style2talker.speech.transcript import Clip, transcribed
from style2talker.speech.vad import RATE_HZ, voiced_spans
from style2talker.weights.resolve import resolve

BATCH = 8
Said = list[list[tuple[str, float]]]
"""The words of each clip, with their starts in seconds."""


@dataclass(frozen=True, slots=True)
class Known:
    """A clip of a talker with what is said in it; `starts_s` of the words, where known."""

    talker: str
    clip: Clip
    text: str
    starts_s: list[tuple[str, float]]

    @property
    def is_twin(self) -> bool:
        return bool(self.starts_s)


def known_clips(footage: Path, truth: Path | None, *, most: int) -> list[Known]:
    found = []
    for sidecar in sorted(footage.rglob("*.truth.json"))[:most]:
        said = json.loads(sidecar.read_text())
        path = sidecar.with_name(sidecar.name.replace(".truth.json", ".mp4"))
        starts_s = [(normal(word), start_s) for word, start_s, _ in said["words"]]
        found.append(Known(path.name.split("_")[0], _clip(path), said["transcript"], starts_s))
    for line in truth.read_text().splitlines() if truth else ():
        name, _, text = line.partition("\t")
        found.append(Known("other", _clip(truth.parent / name), text, []))  # type: ignore[union-attr]
    return found


def _clip(path: Path) -> Clip:
    audio_n = read_audio(path)
    return Clip(audio_n, voiced_spans(audio_n))


def by_ourselves(recognise: Recogniser, *, pack: bool = False) -> Callable[[list[Known]], Said]:
    def run(known: list[Known]) -> Said:
        if pack:
            talkers = [[*each] for _, each in groupby(known, key=lambda each: each.talker)]
        else:
            talkers = [[each] for each in known]
        heard = transcribed(recognise, [[each.clip for each in talker] for talker in talkers])
        return [
            [(word.word, word.start_s) for word in transcript.words] for each in heard for transcript in each
        ]

    return run


def by_the_peer(model: WhisperModel) -> Callable[[list[Known]], Said]:
    """faster-whisper as it comes, on the joined speech."""

    def run(known: list[Known]) -> Said:
        said = []
        for each in known:
            (window,) = windows_of([each.clip.voiced])
            segments, _ = model.transcribe(
                sound_of(window, [each.clip.audio_n]),
                beam_size=5,
                temperature=0.0,
                condition_on_previous_text=False,
                word_timestamps=True,
            )
            words = [word for segment in segments for word in segment.words or ()]
            said.append([(word.word, unpacked(window, word.start, word.end)[1]) for word in words])
        return said

    return run


def start_error_s(said: Said, known: list[Known]) -> float:
    """The median over the words that were heard rightly."""
    errors = []
    for words, each in zip(said, known, strict=True):
        heard, true = [normal(word) for word, _ in words], [word for word, _ in each.starts_s]
        for block in SequenceMatcher(None, heard, true, autojunk=False).get_matching_blocks():
            for offset in range(block.size):
                errors.append(abs(words[block.a + offset][1] - each.starts_s[block.b + offset][1]))
    return float(np.median(errors))


def rate(said: Said, known: list[Known]) -> float:
    heard = [normal(" ".join(word for word, _ in words)) for words in said]
    return float(word_error_rate(heard, [normal(each.text) for each in known]))


def main(
    footage: Annotated[Path, typer.Argument(help="Twin footage with its truth files.")],
    truth: Annotated[Path | None, typer.Option(help="Table of files and transcripts.")] = None,
    weights: Annotated[str, typer.Option(help="Whisper in CTranslate2 form.")] = "whisper-tiny.en",
    most: Annotated[int, typer.Option(help="Twin clips to use.")] = 48,
) -> None:
    known = known_clips(footage, truth, most=most)
    twins, others = [each for each in known if each.is_twin], [each for each in known if not each.is_twin]
    model: Any = WhisperModel(
        str(resolve(weights)), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
    )
    decoder = _Decoder(model)
    ways: dict[str, Callable[[list[Known]], Said]] = {
        "30 s": by_the_peer(model),
        "batch": by_ourselves(in_batches(decoder.whole, BATCH)),
        "packed": by_ourselves(in_batches(decoder.whole, 1), pack=True),
        "fitted": by_ourselves(lambda windows: [decoder.fitted(window) for window in windows]),
    }
    seconds = sum(len(each.clip.audio_n) for each in known) / RATE_HZ
    columns = ("core s per s", "over 30 s", "WER twin", "WER other", "start error ms")
    table = Table("way", *columns, title=f"{len(twins)} + {len(others)} clips, {seconds:.0f} s")
    first_s = 0.0
    for name, hear in ways.items():
        started_s = time.process_time()  # of this process on all cores, whatever else the machine does
        said = [*hear(twins), *(hear(others) if others else [])]
        spent_s = time.process_time() - started_s
        first_s = first_s or spent_s
        of_twins, of_others = said[: len(twins)], said[len(twins) :]
        table.add_row(
            name,
            f"{spent_s / seconds:.3f}",
            f"{spent_s / first_s:.2f}",
            f"{100 * rate(of_twins, twins):.1f} %",
            f"{100 * rate(of_others, others):.1f} %" if others else "",
            f"{1000 * start_error_s(of_twins, twins):.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
