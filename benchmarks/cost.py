"""What labels cost: core-seconds of each stage's own function per second of clip, in one process.

    OMP_NUM_THREADS=1 python benchmarks/cost.py FOOTAGE [--most 24]

Processor time, so that what else runs on the machine counts little. Models are loaded before the clock runs;
the first clip is left out, for it pays for caches. Last the sum of everything after the landmarks and their
fit: what the small profile's labels cost.
"""

from collections import defaultdict
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from pipelines.neutrals import whole_readings
from pipelines.profiles import stages_of
from pipelines.stage import Row
from style2talker.emotion.context import Context, Neutral
from style2talker.emotion.neutral import Evidence, neutral_of
from style2talker.errors import Reject
from style2talker.media.footage import Footage

NOT_LABELS = ("discover", "track", "fit")


def main(
    footage: Annotated[Path, typer.Argument(help="Folder of videos.")],
    profile: Annotated[str, typer.Option(help="Whose stages.")] = "small",
    most: Annotated[int, typer.Option(help="Largest number of videos.")] = 24,
) -> None:
    console = Console()
    here = Footage(str(footage))
    stages = stages_of(profile)
    works: dict[str, Any] = {stage.name: stage.make(stage.config, here) for stage in stages}
    spent_s: dict[str, float] = defaultdict(float)
    clips_s, num_clips = 0.0, 0
    neutral: Neutral | None = None
    names = [file.uri for file in here.names() if file.uri.endswith((".mp4", ".mpg"))][:most]
    for name in track(names, console=console, transient=True):
        first: Row = {
            "source_uri": name,
            "source_id": here.sha256(name),
            "audio_uri": None,
            "spans_s": (),
            "num_bytes": here.num_bytes(name),
        }
        start_s = process_time()
        found = works["discover"](first)
        discover_s = process_time() - start_s
        for clip in found:
            if isinstance(clip, Reject):
                continue
            row, times = dict(clip), {"discover": discover_s / len(found)}
            try:
                for stage in stages[1:]:
                    start_s = process_time()
                    given = row | {"context": Context(neutral=neutral)}
                    made = works[stage.name]([given] if stage.batch_size > 1 else given)
                    times[stage.name] = process_time() - start_s
                    row |= made[0] if stage.batch_size > 1 else made
            except Reject:
                continue
            num_clips += 1
            if num_clips == 1:  # stands for everybody's: the judge compares all the same
                readings_r2 = whole_readings(row)
                evidence = Evidence(
                    clip_id="none", net_ne=row["net_probability"], reading_r2=readings_r2, voice={}
                )
                neutral = neutral_of([evidence])
            else:
                clips_s += clip["end_s"] - clip["start_s"]
                for stage_name, seconds in times.items():
                    spent_s[stage_name] += seconds
    table = Table("stage", "core-seconds per second of clip", title=f"{num_clips - 1} clips, {clips_s:.0f} s")
    for stage in stages:
        table.add_row(stage.name, f"{spent_s[stage.name] / clips_s:.3f}")
    labels_s = sum(seconds for name, seconds in spent_s.items() if name not in NOT_LABELS)
    table.add_row("labels: all but discover, track and fit", f"{labels_s / clips_s:.3f}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
