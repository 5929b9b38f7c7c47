"""How well action units, their strength and the emotion's level are read from faces whose units are known.

Truth     twin footage: the `.truth.json` beside each clip. Acted clips, whose units nobody noted: what is
          reported of each is printed beside the emotion's prototype (MEAD's file names)
Run       python benchmarks/units.py --twin demo/footage
          python benchmarks/units.py --acted ACTED_CLIPS
          python benchmarks/units.py --marks FOOTAGE_OF_OTHERS --quiet CLIPS_OF_MILD_SPEECH
`--twin` leaves out clips of people on whom the marks were measured (twin06 to twin17). Relative to the
neutral: every clip but the neutral ones against the speaker's neutral clip. Neutral clips are judged by
their second half against their first. F1 is over pairs of a clip and a unit, every unit of the truth counting
however faint; a level is right where low, middle or high (of a unit found) or 1, 2 or 3 (of the emotion,
given which) is the truth's. `--marks` prints what `emotion/unit_marks.py` holds, from such other footage:
    style2talker twin --out FOOTAGE_OF_OTHERS --identities 18 --seed 3
and `--quiet` how strong each unit seems in halves of clips of mild real speech against their other half.
"""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from emotion import Face, console, faces
from rich.table import Table

from style2talker.emotion.action_units import ActionUnit, action_units, emotion_level, level_of, pictured
from style2talker.emotion.facs import AU_PROFILES, UNIT_NAMES
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.unit_change import SIDED_UNITS, UNITS_SEEN, unit_change
from style2talker.emotion.unit_marks import PICTURE_MARKS, UNITS
from style2talker.emotion.unit_readings import NUM_WITNESS_ROWS, Reading, frontal_view
from style2talker.twin.truth import SUFFIX, read_truth

MARKED_PEOPLE = frozenset(f"twin{number:02d}" for number in range(6, 18))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A clip, and what was acted: FACS number -> amount, nothing of it where it is not known."""

    name: str
    speaker: str
    emotion: str
    level: int
    truth: Mapping[int, float]
    readings_r2: np.ndarray
    halves: tuple[np.ndarray, np.ndarray] | None


def shown(paths: Iterable[Path]) -> list[Shown]:
    clips = []
    for path, face in faces(paths):
        beside = path.with_name(path.stem + SUFFIX)
        if beside.exists():
            truth = read_truth(beside)
            known = (truth.speaker, truth.emotion, truth.level, truth.action_units)
        elif label := re.fullmatch(rf"(\w+?)_front_({'|'.join(EMOTIONS)})_level(\d)_\w+", path.stem):
            known = (label[1], label[2], int(label[3]), {})
        else:
            continue
        speaker, emotion, level, units = known
        halves = (part(face, first=True), part(face, first=False)) if emotion == "neutral" else None
        clips.append(
            Shown(
                name=path.stem,
                speaker=speaker,
                emotion=emotion,
                level=level,
                truth=units,
                readings_r2=face.readings(),
                halves=halves,
            )
        )
    return clips


def part(face: Face, *, first: bool) -> np.ndarray:
    """The readings of half of a clip."""
    middle = len(face.found_t) // 2
    half = slice(0, middle) if first else slice(middle, None)
    whole = {name: getattr(face, name)[half] for name in face.__dataclass_fields__}
    return replace(face, **whole).readings()


def neutrals(clips: Iterable[Shown]) -> dict[str, np.ndarray]:
    """Each speaker's mean over the neutral clips."""
    own = defaultdict(list)
    for clip in clips:
        if clip.emotion == "neutral":
            own[clip.speaker].append(clip.readings_r2)
    return {speaker: np.mean(readings, axis=0) for speaker, readings in own.items()}


@dataclass(slots=True)
class Score:
    found: Counter[int]
    claimed: Counter[int]
    missed: Counter[int]
    levels: Counter[tuple[int, int]]
    strengths_right: int = 0

    def f1(self, unit: int | None = None) -> float:
        counts = (self.found, self.claimed, self.missed)
        found, claimed, missed = (each.total() if unit is None else each[unit] for each in counts)
        return 2 * found / max(2 * found + claimed + missed, 1)

    def add(self, clip: Shown, said: Iterable[ActionUnit], level: int) -> None:
        by_unit = {each.unit: each for each in said}
        self.found.update(by_unit.keys() & clip.truth.keys())
        self.claimed.update(by_unit.keys() - clip.truth.keys())
        self.missed.update(clip.truth.keys() - by_unit.keys())
        both = by_unit.keys() & clip.truth.keys()
        self.strengths_right += sum(by_unit[unit].level == level_of(clip.truth[unit]) for unit in both)
        self.levels[clip.level, level] += 1


