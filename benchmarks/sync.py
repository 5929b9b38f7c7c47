"""Offset between sound and picture, found against known.

Twin    each clip's sound is moved by known amounts; what is found should be just these
Real    the true offset of a recording is not known, but moved sound should move what is found by as much,
        and stretches of one recording should say the same as the whole
Others  the sound of another clip: nothing should be found, surely
Run     style2talker twin --out footage && python benchmarks/sync.py footage
        python benchmarks/sync.py footage --real clips/

Axes: T frames, n samples.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from style2talker.corpus.card import VIDEO_SUFFIXES
from style2talker.corpus.schema import AUDIO_RATE_HZ, FRAME_RATE_HZ
from style2talker.errors import Reject
from style2talker.face.landmarks import LandmarkTracker
from style2talker.media.audio import read_audio
from style2talker.media.video import read_frames
from style2talker.progress import progress_bar
from style2talker.speech.sync import LARGEST_FRAMES, MARGIN_S, samples_for, sync_offset
from style2talker.speech.sync_result import SURE, Sync

SHIFTS = (-12, -8, -5, -3, -1, 0, 1, 3, 5, 8, 12)
STRETCH_FRAMES = 100
BINS = 10
LONGEST_FRAMES = 250  # of a clip of a corpus
ROOM_S = MARGIN_S + LARGEST_FRAMES / FRAME_RATE_HZ


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """audio_n begins `ROOM_S` before the first frame and ends as long after the last."""

    name: str
    audio_n: np.ndarray
    landmarks_tl3: np.ndarray

    def offset(
        self, *, late: float = 0.0, frames: slice = slice(None), sound: np.ndarray | None = None
    ) -> Sync:
        """With the sound later by so many frames than it is; of a stretch; with other sound."""
        landmarks_tl3 = self.landmarks_tl3[frames]
        first_s = ROOM_S - MARGIN_S + ((frames.start or 0) - late) / FRAME_RATE_HZ
        audio_n = self.audio_n if sound is None else sound
        wanted = samples_for(len(landmarks_tl3))
        audio_n = audio_n[round(first_s * AUDIO_RATE_HZ) :][:wanted]
        return sync_offset(np.pad(audio_n, (0, wanted - len(audio_n))), landmarks_tl3)


def tracked(folder: Path, most: int | None = None) -> Iterator[Clip]:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)[:most]
    tracker = LandmarkTracker()
    with progress_bar() as bar:
        task = bar.add_task(f"tracking {folder.name}", total=len(files), unit="clips")
        for path in files:
            try:
                found = tracker.track(read_frames(path))
                end_s = len(found.found_t) / FRAME_RATE_HZ + ROOM_S
                audio_n = read_audio(path, start_s=-ROOM_S, end_s=end_s)
                yield Clip(name=path.stem, audio_n=audio_n, landmarks_tl3=found.landmarks_tl3)
            except Reject:
                pass  # silent, or no face: nothing to compare
            bar.advance(task)


def calibration_error(said: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error over bins of equal width."""
    confidence, right = np.array([c for c, _ in said]), np.array([r for _, r in said])
    bin_of = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return float(
        sum(
            (bin_of == b).mean() * abs(confidence[bin_of == b].mean() - right[bin_of == b].mean())
            for b in np.unique(bin_of)
        )
    )


def others(clips: Sequence[Clip]) -> dict[tuple[str, str], Sync]:
    """Each clip's first ten seconds with the sound of every other clip."""
    return {
        (clip.name, other.name): clip.offset(sound=other.audio_n, frames=slice(0, LONGEST_FRAMES))
        for clip in clips
        for other in clips
        if clip is not other
    }


