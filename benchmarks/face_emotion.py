"""How often the face's emotion is right: nets, action units and both, alone and relative to a neutral.

Truth     acted clips: MEAD's file names, `<actor>_front_<emotion>_level<n>_<clip>.mp4`; twin footage: the
          `.truth.json` beside each clip
Run       python benchmarks/face_emotion.py --acted ACTED_CLIPS --twin demo/footage
Relative to the neutral, a neutral clip is judged by its second half against its first: against itself it
could only be right. The others are judged relative to the whole neutral clip. Relative to the quieter clips
no label is used: it is what `emotion/neutral.py` makes of a speaker with eight clips or more.
docs/face_emotion.md says what was fixed on which clips.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from emotion import Face, faces
from rich.console import Console
from rich.table import Table

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.emotion.face_nets import FaceNets, looks
from style2talker.emotion.facial import face_probability, nets_answer, unit_match, units_answer
from style2talker.emotion.neutral import Evidence, Quiet, chosen_clips, movement, neutral_of
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.twin.truth import SUFFIX, read_truth

console = Console()
Speaker = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A clip, or half of one, as the nets and the trackers saw it."""

    speaker: Speaker
    emotion: str
    by_net: Mapping[str, np.ndarray]
    readings_r2: np.ndarray

    @property
    def net_ne(self) -> np.ndarray:
        return np.stack(list(self.by_net.values()))


def answers(clip: Shown, neutral: Shown | None) -> dict[str, np.ndarray]:
    """What each witness says; relative to the neutral where there is one."""
    neutral_net_ne, neutral_r2 = (None, None) if neutral is None else (neutral.net_ne, neutral.readings_r2)
    said = {}
    for name, probability_e in clip.by_net.items():
        of_neutral = None if neutral is None else neutral.by_net[name][None]
        said[name] = nets_answer(probability_e[None], of_neutral)
    said["nets, plain mean"] = plain_mean(clip, neutral)
    said["nets"] = nets_answer(clip.net_ne, neutral_net_ne)
    said["action units"] = units_answer(unit_match(clip.readings_r2, neutral_r2))
    said["face"] = face_probability(
        clip.net_ne, clip.readings_r2, neutral_net_ne=neutral_net_ne, neutral_r2=neutral_r2
    )
    return said


def plain_mean(clip: Shown, neutral: Shown | None) -> np.ndarray:
    """The peer: arithmetic means of the probabilities; neutral where no emotion grew by a fifth."""
    mean_e = clip.net_ne.mean(axis=0)
    if neutral is not None:
        mean_e = mean_e - neutral.net_ne.mean(axis=0)
        mean_e[EMOTIONS.index("neutral")] = 0.2
    return mean_e


@dataclass(slots=True)
class Score:
    """How many clips each witness names rightly, of how many; and which the face as a whole does not."""

    right: Counter[str] = field(default_factory=Counter)
    number: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, name: str, clip: Shown, reference: Shown | None) -> None:
        self.number += 1
        said = {witness: EMOTIONS[int(e.argmax())] for witness, e in answers(clip, reference).items()}
        self.right.update(witness for witness, emotion in said.items() if emotion == clip.emotion)
        if said["face"] != clip.emotion:
            self.wrong.append(f"{name}: {said['face']}")

    def of(self, witness: str) -> str:
        share = f" ({self.right[witness] / self.number:.0%})" if self.number else ""
        return f"{self.right[witness]}/{self.number}{share}"


def scores(clips: Mapping[str, Shown], halves: Mapping[str, tuple[Shown, Shown]]) -> dict[str, Score]:
    """Alone, and relative to the speaker's neutral and quieter clips; `halves` of the neutral clips."""
    neutral = {clip.speaker: clip for clip in clips.values() if clip.emotion == "neutral"}
    quiet = {
        speaker: _quieter({name: clip for name, clip in clips.items() if clip.speaker == speaker})
        for speaker in {clip.speaker for clip in clips.values()}
    }
    each = {"alone": Score(), "relative to the neutral": Score(), "relative to the quieter clips": Score()}
    for name, clip in clips.items():
        each["alone"].add(name, clip, None)
        if name in halves:
            each["relative to the neutral"].add(name, halves[name][1], halves[name][0])
        elif clip.speaker in neutral:
            each["relative to the neutral"].add(name, clip, neutral[clip.speaker])
        quieter = quiet[clip.speaker]
        if quieter is not None:
            each["relative to the quieter clips"].add(name, clip, quieter)
    return each