def print_twin(clips: list[Shown]) -> None:
    own = neutrals(clips)
    acted = [clip for clip in clips if clip.emotion != "neutral" and clip.speaker in own]
    scores = {}
    for relative in (True, False):
        score = Score(Counter(), Counter(), Counter(), Counter())
        for clip in acted:
            neutral_r2 = own[clip.speaker] if relative else None
            said = action_units(clip.readings_r2, neutral_r2=neutral_r2)
            score.add(clip, said, emotion_level(clip.emotion, clip.readings_r2, neutral_r2=neutral_r2))
        scores["relative to the neutral" if relative else "without a neutral"] = score
    people = len({clip.speaker for clip in acted})
    table = Table("unit", "shown in", *scores, title=f"F1, {len(acted)} clips of {people} people")
    shown_in = Counter(unit for clip in acted for unit in clip.truth)
    for unit in sorted(shown_in | Counter(unit for score in scores.values() for unit in score.claimed)):
        cells = [
            f"{score.f1(unit):.2f} (missed {score.missed[unit]}, claimed {score.claimed[unit]})"
            for score in scores.values()
        ]
        table.add_row(f"{unit} {UNIT_NAMES[unit]}", str(shown_in[unit]), *cells)
    macro = [f"{np.mean([score.f1(unit) for unit in shown_in]):.3f}" for score in scores.values()]
    table.add_row("mean of the units", "", *macro)
    table.add_row("all pairs", str(shown_in.total()), *(f"{score.f1():.3f}" for score in scores.values()))
    console.print(table)
    for name, score in scores.items():
        right = sum(count for (true, read), count in score.levels.items() if true == read)
        console.print(
            f"{name}: level of the emotion right in {right}/{score.levels.total()} clips "
            f"{dict(sorted(score.levels.items()))}; strength of the units found right in "
            f"{score.strengths_right}/{score.found.total()}"
        )


def print_neutral(clips: list[Shown]) -> None:
    """What a half of a neutral clip is said to show beyond the other half, and beyond the floors."""
    for clip in clips:
        if clip.halves is not None:
            before_r2, after_r2 = clip.halves
            relative = [unit.name for unit in action_units(after_r2, neutral_r2=before_r2)]
            alone = [unit.name for unit in action_units(clip.readings_r2)]
            console.print(f"{clip.name}: {relative or 'nothing'}; without a neutral: {alone or 'nothing'}")


def print_acted(clips: list[Shown]) -> None:
    own = neutrals(clips)
    table = Table("clip", "of the prototype, found", "not found", "besides", title="relative to the neutral")
    for clip in clips:
        if clip.emotion != "neutral" and clip.speaker in own:
            said = {u.unit: u for u in action_units(clip.readings_r2, neutral_r2=own[clip.speaker])}
            profile = AU_PROFILES[(clip.emotion, 3)].keys()
            cells = (said.keys() & profile, profile - said.keys(), said.keys() - profile)
            table.add_row(clip.name, *(" ".join(map(str, sorted(cell))) for cell in cells))
    console.print(table)


