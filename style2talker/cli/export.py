"""`style2talker export`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """Who is to read the export."""

    OFFICIAL = "official"
    WEBDATASET = "webdataset"


class Split(StrEnum):
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


def register(app: typer.Typer) -> None:
    app.command("export")(export)


def export(
    uri: Annotated[str, typer.Argument(help="Corpus: a path, file://, s3:// or gs://.")],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    kind: Annotated[
        Format, typer.Option("--format", help="official: Style2Talker's loaders; webdataset: tar files.")
    ],
    split: Annotated[Split | None, typer.Option(help="Only this split.")] = None,
    commercial_only: Annotated[
        bool, typer.Option("--commercial-only", help="Only clips that may be used commercially.")
    ] = False,
) -> None:
    """Write a corpus in the files of other tools; its terms of use go with it."""
    from style2talker.corpus.reader import Corpus
    from style2talker.export.official import export_official
    from style2talker.export.web_dataset import export_webdataset

    corpus = Corpus.open(uri, commercial_only=commercial_only)
    write = {Format.OFFICIAL: export_official, Format.WEBDATASET: export_webdataset}[kind]
    num_clips = write(corpus, out, split=None if split is None else split.value)
    typer.echo(f"{out}: {num_clips} clips; what may be done with them is in README.md and clips.csv.")
