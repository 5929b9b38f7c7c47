"""`style2talker face fit`: the command, and what it says about its result."""

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
    left_out = [stretch for stretch in result.stretches if not stretch.kept]
    if left_out:
        part = max(left_out, key=lambda stretch: stretch.end - stretch.begin)
        begin_s, end_s = (start_s + frame / result.table.rate_hz for frame in (part.begin, part.end))
        console.print(
            f"{len(left_out)} stretches look like another person and are left out: a file holds one person. "
            f"For the longest of them: --from {begin_s:.2f} --to {end_s:.2f}",
            markup=False,
        )
    console.print(_written(result, out, overlay), markup=False)


def _summary(result: "VideoFit") -> Table:
    table = result.table
    known_t = table.face_found_t
    percent_t = 100 * table.error_t[known_t]
    yaw_t = np.degrees(table.rotation_t3[known_t, 1])
    count, median = len(known_t), float(np.median(percent_t))
    confidence, visibility = (np.median(each[known_t]) for each in (table.confidence_t, table.visibility_t))
    lines = [
        ("frames", str(count), f"{count / table.rate_hz:.2f} s at {table.rate_hz:g} a second"),
        ("with the face", f"{known_t.mean():.0%}", "short gaps bridged, long ones empty"),
        ("landmark error, median", f"{median:.2f} %", f"{verdict(median)} (1 good, above 3 doubtful)"),
        ("landmark error, 95 % below", f"{np.percentile(percent_t, 95):.2f} %", "of the eyes' distance"),
        ("confidence", f"{confidence:.2f}", "landmarks seen and explained"),
        ("visibility", f"{visibility:.2f}", "landmarks turned to the camera"),
        ("yaw", f"{yaw_t.min():.0f}° to {yaw_t.max():.0f}°", "+ is the picture's right"),
    ]
    if count == 1:  # a portrait
        lines = [lines[2], *lines[4:6], ("yaw", f"{yaw_t[0]:.0f}°", lines[6][2])]
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


def _written(result: "VideoFit", out: Path, overlay: Path | None) -> str:
    table = result.table
    drawn = f"; {overlay}: the fit drawn over the source" if overlay else ""
    return (
        f"{out}: a row per frame; {len(table.expression_names)} expressions, pitch_rad yaw_rad roll_rad, "
        f"x_px y_px px_per_cm, error confidence visibility (docs/face_fit.md){drawn}"
    )
