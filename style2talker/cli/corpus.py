"""`style2talker inspect` and `verify`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from style2talker.errors import UserError

if TYPE_CHECKING:
    from style2talker.corpus.reader import Corpus

Uri = Annotated[str, typer.Argument(help="Corpus: a path, file://, s3:// or gs://.")]


def register(app: typer.Typer) -> None:
    app.command("inspect")(inspect)
    app.command("verify")(verify)


def inspect(
    uri: Uri,
    list_clips: Annotated[bool, typer.Option("--clips", help="Also list every clip by its id.")] = False,
    overlay: Annotated[
        Path | None, typer.Option(help="Write an .mp4 instead: fits drawn over clips, from the worst on.")
    ] = None,
    clip: Annotated[
        list[str] | None, typer.Option(help="A clip of --overlay, by the beginning of its id; may repeat.")
    ] = None,
) -> None:
    """Show what a corpus holds: clips by split and emotion, stages, rejects by reason; or its fits, drawn."""
    from collections import Counter

    from style2talker.corpus.reader import Corpus

    corpus = Corpus.open(uri)
    if overlay is not None:
        _draw_clips(corpus, overlay, clip or [])
        return
    if clip:
        raise UserError("--clip names a clip to draw; give --overlay OUT.mp4 too.")
    manifest, console = corpus.manifest, Console(soft_wrap=True, highlight=False)
    size = sum(shard.bytes for shard in manifest.shards)
    console.print(
        f"{manifest.name}: {manifest.num_clips} clips, {manifest.duration_s:.0f} s "
        f"from {manifest.num_sources} sources, {size / 1e6:.1f} MB, "
        f"schema {manifest.schema_version}, profile {manifest.profile}, made with {manifest.made_with}",
        markup=False,
    )
    count = manifest.coverage
    if count:
        expected = "" if count["expected"] is None else f" of {count['expected']} expected"
        console.print(
            f"files: {count['found']} found{expected}, {count['missing']} missing, "
            f"{count['unreadable']} unreadable",
            markup=False,
        )
    labels = Counter((row["split"], row["emotion"]) for row in corpus.clips(columns=["split", "emotion"]))
    clips = Table("split", "clips", "emotions", title="clips", title_justify="left")
    for split in corpus.splits:
        emotions = ", ".join(f"{name} {n}" for (s, name), n in sorted(labels.items()) if s == split)
        clips.add_row(split, str(corpus.num_clips(split)), emotions)
    stages = Table("stage", "version", "config", "models", title="stages", title_justify="left")
    for stage in manifest.stages:
        models = ", ".join(f"{name} {sha256[:8]}" for name, sha256 in stage.weights.items())
        stages.add_row(stage.name, str(stage.version), stage.config_sha256[:8], models)
    console.print(clips, stages)
    if list_clips:
        for row in corpus.clips(columns=["clip_id", "split", "speaker", "emotion", "transcript"]):
            console.print(*row.values(), markup=False)
    rejects = corpus.rejects()
    counts = Counter((row["stage"], row["kind"]) for row in rejects)
    by_kind = Table("stage", "kind", "count", title=f"{len(rejects)} rejects by reason", title_justify="left")
    for (stage, kind), number in counts.most_common():
        by_kind.add_row(stage, kind, str(number))
    if rejects:
        console.print(by_kind)
    table = Table(
        "what", "span", "stage", "kind", "why", title=f"{len(rejects)} rejects", title_justify="left"
    )
    for row in rejects[:50]:
        span = "" if row["start_s"] is None else f"{row['start_s']:.2f}-{row['end_s']:.2f} s"
        table.add_row(row["source_uri"], span, row["stage"], row["kind"], row["message"])
    if rejects:
        console.print(table)
    if len(rejects) > 50:
        console.print(f"... and {len(rejects) - 50} more in {manifest.of_kind('rejects')[0].path}")


def _draw_clips(corpus: "Corpus", out: Path, wanted: list[str]) -> None:
    from style2talker.face.clip_movie import choose_clips, write_clip_movie

    if out.suffix != ".mp4":
        raise UserError(f"--overlay {out} ends in {out.suffix!r}, expected .mp4.")
    clips = choose_clips(corpus, wanted)
    out.parent.mkdir(parents=True, exist_ok=True)
    num_frames = write_clip_movie(out, corpus, clips)
    table = Table("clip", "landmark error, median")
    for shown in clips:
        table.add_row(shown.clip_id, f"{100 * shown.error:.2f} %")
    Console(soft_wrap=True, highlight=False).print(table)
    typer.echo(f"{out}: {len(clips)} clips, {num_frames} frames")


def verify(uri: Uri) -> None:
    """Recompute every hash and schema. Exit status 1 and a sentence per problem if something is wrong."""
    from style2talker.corpus.verify import verify as find_problems

    problems = find_problems(uri)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{uri} is sound: every file, hash and schema agrees with its manifest.")