def print_marks(clips: list[Shown]) -> None:
    own = neutrals(clips)
    acted = [clip for clip in clips if clip.emotion != "neutral" and clip.speaker in own]
    views = [(frontal_view(own[clip.speaker]), frontal_view(clip.readings_r2)) for clip in acted]
    changes = [
        unit_change(before, after) for before, after in views if before is not None and after is not None
    ]
    assert len(changes) == len(acted), "a clip without a frontal view"
    risen_cwu2 = np.stack(
        [(clip.readings_r2 - own[clip.speaker])[:NUM_WITNESS_ROWS].reshape(2, -1, 2) for clip in acted]
    )
    table = Table("unit", "least", "full", "sigma", "followed", "in use", title=f"marks, {len(acted)} clips")
    for unit in UNITS_SEEN:
        true_c = np.array([clip.truth.get(unit, 0.0) for clip in acted])
        risen_c2 = risen_cwu2[:, :, UNITS.index(unit)].mean(axis=1)
        sides = ("left", "right") if unit in SIDED_UNITS else ("both", "both")
        amount_c2 = np.array([[change[unit, side] for side in sides] for change in changes])
        if unit not in SIDED_UNITS:
            risen_c2 = np.repeat(risen_c2.mean(axis=1, keepdims=True), 2, axis=1)
        full, followed = slope(values(amount_c2), true_c), slope(risen_c2.max(axis=1), true_c)
        strength_c2 = np.clip(amount_c2 / full, 0, 1.5)
        if PICTURE_MARKS[unit].followed is not None:
            strength_c2 = np.sqrt(strength_c2 * np.clip(risen_c2 / followed, 0, 1.5))
        strength_c = values(strength_c2)
        sigma = float((strength_c - true_c)[true_c > 0].std())
        steps = np.arange(0.02, 0.7, 0.01)
        f1 = [
            2 * ((strength_c >= at) & (true_c > 0)).sum() / ((strength_c >= at).sum() + (true_c > 0).sum())
            for at in steps
        ]
        least = steps[np.isclose(f1, max(f1))].mean()
        row = (f"{least:.2f}", f"{full:.2f}", f"{sigma:.2f}", f"{followed:.2f}", str(PICTURE_MARKS[unit]))
        table.add_row(f"{unit} {UNIT_NAMES[unit]}", *row)
    console.print(table)


def print_quiet(paths: Iterable[Path]) -> None:
    seen = defaultdict(list)
    for _, face in faces(paths):
        halves = part(face, first=True), part(face, first=False)
        for before_r2, after_r2 in (halves, halves[::-1]):
            sides = pictured(before_r2, after_r2)
            for unit, sides_2 in sides.items():
                seen[unit].append(Reading(left=sides_2[0], right=sides_2[1]).value)
    table = Table("unit", "four in five", "largest", title="halves of mild speech against their other half")
    for unit, strengths in seen.items():
        table.add_row(
            f"{unit} {UNIT_NAMES[unit]}", f"{np.quantile(strengths, 0.8):.2f}", f"{max(strengths):.2f}"
        )
    console.print(table)


def values(sides_c2: np.ndarray) -> np.ndarray:
    return np.array([Reading(left=left, right=right).value for left, right in sides_c2.tolist()])


def slope(amount_c: np.ndarray, true_c: np.ndarray) -> float:
    """Amount at full strength."""
    return float(amount_c @ true_c / (true_c @ true_c))


def footage(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.mp4"))


def main(
    twin: Annotated[Path | None, typer.Option(help="Folder of twin footage.")] = None,
    acted: Annotated[Path | None, typer.Option(help="Folder of acted clips with MEAD's file names.")] = None,
    marks: Annotated[Path | None, typer.Option(help="Folder of footage to measure the marks on.")] = None,
    quiet: Annotated[Path | None, typer.Option(help="Folder of clips of mild real speech.")] = None,
    most: Annotated[int, typer.Option(help="Largest number of clips to read of each.")] = 100,
) -> None:
    for folder in (twin, acted, marks, quiet):
        if folder is not None and not folder.is_dir():
            console.print(f"{folder} is not here; name a folder of clips to measure on it")
            raise typer.Exit(0)
    if twin is not None:
        paths = [path for path in footage(twin) if path.stem.split("_")[0] not in MARKED_PEOPLE]
        start_s = time.process_time()
        clips = shown(paths[:most])
        print_twin(clips)
        print_neutral(clips)
        console.print(f"{time.process_time() - start_s:.0f} s of processor time, tracking and fit included")
    if acted is not None:
        clips = shown(footage(acted)[:most])
        print_acted(clips)
        print_neutral(clips)
    if marks is not None:
        print_marks(shown([p for p in footage(marks) if p.stem.split("_")[0] in MARKED_PEOPLE][:most]))
    if quiet is not None:
        print_quiet(sorted(path for path in quiet.iterdir() if path.suffix in (".mp4", ".mpg")))


if __name__ == "__main__":
    typer.run(main)
