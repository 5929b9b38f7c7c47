"""The one command, `style2talker`. Thin: each module here parses arguments and calls a room."""

import os
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from style2talker.cli import (
    build,
    corpus,
    demo,
    diff,
    export,
    face,
    face_model,
    generate,
    review,
    train,
    twin,
    voice,
    weights,
)
from style2talker.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Emotional, stylised talking heads and the labelled corpora behind them.",
)
app.add_typer(weights.app, name="weights", help="Pretrained files: list, fetch, where, verify.")
app.add_typer(train.app, name="train", help="Train a stage straight from a corpus.")
app.add_typer(face.app, name="face", help="Face coefficients of one video, and other tools' layouts.")
app.add_typer(face_model.app, name="face-model", help="Face models: import, list, learn.")
app.add_typer(voice.app, name="voice", help="What is heard in a voice; learning to hear it better.")
build.register(app)
corpus.register(app)
diff.register(app)
export.register(app)
twin.register(app)
generate.register(app)
review.register(app)
demo.register(app)


@app.callback()
def options(
    offline: Annotated[
        bool, typer.Option("--offline", help="Never touch the network, as STYLE2TALKER_OFFLINE=1 does.")
    ] = False,
) -> None:
    if offline:
        os.environ["STYLE2TALKER_OFFLINE"] = "1"  # the environment, so that worker processes see it too


def main() -> None:
    """Run the command line; a bad call is one sentence on stderr and exit status 2."""
    try:
        app()
    except UserError as error:
        _fail(str(error))
    except OSError as error:
        if error.filename is None or error.strerror is None:
            raise  # not about a file that the user named
        _fail(f"{error.filename}: {error.strerror}; check the path and your rights to it.")


def _fail(sentence: str) -> NoReturn:
    console = Console(stderr=True, soft_wrap=True)
    console.print(f"style2talker: {sentence}", style="red", markup=False, highlight=False)
    sys.exit(2)