def main(
    twins: Annotated[Path, typer.Argument(help="Folder of twin clips, in sync to the sample.")],
    real: Annotated[Path | None, typer.Option(help="Folder of recordings.")] = None,
    most: Annotated[int | None, typer.Option(help="Largest number of twins.")] = None,
) -> None:
    console = Console()
    clips = list(tracked(twins, most))
    started_s, seconds = time.process_time(), 0.0
    said: list[tuple[float, bool]] = []
    errors, wrong = [], []
    for clip in clips:
        for shift in SHIFTS:
            found = clip.offset(late=shift)
            error = found.offset_frames - shift
            errors.append(error)
            said.append((found.confidence, abs(error) <= 1))
            seconds += len(clip.landmarks_tl3) / FRAME_RATE_HZ
            if abs(error) > 1:
                wrong.append(
                    f"{clip.name} by {shift:+d}: {found.offset_frames:+.1f} ({found.confidence:.2f})"
                )
    cost = (time.process_time() - started_s) / seconds
    table = Table("what", "number", "figure")
    right = np.abs(errors) <= 1
    table.add_row(
        f"twin clips, {len(SHIFTS)} shifts each: within 1 frame", f"{len(right)}", f"{right.mean():.1%}"
    )
    table.add_row(
        "  median error, mean of the absolute error",
        "",
        f"{np.median(errors):+.2f}, {np.abs(errors).mean():.2f} frames",
    )
    strangers = others(clips)
    # every third case, as in what the confidence was fitted to
    share = max(2 * len(strangers) // len(said), 1)
    said += [(found.confidence, False) for found in list(strangers.values())[::share]]
    table.add_row(
        "twin clips with another's sound: surely off or in sync", f"{len(strangers)}", share_sure(strangers)
    )
    table.add_row(
        "expected calibration error, a third of it strangers",
        f"{len(said)}",
        f"{calibration_error(said):.3f}",
    )
    table.add_row("seconds of one core per second of clip", "", f"{cost:.4f}")
    if real is not None:
        add_real(table, list(tracked(real)), console)
    console.print(table)
    for text in wrong:
        console.print(text)


def share_sure(found: dict[tuple[str, str], Sync]) -> str:
    return f"{np.mean([sync.confidence >= SURE for sync in found.values()]):.1%}"


def add_real(table: Table, clips: Sequence[Clip], console: Console) -> None:
    whole = {clip.name: clip.offset() for clip in clips}
    each = Table("recording", "seconds", "offset, frames", "confidence")
    for clip in clips:
        found, length_s = whole[clip.name], len(clip.landmarks_tl3) / FRAME_RATE_HZ
        each.add_row(clip.name, f"{length_s:.1f}", f"{found.offset_frames:+.2f}", f"{found.confidence:.2f}")
    console.print(each)
    moved = []
    for clip in clips:
        there = whole[clip.name].offset_frames
        for shift in SHIFTS:
            if (
                shift and abs(there + shift) <= LARGEST_FRAMES - 1
            ):  # what leaves the searched range cannot follow
                moved.append(abs(clip.offset(late=shift).offset_frames - there - shift) <= 1)
    table.add_row(
        "real recordings, shifted: moves with it within 1 frame", f"{len(moved)}", f"{np.mean(moved):.1%}"
    )
    parts = []
    for clip in clips:
        if whole[clip.name].confidence < SURE or len(clip.landmarks_tl3) < 2 * STRETCH_FRAMES:
            continue
        for first in range(0, len(clip.landmarks_tl3) - STRETCH_FRAMES + 1, STRETCH_FRAMES):
            found = clip.offset(frames=slice(first, first + STRETCH_FRAMES))
            parts.append((found, abs(found.offset_frames - whole[clip.name].offset_frames) <= 1))
    table.add_row(
        "  their stretches of 4 s: as the whole within 1 frame",
        f"{len(parts)}",
        f"{np.mean([r for _, r in parts]):.1%}",
    )
    sure = [right for found, right in parts if found.confidence >= SURE]
    table.add_row(f"  of those with a confidence of {SURE:g}", f"{len(sure)}", f"{np.mean(sure):.1%}")
    strangers = others(clips)
    table.add_row(
        "real recordings with another's sound: surely off or in sync",
        f"{len(strangers)}",
        share_sure(strangers),
    )

    for (picture, sound), found in strangers.items():
        if found.confidence >= SURE:
            console.print(
                f"{picture} with the sound of {sound}: {found.offset_frames:+.1f} ({found.confidence:.2f})"
            )


if __name__ == "__main__":
    typer.run(main)
