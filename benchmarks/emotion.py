"""Which action units of a drawn face are found again, and which level; the emotion is face_emotion.py's.

Truth     acted clips: MEAD's file names, `<actor>_front_<emotion>_level<n>_<clip>.mp4`; twin footage: the
          `.truth.json` beside each clip
Run       python benchmarks/emotion.py --acted ACTED_CLIPS --twin demo/footage
          python benchmarks/emotion.py --marks ACTED_CLIPS --marks OTHER_CLIPS --marks demo/footage
`--marks` measures the floors (neutral speech: GRID, MEAD's and the twin's neutral clips, by file name) and
ceilings (all real files) that `emotion/action_units.py` holds, before rounding and its exceptions.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from style2talker.emotion.action_units import MARKS, UNITS, Reading, action_units, witness_readings
from style2talker.emotion.facial import emotion_level
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


def print_acted(folder: Path) -> None:
    levels = Counter()
    for path, face in faces(sorted(folder.glob("*.mp4"))):
        label = re.search(rf"_({'|'.join(EMOTIONS)})_level(\d)", path.name)
        if label is not None:
            levels[int(label[2]), level_of(label[1], face)] += 1
    console.print(f"acted, {levels.total()} clips (level acted, level read):", dict(sorted(levels.items())))


def print_twin(folder: Path, most: int) -> None:
    shown, found, claimed = Counter(), Counter(), Counter()
    levels, total = Counter(), 0
    for path, face in faces(sorted(folder.rglob("*.mp4"))[:most]):
        truth = read_truth(path.with_name(path.stem + SUFFIX))
        units = units_of(face)
        total += 1
        shown.update(truth.action_units)
        found.update(units & set(truth.action_units))
        claimed.update(units - set(truth.action_units))
        levels[truth.level, level_of(truth.emotion, face)] += 1
    table = Table(
        "unit", "shown in", "found in", "claimed without being shown in", title=f"twin, {total} clips"
    )
    for unit in sorted(shown | claimed):
        seen = "not visible to any witness" if unit in UNSEEN_UNITS else str(found[unit])
        table.add_row(f"{unit} {UNIT_NAMES[unit]}", str(shown[unit]), seen, str(claimed[unit]))
    console.print(table)
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
