"""`style2talker build`, `retry` and `forget`."""

import os
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from style2talker.errors import UserError

T = TypeVar("T")
Uri = Annotated[str, typer.Argument(help="Corpus: a path, file://, s3:// or gs://.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Cores to use; default: all.")]
Address = Annotated[
    str | None,
    typer.Option(help="HOST:PORT of a running Ray cluster, or auto; else Ray on this machine."),
]


def register(app: typer.Typer) -> None:
    app.command("build")(build)
    app.command("retry")(retry)
    app.command("forget")(forget)


def build(
    card_or_dir: Annotated[str, typer.Argument(help="Data card (.yaml), or directory or URI of videos.")],
    out: Annotated[str, typer.Option(help="Where the corpus goes: a path, file://, s3:// or gs://.")],
    profile: Annotated[str, typer.Option(help="Which models: small runs on two CPU cores.")] = "small",
    device: Annotated[str, typer.Option(help="Where faces are tracked: cpu, or cuda in batches.")] = "cpu",
    workers: Workers = None,
    address: Address = None,
    commercial_only: Annotated[
        bool, typer.Option("--commercial-only", help="Leave out what may not be used commercially.")
    ] = False,
    shrink: Annotated[
        bool, typer.Option("--shrink", help="Go on though most of the corpus' recordings are gone.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would run, why and how long, then stop.")
    ] = False,
) -> None:
    """Turn footage into a labelled corpus. Started again, it goes on where it stopped."""
    from pipelines.build import build as run_build
    from pipelines.build import make_plan
    from pipelines.show import show_built, show_plan

    console = Console(soft_wrap=True, highlight=False)
    if plan:
        made = make_plan(
            card_or_dir, out=out, profile=profile, device=device, commercial_only=commercial_only
        )
        show_plan(console, made, out, workers or os.cpu_count() or 1)
        return
    built = _interruptible(
        lambda: run_build(
            card_or_dir,
            out=out,
            profile=profile,
            device=device,
            workers=workers,
            address=address,
            commercial_only=commercial_only,
            shrink=shrink,
        ),
        out,
    )
    show_built(console, built, out)
    if not built.manifest.num_clips:
        raise UserError(f"no clip was kept; `style2talker inspect {out}` lists the reasons.")


def retry(
    uri: Uri,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only rejects of this kind, verdicts too; may repeat.")
    ] = None,
    workers: Workers = None,
    address: Address = None,
    profile: Annotated[
        str | None, typer.Option(help="The YAML file of the profile, if it was built with one.")
    ] = None,
) -> None:
    """Try again what failed: rows whose decoder, worker or machine broke. Everything else is copied."""
    from pipelines.retry import retry as run_retry
    from pipelines.show import show_built

    console = Console(soft_wrap=True, highlight=False)
    built = _interruptible(
        lambda: run_retry(uri, kinds=kind or [], workers=workers, address=address, profile=profile), uri
    )
    if built is None:
        console.print(
            f"{uri}: nothing failed; `style2talker inspect {uri}` lists what was judged.", markup=False
        )
        return
    show_built(console, built, uri)


def forget(
    uri: Uri,
    speaker: Annotated[
        list[str] | None, typer.Option(help="Name of the person as in the column speaker; may repeat.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="source_id (or its beginning) or path of a recording; may repeat."),
    ] = None,
) -> None:
    """Remove a person or a recording, for good: no later build brings them back."""
    from pipelines.forget import forget as run_forget

    console = Console(soft_wrap=True, highlight=False)
    done = run_forget(uri, speakers=speaker or [], sources=source or [])
    console.print(
        f"{uri}: {done.num_recordings} recordings are gone from {done.num_partitions} partitions; "
        f"{done.built.manifest.num_clips} clips are left. forgotten.json keeps them out of later builds. "
        "Copies of the corpus, and models trained on it, are yours to deal with.",
        markup=False,
    )


def _interruptible(run: Callable[[], T], out: str) -> T:
    try:
        return run()
    except KeyboardInterrupt:
        Console(stderr=True, soft_wrap=True, highlight=False).print(
            f"Stopped. What is finished is kept; the same command goes on from there ({out}).", markup=False
        )
        raise typer.Exit(130) from None
