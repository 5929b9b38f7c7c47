"""How often each witness of the emotion is right, and which action units of a drawn face are found again.

Truth     acted clips: MEAD's file names, `<actor>_front_<emotion>_level<n>_<clip>.mp4`; twin footage: the
          `.truth.json` beside each clip
Run       python benchmarks/emotion.py --acted ACTED_CLIPS --twin demo/footage
          python benchmarks/emotion.py --marks ACTED_CLIPS --marks OTHER_CLIPS --marks demo/footage
`--marks` measures the floors (neutral speech: GRID, MEAD's and the twin's neutral clips, by file name) and
ceilings (all real files) that `emotion/action_units.py` holds, before rounding and its exceptions.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.emotion.action_units import MARKS, UNITS, Reading, action_units, witness_readings
from style2talker.emotion.facial import (
    FacialEmotion,
    combine,
    emotion_level,
    net_probability,
    unit_match,
    unit_probability,
)
from style2talker.emotion.facs import UNIT_NAMES
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.face.crop import crop_frames, fomm_box, to_crop
from style2talker.face.fit import fit_clip
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import embedded
from style2talker.media.video import read_frames
from style2talker.twin.truth import SUFFIX, read_truth

LONGEST_S = 6.0
UNSEEN_UNITS = (6, 9)
console = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    frames_thw3: np.ndarray
    landmarks_tl3: np.ndarray
    blendshapes_tk: np.ndarray
    found_t: np.ndarray
    expression_tk: np.ndarray

    @property
    def readings(self) -> dict[str, dict[int, Reading]]:
        return witness_readings(self.blendshapes_tk, self.found_t, expression_tk=self.expression_tk)


def faces(paths: Iterable[Path]) -> Iterator[tuple[Path, Face]]:
    with LandmarkTracker() as tracker:
        for path in paths:
            frames = list(read_frames(path, end_s=LONGEST_S))
            track = tracker.track(iter(frames))
            box = fomm_box(track.landmarks_tl3)
            if box is None:
                console.print(f"{path.name}: no face, left out")
                continue
            landmarks_tl3 = to_crop(track.landmarks_tl3, box)
            fit = fit_clip(
                landmarks_tl3,
                blendshapes_tk=track.blendshapes_tk,
                model=embedded(),
                face_found_t=track.found_t,
            )
            yield (
                path,
                Face(
                    frames_thw3=np.stack(list(crop_frames(iter(frames), box))),
                    landmarks_tl3=landmarks_tl3,
                    blendshapes_tk=track.blendshapes_tk,
                    found_t=track.found_t,
                    expression_tk=fit.expression_tk,
                ),
            )


def units_of(face: Face) -> set[int]:
    active = action_units(face.blendshapes_tk, face.found_t, expression_tk=face.expression_tk)
    return {unit.unit for unit in active}


def level_of(emotion: str, face: Face) -> int:
    return emotion_level(emotion, face.blendshapes_tk, face.found_t, expression_tk=face.expression_tk)


def witnesses(facial: FacialEmotion, face: Face) -> dict[str, str]:
    """The emotion that each net, their mean, the units and all together name."""
    by_net = facial.nets(face.frames_thw3, face.landmarks_tl3)
    answers = dict(by_net)
    answers["nets together"] = net_probability(by_net)
    match_e = unit_match(face.readings)
    answers["action units"] = unit_probability(match_e)
    answers["all"] = combine(answers["nets together"], match_e)
    return {name: EMOTIONS[int(probability_e.argmax())] for name, probability_e in answers.items()}


def print_acted(folder: Path) -> None:
    facial = FacialEmotion()
    right, right_seven, of_seven, said_wrong = Counter(), Counter(), 0, []
    total, levels, net_s, clip_s = 0, Counter(), 0.0, 0.0
    for path, face in faces(sorted(folder.glob("*.mp4"))):
        label = re.search(rf"_({'|'.join(EMOTIONS)})_level(\d)", path.name)
        if label is None:
            continue
        start_s = time.process_time()
        said = witnesses(facial, face)
        net_s += time.process_time() - start_s
        clip_s += len(face.frames_thw3) / FRAME_RATE_HZ
        total, of_seven = total + 1, of_seven + (label[1] != "contempt")
        for name, emotion in said.items():
            right[name] += emotion == label[1]
            right_seven[name] += emotion == label[1] != "contempt"
        levels[int(label[2]), level_of(label[1], face)] += 1
        if said["all"] != label[1]:
            said_wrong.append(f"{path.stem}: {said['all']}")
    table = Table("witness", "right of all", "right without contempt", title=f"acted emotion, {total} clips")
    for name in right:
        table.add_row(name, f"{right[name]}/{total}", f"{right_seven[name]}/{of_seven}")
    console.print(table)
    console.print("wrong:", "; ".join(said_wrong) or "none")
    console.print("(level acted, level read): clips", dict(sorted(levels.items())))
    console.print(f"{1000 * net_s / max(clip_s, 1e-9):.0f} ms of processor time per second of clip")


def print_twin(folder: Path, most: int) -> None:
    facial = FacialEmotion()
    shown, found, claimed = Counter(), Counter(), Counter()
    right, levels, total = Counter(), Counter(), 0
    for path, face in faces(sorted(folder.rglob("*.mp4"))[:most]):
        truth = read_truth(path.with_name(path.stem + SUFFIX))
        units = units_of(face)
        total += 1
        shown.update(truth.action_units)
        found.update(units & set(truth.action_units))
        claimed.update(units - set(truth.action_units))
        right.update(name for name, emotion in witnesses(facial, face).items() if emotion == truth.emotion)
        levels[truth.level, level_of(truth.emotion, face)] += 1
    table = Table(
        "unit", "shown in", "found in", "claimed without being shown in", title=f"twin, {total} clips"
    )
    for unit in sorted(shown | claimed):
        seen = "not visible to any witness" if unit in UNSEEN_UNITS else str(found[unit])
        table.add_row(f"{unit} {UNIT_NAMES[unit]}", str(shown[unit]), seen, str(claimed[unit]))
    console.print(table)
    console.print("emotion right:", {name: f"{count}/{total}" for name, count in right.items()})
    console.print("(level drawn, level read): clips", dict(sorted(levels.items())))


def print_marks(folders: list[Path]) -> None:
    files = sorted(path for folder in folders for path in folder.iterdir() if path.suffix in (".mp4", ".mpg"))
    readings = {path.name: face.readings for path, face in faces(files)}
    neutral = [name for name in readings if name.startswith("grid_") or "_neutral_" in name]
    for witness, by_unit in MARKS.items():
        title = f"marks of the {witness}, {len(neutral)} neutral of {len(readings)} clips"
        table = Table("unit", "floor", "second largest", "ceiling", "in use", title=title)
        for unit in UNITS:
            second, floor = sorted(readings[name][witness][unit].value for name in neutral)[-2:]
            # Drawn faces tell what rest and speech show, not how far a person's unit can go.
            ceiling = max(
                values[witness][unit].value
                for name, values in readings.items()
                if not name.startswith("twin")
            )
            row = (f"{floor:.3f}", f"{second:.3f}", f"{ceiling:.3f}", str(by_unit[unit]))
            table.add_row(f"{unit} {UNIT_NAMES[unit]}", *row)
        console.print(table)


def main(
    acted: Annotated[Path | None, typer.Option(help="Folder of acted clips with MEAD's file names.")] = None,
    twin: Annotated[Path | None, typer.Option(help="Folder of twin footage.")] = None,
    marks: Annotated[
        list[Path] | None, typer.Option(help="Folders to measure floors and ceilings on.")
    ] = None,
    most: Annotated[int, typer.Option(help="Largest number of twin clips to read.")] = 48,
) -> None:
    for folder in (acted, twin, *(marks or [])):
        if folder is not None and not folder.is_dir():
            console.print(f"{folder} is not here; name a folder of clips to measure on it")
            raise typer.Exit(0)
    if acted is not None:
        print_acted(acted)
    if twin is not None:
        print_twin(twin, most)
    if marks:
        print_marks(marks)


if __name__ == "__main__":
    typer.run(main)
