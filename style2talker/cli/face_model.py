"""`style2talker face-model`: import, list, learn."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from style2talker.errors import UserError

if TYPE_CHECKING:
    from style2talker.face.learn_report import Report
    from style2talker.face.model import FaceModel

app = typer.Typer(no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", help="The .safetensors file to write.")]


@app.command("import")
def import_command(
    kind: Annotated[str, typer.Argument(help="ict, bfm, flame or surrey.")],
    path: Annotated[Path, typer.Argument(help="The upstream file or folder, as you downloaded it.")],
    out: Out,
) -> None:
    """Turn another face model's files into one that fits here; docs/face_models.md says where to get them."""
    from style2talker.face.importers.kinds import import_model

    _check_out(out)
    imported = import_model(kind, path)
    _write(imported.model, out)
    for note in imported.notes:
        typer.echo(f"  {note}")


@app.command("list")
def list_models(
    files: Annotated[list[Path] | None, typer.Argument(help="Files that import or learn wrote.")] = None,
) -> None:
    """Show the embedded model and the given files: size, modes, landmarks, licence, sha256."""
    from style2talker.face.model import embedded, load_model

    for file in files or ():
        if not file.is_file():
            raise UserError(
                f"there is no file {file}; `style2talker face-model import` or `learn` writes a model."
            )
    for model, source in ((embedded(), "embedded"), *((load_model(file), file) for file in files or ())):
        typer.echo(f"{model.name} ({source})\n  {_sizes(model)}\n  {model.licence}\n  sha256 {model.sha256}")


@app.command("learn")
def learn_model(
    footage: Annotated[
        list[str], typer.Argument(help="A corpus, or person=path of videos and portraits; people may repeat.")
    ],
    out: Out,
    name: Annotated[str | None, typer.Option(help="Of the model; default: the corpus' name.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of the model; default: the corpus' licences.")] = None,
    modes: Annotated[int, typer.Option(min=1, help="Of identity.")] = 18,
    clips_per_speaker: Annotated[int, typer.Option(min=1, help="Of a corpus: the first ones are used.")] = 10,
    task: Annotated[Path | None, typer.Option(help="face_landmarker.task; default: from the cache.")] = None,
) -> None:
    """Learn identity modes and ARKit's 52 shapes, on MediaPipe's 478 landmarks, from your own footage."""
    from dataclasses import replace

    from style2talker.face.gather import gather
    from style2talker.face.learn import drawn_model, learn
    from style2talker.face.learn_report import report
    from style2talker.weights.resolve import resolve

    _check_out(out)
    task_path = task or resolve("face_landmarker")
    found = gather(footage, task_path, clips_per_speaker=clips_per_speaker)
    drawn = drawn_model(task_path)
    learnt = learn(found.training, drawn, num_modes=modes)
    learnt = replace(learnt, name=name or found.name, licence=licence or found.licence)
    _write(learnt, out)
    for note in found.notes:
        typer.echo(f"  {note}")
    _show(report(found.training, found.held_out, learnt))


def _check_out(out: Path) -> None:
    """Before the work, which takes minutes."""
    if out.suffix != ".safetensors":
        raise UserError(f"--out {out} does not end in .safetensors, which is the only format written.")


def _write(model: "FaceModel", out: Path) -> None:
    from style2talker.face.model import load_model, model_bytes

    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(model_bytes(model))
    typer.echo(f"{out}: {model.name}, {_sizes(model)}, {model.licence}, sha256 {load_model(out).sha256}")


def _sizes(model: "FaceModel") -> str:
    return (
        f"{len(model.mean_v3)} vertices, {len(model.identity_kv3)} identity modes, "
        f"{len(model.expression_kv3)} expression {model.expression_kind}, {len(model.landmark_l)} landmarks"
    )


def _show(explained: "Report") -> None:
    groups = {"training": explained.training} | (
        {"held-out people": explained.held_out} if explained.held_out else {}
    )
    table = Table("% of variance explained", *groups, title_justify="left")
    for modes in explained.training.identity:
        table.add_row(
            f"identity, {modes} modes", *(f"{100 * g.identity[modes]:.1f}" for g in groups.values())
        )
    if explained.training.best_expression is not None:
        for modes in explained.training.best_expression:
            shares = ((g.best_expression or {}).get(modes) for g in groups.values())
            table.add_row(f"expression, best basis of {modes}", *map(_percent, shares))
        table.add_row("expression, named shapes", *(_percent(g.named_expression) for g in groups.values()))
    table.add_section()
    table.add_row("median fit error, % interocular", *(f"{100 * g.error:.2f}" for g in groups.values()))
    table.add_row("people, frames", *(f"{g.people}, {g.frames}" for g in groups.values()))
    Console().print(table)
    if explained.held_out is None:
        typer.echo("Nobody was held out: the figures say nothing about other people.")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"
