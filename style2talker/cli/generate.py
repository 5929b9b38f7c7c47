"""`style2talker generate`: a portrait talks."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("generate")(generate)


def generate(
    portrait: Annotated[Path, typer.Option(help="Picture of one face.")],
    audio: Annotated[Path, typer.Option(help="Speech, any length, any format.")],
    text: Annotated[str, typer.Option(help="The emotion, as a sentence.")],
    style_e: Annotated[Path, typer.Option(help="Style-E checkpoint folder.")],
    style_a: Annotated[Path, typer.Option(help="Style-A checkpoint folder.")],
    out: Annotated[Path, typer.Option(help="The mp4 to write.")],
    art: Annotated[Path | None, typer.Option(help="Picture whose style is taken on.")] = None,
    degree: Annotated[float, typer.Option(min=0.0, max=1.0, help="How much of that style.")] = 0.5,
    pose: Annotated[
        str, typer.Option(help="auto, or CORPUS_URI#CLIP_ID to borrow a clip's head motion.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="The same seed gives the same motion.")] = 0,
    num_steps: Annotated[int, typer.Option(min=1, help="Denoising steps.")] = 5,
) -> None:
    """Make a talking head from a portrait, speech, an emotion text and an art picture."""
    from style2talker.generate.talk import Request
    from style2talker.generate.talk import generate as run

    request = Request(
        portrait=portrait,
        audio=audio,
        text=text,
        style_e=style_e,
        style_a=style_a,
        out=out,
        art=art,
        degree=degree,
        pose=pose,
        seed=seed,
        num_steps=num_steps,
    )
    typer.echo(str(run(request)))
