"""How often the face's emotion is right: nets, action units and both, alone and relative to a neutral.

Truth     acted clips: MEAD's file names, `<actor>_front_<emotion>_level<n>_<clip>.mp4`; twin footage: the
          `.truth.json` beside each clip
Run       python benchmarks/face_emotion.py --acted ACTED_CLIPS --twin demo/footage
A neutral clip is judged by its second half, relative to its first: against itself it could only be right. The
others are judged relative to the whole neutral clip. docs/face_emotion.md says what was fixed on which clips.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from emotion import Face, faces
from rich.console import Console
from rich.table import Table

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.emotion.action_units import MARKS, UNITS, witness_readings
from style2talker.emotion.face_nets import FaceNets, looks
from style2talker.emotion.facial import face_probability, nets_answer, unit_match, units_answer
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


def accuracy(
    clips: Mapping[str, Shown], halves: Mapping[str, tuple[Shown, Shown]]
) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]], list[str]]:
    """Right and number of clips of each witness alone and relative to the neutral, and what "face" got wrong.

    Args:
        clips: by name.
        halves: of the neutral clips.
    """
    neutral = {clip.speaker: clip for clip in clips.values() if clip.emotion == "neutral"}
    alone, relative = Counter[str](), Counter[str]()
    num_relative, wrong = 0, []
    for name, clip in clips.items():
        for witness, probability_e in answers(clip, None).items():
            alone[witness] += EMOTIONS[int(probability_e.argmax())] == clip.emotion
        if clip.speaker not in neutral:
            continue
        num_relative += 1
        of, start = (halves[name][1], halves[name][0]) if name in halves else (clip, neutral[clip.speaker])
        said = answers(of, start)
        for witness, probability_e in said.items():
            relative[witness] += EMOTIONS[int(probability_e.argmax())] == clip.emotion
        answer = EMOTIONS[int(said["face"].argmax())]
        if answer != clip.emotion:
            wrong.append(f"{name}: {answer}")
    return (
        {witness: (right, len(clips)) for witness, right in alone.items()},
        {witness: (right, num_relative) for witness, right in relative.items()},
        wrong,
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
    alone, relative, wrong = accuracy(clips, halves)
    table = Table("witness", "right", "relative to the speaker's neutral", title=title)
    for witness, counts in alone.items():
        table.add_row(witness, *(_share(*c) for c in (counts, relative.get(witness, (0, 0)))))
    console.print(table)
    console.print("face relative to the neutral, wrong:", "; ".join(wrong) or "none")
    console.print(f"{1000 * spent_s / max(clip_s, 1e-9):.0f} ms of processor time per second of clip")


def _shown(nets: FaceNets, face: Face, part: slice, speaker: Speaker, emotion: str) -> Shown:
    look_n = looks(face.landmarks_tl3[part])
    readings = witness_readings(
        face.blendshapes_tk[part], face.found_t[part], expression_tk=face.expression_tk[part]
    )
    return Shown(
        speaker=speaker,
        emotion=emotion,
        by_net=nets(face.frames_thw3[part][look_n], face.landmarks_tl3[part][look_n]),
        readings_r2=np.array(
            [[readings[w][u].left, readings[w][u].right] for w in MARKS for u in UNITS], np.float32
        ),
    )


def _share(right: int, number: int) -> str:
    return f"{right}/{number} ({right / number:.0%})" if number else ""


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