def _quieter(clips: Mapping[str, Shown]) -> Shown | None:
    """The neutral that a speaker's clips make without labels."""
    chosen = chosen_clips([Quiet(name, False, movement(clip.readings_r2)) for name, clip in clips.items()])
    if not chosen:
        return None
    found = neutral_of(
        [
            Evidence(clip_id=name, net_ne=clips[name].net_ne, reading_r2=clips[name].readings_r2, voice={})
            for name in chosen
        ]
    )
    any_clip = clips[chosen[0]]
    return Shown(
        speaker=any_clip.speaker,
        emotion="",
        by_net=dict(zip(any_clip.by_net, found.net_ne, strict=True)),
        readings_r2=found.reading_r2,
    )


def acted_label(path: Path) -> tuple[Speaker, str] | None:
    """Of MEAD's file names."""
    label = re.fullmatch(rf"([MW]\d+)_.*?({'|'.join(EMOTIONS)})_level\d.*", path.stem)
    return None if label is None else (label[1], label[2])


def twin_label(path: Path) -> tuple[Speaker, str] | None:
    """Of twin footage: `twin<nn>_...` is one person."""
    truth = path.with_name(path.stem + SUFFIX)
    return (path.stem.split("_")[0], read_truth(truth).emotion) if truth.is_file() else None


def print_accuracy(title: str, labels: Mapping[Path, tuple[Speaker, str]]) -> None:
    nets = FaceNets()
    clips, halves, spent_s, clip_s = {}, {}, 0.0, 0.0
    for path, face in faces(labels):
        start_s = time.process_time()
        clips[path.stem] = _shown(nets, face, slice(None), *labels[path])
        spent_s += time.process_time() - start_s
        clip_s += len(face.found_t) / FRAME_RATE_HZ
        if labels[path][1] == "neutral":
            middle = len(face.found_t) // 2
            parts = (slice(middle), slice(middle, None))
            halves[path.stem] = tuple(_shown(nets, face, part, *labels[path]) for part in parts)
    each = scores(clips, halves)
    table = Table("right", *each, title=title)
    for witness in answers(next(iter(clips.values())), None):
        table.add_row(witness, *(score.of(witness) for score in each.values()))
    console.print(table)
    for manner, score in each.items():
        console.print(f"face {manner}, wrong:", "; ".join(score.wrong) or "none")
    console.print(f"{1000 * spent_s / max(clip_s, 1e-9):.0f} ms of processor time per second of clip")


def _shown(nets: FaceNets, face: Face, part: slice, speaker: Speaker, emotion: str) -> Shown:
    piece = Face(**{each.name: getattr(face, each.name)[part] for each in fields(face)})
    look_n = looks(piece.landmarks_tl3)
    return Shown(
        speaker=speaker,
        emotion=emotion,
        by_net=nets(piece.frames_thw3[look_n], piece.landmarks_tl3[look_n]),
        readings_r2=piece.readings(),
    )


def _labelled(paths: Iterable[Path], label_of) -> dict[Path, tuple[Speaker, str]]:
    labels = {path: label_of(path) for path in sorted(paths)}
    return {path: label for path, label in labels.items() if label is not None}


def main(
    acted: Annotated[Path | None, typer.Option(help="Folder of acted clips with MEAD's file names.")] = None,
    twin: Annotated[Path | None, typer.Option(help="Folder of twin footage.")] = None,
) -> None:
    for folder, label_of in ((acted, acted_label), (twin, twin_label)):
        if folder is None:
            continue
        labels = _labelled(folder.rglob("*.mp4"), label_of) if folder.is_dir() else {}
        if not labels:
            console.print(f"{folder}: no labelled clips here; name a folder of them to measure on it")
            continue
        print_accuracy(f"emotion of the face, {len(labels)} clips of {folder.name}", labels)


if __name__ == "__main__":
    typer.run(main)
