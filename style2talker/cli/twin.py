"""`style2talker twin`: synthetic talking faces whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the program."""

    @app.command()
    def twin(
        out: Annotated[
            Path, typer.Option("--out", help="Directory for clips, truth sidecars and card.yaml.")
        ],
        identities: Annotated[int, typer.Option(min=1, help="How many people.")] = 6,
        clips_per_identity: Annotated[int, typer.Option(min=1, help="Clips of each person.")] = 8,
        seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
        workers: Annotated[int, typer.Option(min=1, help="Processes to draw with.")] = 2,
    ) -> None:
        """Draw talking faces with exactly known words, emotion, pose and coefficients."""
        from style2talker.twin.make import write_corpus

        paths = write_corpus(
            out,
            num_identities=identities,
            clips_per_identity=clips_per_identity,
            seed=seed,
            workers=workers,
        )
        typer.echo(f"{len(paths)} clips in {out}; next: style2talker build {out} --out CORPUS")
