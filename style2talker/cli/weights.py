"""`style2talker weights`: list, fetch, where, verify."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from style2talker.errors import UserError
from style2talker.weights import registry, resolve

app = typer.Typer(no_args_is_help=True)

Names = Annotated[
    list[str] | None, typer.Argument(help="Names from `list`; none means the small default set.")
]


@app.command("list")
def list_weights() -> None:
    """Show every entry: size, licence, whether it is in the cache."""
    table = Table(caption="* in the small default set")
    for title in ("name", "MB", "licence", "commercial use", "cached"):
        table.add_column(title, no_wrap=title == "name", justify="right" if title == "MB" else "left")
    table.add_column("what", overflow="fold")
    for name, weight in registry.ENTRIES.items():
        table.add_row(
            name + (" *" if name in registry.DEFAULT_SMALL else ""),
            "" if weight.size_bytes is None else f"{weight.size_bytes / 1e6:.1f}",
            weight.licence,
            "yes" if weight.commercial_use else "no",
            "yes" if resolve.is_cached(name) else "no",
            weight.summary,
        )
    Console().print(table)


@app.command("fetch")
def fetch_weights(
    names: Names = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never touch the network.")] = False,
    accept_noncommercial: Annotated[
        bool, typer.Option("--accept-noncommercial", help="Accept licences that forbid commercial use.")
    ] = False,
) -> None:
    """Download and verify weights."""
    for name in names or registry.DEFAULT_SMALL:
        try:
            path = resolve.fetch(name, offline=offline or None, accept_noncommercial=accept_noncommercial)
        except UserError as error:
            if names or not registry.ENTRIES[name].optional:
                raise
            typer.echo(f"{name}: left out, it is optional. {error}", err=True)
        else:
            typer.echo(f"{name}: {path}")


@app.command("where")
def where_weights(names: Names = None) -> None:
    """Print where weights lie (or would lie) in the cache, one path a line."""
    for name in names or registry.DEFAULT_SMALL:
        typer.echo(resolve.cache_dir(name))


@app.command("verify")
def verify_weights(names: Names = None) -> None:
    """Hash cached weights anew. Exit status 1 if one is damaged or a named one is missing."""
    failed = False
    for name in names or registry.ENTRIES:
        state = resolve.verify(name)
        failed |= state != "ok" and (bool(names) or state != "missing")
        typer.echo(f"{name}: {state}")
    if failed:
        raise typer.Exit(1)
