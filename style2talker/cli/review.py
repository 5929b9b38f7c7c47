"""`style2talker review`."""

import getpass
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from style2talker.errors import UserError

if TYPE_CHECKING:
    from style2talker.corpus.reader import Corpus


def register(app: typer.Typer) -> None:
    app.command("review")(review)


def review(
    uri: Annotated[str, typer.Argument(help="Corpus: a path, file://, s3:// or gs://.")],
    author: Annotated[
        str | None,
        typer.Option(help="Who corrects; it is kept with every correction. Default: your user name."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; default: a free one.")] = 0,
    most: Annotated[int, typer.Option(min=1, help="How many clips to ask about.")] = 100,
    clip: Annotated[
        list[str] | None, typer.Option(help="Show this clip, by the beginning of its id; may repeat.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Look at the clips that the witnesses contradict each other about, and correct them, by keyboard."""
    import contextlib
    import webbrowser

    from style2talker.corpus.corrections import read_corrections
    from style2talker.corpus.reader import Corpus
    from style2talker.review.server import serve
    from style2talker.review.session import Session
    from style2talker.review.waiting import waiting

    corpus = Corpus.open(uri)
    clips = waiting(corpus, most=most, corrected=read_corrections(corpus.store), clips=clip or [])
    name = author if author is not None else _user()
    if not name.strip():
        raise UserError("--author is empty; give the name that is kept with every correction.")
    session = Session(corpus=corpus, clips=clips, author=name, command=command_of(corpus))

    def announce(address: str) -> None:
        typer.echo(f"{len(clips)} clips of {uri} wait at {address}")
        typer.echo("Open it on this machine. It ends with the page's last button, or Ctrl+C.")
        if open_browser:
            webbrowser.open(address)

    with contextlib.suppress(KeyboardInterrupt):
        serve(session, port=port, announce=announce)
    summary = session.summary()
    typer.echo(
        f"{summary['kept']} clips are labelled by people, {summary['dropped']} will be dropped, "
        f"{summary['left']} are left. The next build applies it: {session.command}"
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return ""


def command_of(corpus: "Corpus") -> str:
    """The build that applies the corrections. CARD stands for a card that is not found."""
    from pipelines.request import root_of

    root = root_of(corpus.store)
    places = [root] if root is not None else []
    places += [str(path) for path in sorted([*Path().glob("*.yaml"), *Path("data_cards").glob("*.yaml")])]
    card = next((place for place in places if _is_card_of(corpus, place)), "CARD")
    words = ["style2talker", "build", card, "--out", corpus.store.uri]
    if corpus.manifest.profile != "small":
        words += ["--profile", corpus.manifest.profile]
    device = corpus.manifest.config.get("stages", {}).get("track", {}).get("device", "cpu")
    if device != "cpu":
        words += ["--device", device]
    return shlex.join(words)


def _is_card_of(corpus: "Corpus", place: str) -> bool:
    from style2talker.corpus.card import load_card

    try:
        return load_card(place).describe() == corpus.manifest.card
    except UserError:
        return False  # something else, or a card whose footage is elsewhere
