"""What voice and words say, how often they are right, how often a doubt is false, and what it costs.

Run       python benchmarks/voice.py --acted EMODB --layout '(?P<emotion>[a-z]+)_(?P<speaker>\\d\\d)'
          python benchmarks/voice.py --real CLIPS --real EMODB --twin demo/footage
          python benchmarks/voice.py --witnesses CLIPS --said benchmarks/said.tsv
          python benchmarks/voice.py --reference GRID_AND_ADDRESSES
`--acted` scores the published and the learned model on speakers left out. `--real` and `--twin` count doubts
on pieces of five seconds. `--witnesses` prints what each witness says of each clip. `--said` scores the words
on the anchors, each left out in turn, and on lines of emotion, tab and sentence. `--reference` measures
the typical voices that `emotion/voice_profiles.py` starts from; a file name up to its `_` is the speaker.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from style2talker.cli.voice import print_scores
from style2talker.emotion.labelled_voices import find_labelled, measure
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.voice import measures_of, voice_emotion
from style2talker.emotion.voice_profiles import MEASURES
from style2talker.errors import Reject
from style2talker.media.audio import load_speech
from style2talker.speech.acoustics import acoustics, contours
from style2talker.speech.pitch import RATE_HZ
from style2talker.speech.suspicion import FLAGGED_FROM, singing, synthetic
from style2talker.threads import one_thread

PIECE_S, CLIP_S, WINDOW_S = 5.0, 8.0, 3.0
console = Console()


def pieces(folder: Path, length_s: float) -> Iterator[tuple[Path, np.ndarray]]:
    """Every sound of the folder in equal pieces of about that length."""
    for path in sorted(folder.iterdir()):
        try:
            audio = load_speech(path)
        except Reject:
            continue
        for piece in np.array_split(audio, max(1, round(len(audio) / RATE_HZ / length_s))):
            yield path, piece


def doubts(folders: list[Path], twins: list[Path]) -> None:
    table = Table("speech", "pieces", "sung", "synthetic", "mean doubt", "core-s per s")
    for kind, many in (("real", folders), ("synthetic", twins)):
        for folder in many:
            found, seconds, busy_s = [], 0.0, 0.0
            for _, audio in pieces(folder, PIECE_S):
                start = time.process_time()
                heard = contours(audio)
                features = acoustics(audio, known=heard)
                voice_emotion(measures_of(features))
                found.append((singing(heard), synthetic(audio, heard, features)))
                busy_s += time.process_time() - start
                seconds += len(audio) / RATE_HZ
            sung, made = (np.array(found) >= FLAGGED_FROM).sum(axis=0)
            means = " ".join(f"{mean:.2f}" for mean in np.mean(found, axis=0))
            cost = f"{busy_s / seconds:.4f}"
            table.add_row(f"{kind}: {folder.name}", str(len(found)), str(sung), str(made), means, cost)
    console.print(table)


def witnesses(folder: Path) -> None:
    from style2talker.emotion.words import SaidEmotion
    from style2talker.nets.text import TextEncoder
    from style2talker.speech.transcript import Transcriber

    transcribe, said = Transcriber(), SaidEmotion(TextEncoder())
    table = Table("clip", "voice", "arousal", "words", "said")
    seconds, busy_s = 0.0, 0.0
    for path, audio in pieces(folder, CLIP_S):
        voice = voice_emotion(measures_of(acoustics(audio)))
        text = transcribe(audio).text
        start = time.process_time()
        words_e = said(text)
        busy_s += time.process_time() - start
        seconds += len(audio) / RATE_HZ
        spoken = "nothing" if words_e is None else _top(words_e)
        table.add_row(path.stem, _top(voice.probability_e), f"{voice.arousal:+.2f}", spoken, text[:60])
    console.print(table)
    console.print(
        f"words: {busy_s / seconds:.4f} core-seconds per second of sound, the recogniser not counted"
    )


def said_right(lines: Path) -> None:
    from style2talker.emotion.anchors import ANCHORS
    from style2talker.emotion.words import SaidEmotion
    from style2talker.nets.text import TextEncoder

    encode_new, seen = TextEncoder(), dict[str, np.ndarray]()

    def encode(texts: list[str]) -> np.ndarray:
        seen.update({text: encode_new([text])[0] for text in texts if text not in seen})
        return np.stack([seen[text] for text in texts])

    known = {emotion: list(sentences) for emotion, sentences in ANCHORS.items()}
    sentences = [line.split("\t") for line in lines.read_text(encoding="utf-8").splitlines()]
    others = SaidEmotion(encode)
    right = [EMOTIONS[int(np.argmax(others(text)))] == emotion for emotion, text in sentences]
    left_out = []
    for emotion, of in known.items():
        for text in of:
            rest = known | {emotion: [other for other in of if other != text]}
            found_e = SaidEmotion(encode, anchors=rest)(text)
            left_out.append(EMOTIONS[int(np.argmax(found_e))] == emotion)
    console.print(f"words: {np.mean(left_out):.0%} of {len(left_out)} anchors, each left out")
    console.print(f"words: {np.mean(right):.0%} of {len(right)} sentences of {lines.name}")


def _top(probability_e: np.ndarray) -> str:
    best = np.argsort(probability_e)[::-1][:2]
    return ", ".join(f"{EMOTIONS[e]} {probability_e[e]:.2f}" for e in best)


def reference(folder: Path) -> None:
    windows: dict[str, list[np.ndarray]] = defaultdict(list)
    for path, audio in pieces(folder, WINDOW_S):
        windows[path.stem.split("_")[0]].append(measures_of(acoustics(audio)))
    mean_sd = np.array([np.mean(of, axis=0) for of in windows.values()])
    rest = [of - np.mean(of, axis=0) for of in windows.values() if len(of) > 2]
    table = Table("measure", "low voices", "high voices", "between speakers", "within")
    is_high = mean_sd[:, 0] > 29  # 147 Hz
    for d, name in enumerate(MEASURES):
        parts = [mean_sd[~is_high, d], mean_sd[is_high, d]]
        between = np.concatenate([part - part.mean() for part in parts if len(part)]).std()
        within = np.concatenate(rest)[:, d].std() if rest else np.nan
        low, high = (f"{part.mean():.1f}" if len(part) else "" for part in parts)
        table.add_row(name, low, high, f"{between:.2f}", f"{within:.2f}")
    console.print(table)
    console.print(f"{len(windows)} speakers, {int(is_high.sum())} of them high")


def main(
    acted: Annotated[Path | None, typer.Option(help="Labelled sound, as for `voice learn`.")] = None,
    layout: Annotated[str | None, typer.Option(help="As for `voice learn`.")] = None,
    real: Annotated[list[Path] | None, typer.Option(help="Folders of real speech.")] = None,
    twin: Annotated[list[Path] | None, typer.Option(help="Folders of synthetic speech.")] = None,
    witness: Annotated[Path | None, typer.Option("--witnesses", help="Folder of clips.")] = None,
    said: Annotated[Path | None, typer.Option(help="Lines of emotion, tab and sentence.")] = None,
    calm: Annotated[Path | None, typer.Option("--reference", help="Folder of neutral speech.")] = None,
) -> None:
    with one_thread():
        if acted is not None:
            clips, unheard = measure(find_labelled(acted, layout)[0])
            console.print(f"{len(clips)} clips, {len(unheard)} not heard")
            print_scores(clips)
        if real or twin:
            doubts(real or [], twin or [])
        if witness is not None:
            witnesses(witness)
        if said is not None:
            said_right(said)
        if calm is not None:
            reference(calm)


if __name__ == "__main__":
    typer.run(main)
