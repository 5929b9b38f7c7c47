"""`style2talker face`: one video's face as numbers, and those numbers in other tools' layouts."""

from pathlib import Path
from typing import Annotated

import typer

from style2talker.cli import face_fit
from style2talker.face.convert.target import Target

app = typer.Typer(no_args_is_help=True)
face_fit.register(app)


@app.command("convert")
def convert_file(
    source: Annotated[
        Path,
        typer.Argument(help="Deep3D's .mat or .npy, a fitted video's .parquet, or a Live Link Face .csv."),
    ],
    to: Annotated[Target, typer.Option(help="The layout to write.")],
    out: Annotated[Path, typer.Option(help="The file to write: .npy, .mat, .csv or .parquet, as it fits.")],
    expression_from: Annotated[
        Path | None,
        typer.Option(help="Deep3D file of the same frames: its BFM expression goes with a .parquet's pose."),
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, help="Frames per second that a .csv's timecodes count.")
    ] = None,
) -> None:
    """Turn face coefficients from one tool's layout into another's; says so where that has no meaning."""
    from style2talker.face.convert.command import convert

    typer.echo(convert(source, to=to, out=out, expression_from=expression_from, rate_hz=rate))
