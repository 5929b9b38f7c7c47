"""`style2talker face fit`: the command, and what it says about its result."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from style2talker.face.fit_video import Stretch, VideoFit

MOST_ROWS = 20


def register(app: typer.Typer) -> None:
    app.command("fit")(fit)


def fit(
    source: Annotated[Path, typer.Argument(metavar="VIDEO", help="A video, or a portrait: one row.")],
    out: Annotated[Path, typer.Option(help="The .parquet to write, or .npy: the same columns for NumPy.")],
    model: Annotated[
        Path | None, typer.Option(help="A .safetensors of face-model import; default: the embedded one.")
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option(help="Also draw the fit over the source: an .mp4 (.png of a portrait).")
    ] = None,
    start_s: Annotated[float, typer.Option("--from", min=0, help="Second of the video to begin at.")] = 0.0,
    end_s: Annotated[float | None, typer.Option("--to", help="Second of the video to end at.")] = None,
    photometric: Annotated[
        bool,
        typer.Option(
            "--photometric", help="Refine on the pictures too: finer movement, minutes a video minute."
        ),
    ] = False,
) -> None:
    """Head pose and 52 expressions for every frame of a video; docs/face_fit.md explains the numbers."""
    from style2talker.face.fit_command import Request, run_fit

    result = run_fit(
        Request(
            source=source,
            out=out,
            model=model,
            overlay=overlay,
            start_s=start_s,
            end_s=end_s,
            photometric=photometric,
        )
    )
    console = Console(soft_wrap=True, highlight=False)
    console.print(_summary(result))
    if len(result.stretches) > 1:
        console.print(_stretches(result.stretches, rate_hz=result.table.rate_hz, start_s=start_s))
    if not all(stretch.kept for stretch in result.stretches):
        line = left_out_line(result.stretches, rate_hz=result.table.rate_hz, start_s=start_s)
        console.print(line, markup=False)
    rows = len(result.table.error_t)
    console.print(
        f"{out}: {rows} {'row' if rows == 1 else 'rows'}, explained in docs/face_fit.md", markup=False
    )
    if overlay:
        console.print(f"{overlay}: the fit drawn over the source", markup=False)


def left_out_line(stretches: "Sequence[Stretch]", *, rate_hz: float, start_s: float) -> str:
    """What is said of stretches of which at least one is not kept."""
    left_out = [stretch for stretch in stretches if not stretch.kept]
    part = max(left_out, key=lambda stretch: stretch.end - stretch.begin)
    begin_s, end_s = (start_s + frame / rate_hz for frame in (part.begin, part.end))
    if len(left_out) == 1:
        said, which = "1 stretch looks like another person and is", "it"
    else:
        said = f"{len(left_out)} stretches look like another person and are"
        which = "the longest of them"
    return f"{said} left out: a file holds one person. For {which}: --from {begin_s:.2f} --to {end_s:.2f}"


def degrees_range(angle_t: np.ndarray | Sequence[float]) -> str:
    """The least and the largest of angles in rad, in whole degrees; one number where they are the same."""
    degrees_t = np.degrees(angle_t).round().astype(int)  # an integer has no -0
    low, high = degrees_t.min(), degrees_t.max()
    return f"{low}° to {high}°" if low < high else f"{low}°"


def _summary(result: "VideoFit") -> Table:
    table = result.table
    known_t = table.face_found_t
    percent_t = 100 * table.error_t[known_t]
    count, median = len(known_t), float(np.median(percent_t))
    confidence, visibility = (np.median(each[known_t]) for each in (table.confidence_t, table.visibility_t))
    lines = [
        ("frames", str(count), f"{count / table.rate_hz:.2f} s at {table.rate_hz:g} a second"),
        ("with the face", f"{known_t.mean():.0%}", "short gaps bridged, long ones empty"),
        ("landmark error, median", f"{median:.2f} %", f"{verdict(median)} (to 1.5 good, to 3 usable)"),
        ("landmark error, 95 % below", f"{np.percentile(percent_t, 95):.2f} %", "of the eyes' distance"),
        ("confidence", f"{confidence:.2f}", "landmarks seen and explained"),
        ("visibility", f"{visibility:.2f}", "landmarks turned to the camera"),
        ("yaw", degrees_range(table.rotation_t3[known_t, 1]), "+ is the picture's right"),
    ]
    if count == 1:  # a portrait
        lines = [("landmark error", *lines[2][1:]), *lines[4:]]
    rows = Table("what", "value", "how to read it")
    for line in lines:
        rows.add_row(*line)
    return rows


def verdict(percent: float) -> str:
    """A word for a landmark error in % of the distance between the eyes."""
    from style2talker.face.curves import DOUBTFUL_PERCENT, GOOD_PERCENT

    if percent <= 1.5 * GOOD_PERCENT:
        return "good"
    return "usable" if percent <= DOUBTFUL_PERCENT else "doubtful"


def _stretches(stretches: "tuple[Stretch, ...]", *, rate_hz: float, start_s: float) -> Table:
    rows = Table("stretch, s", "landmark error", "than alone", "in the file")
    for stretch in stretches[:MOST_ROWS]:
        begin_s, end_s = (start_s + frame / rate_hz for frame in (stretch.begin, stretch.end))
        error = "" if np.isnan(stretch.error) else f"{100 * stretch.error:.2f} %"
        kept = "yes" if stretch.kept else "no: another person?"
        rows.add_row(f"{begin_s:.2f} to {end_s:.2f}", error, f"{stretch.misfit:.2f} x", kept)
    if len(stretches) > MOST_ROWS:
        rows.add_row(f"and {len(stretches) - MOST_ROWS} more", "", "", "")
    return rows
