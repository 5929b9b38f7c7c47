"""`style2talker voice`: what is heard in a voice, and learning to hear it better."""

from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from style2talker.errors import Reject, UserError

if TYPE_CHECKING:
    from style2talker.emotion.labelled_voices import LabelledClip

app = typer.Typer(no_args_is_help=True)

_MOST_NOTES = 5


@app.command("hear")
def hear_command(
    files: Annotated[list[Path], typer.Argument(help="Sound or video files, one person speaking in each.")],
    model: Annotated[
        Path | None, typer.Option(help="What `learn` wrote; the published profiles without it.")
    ] = None,
) -> None:
    """Say what is heard in the voices of files: emotions, arousal, pitch and the like."""
    from style2talker.emotion.taxonomy import EMOTIONS
    from style2talker.emotion.voice import VoiceModel, measures_of, voice_emotion
    from style2talker.media.audio import load_speech
    from style2talker.speech.acoustics import Acoustics, acoustics

    heard_by = None if model is None else VoiceModel.load(model)
    columns = []
    for file in files:
        try:
            features = acoustics(load_speech(file))
        except Reject as reject:
            raise UserError(f"{file}: {reject.message}") from reject
        found = voice_emotion(measures_of(features), model=heard_by)
        shares = [f"{share:.2f}" for share in found.probability_e]
        measured = [f"{value:.4g}" for value in astuple(features)]
        columns.append([*shares, f"{found.arousal:+.2f}", f"{found.valence:+.2f}", *measured])
    table = Table("", *[file.name for file in files])
    names = [*EMOTIONS, "arousal", "valence", *Acoustics.__slots__]
    for name, *values in zip(names, *columns, strict=True):
        table.add_row(name, *values)
    Console().print(table)


@app.command("learn")
def learn_command(
    source: Annotated[
        Path,
        typer.Argument(help="Labelled sound: a .csv with the columns file, emotion, speaker, or a folder."),
    ],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    layout: Annotated[
        str | None,
        typer.Option(help="For a folder: a regular expression with the groups emotion and speaker."),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="What a label means, such as 05=angry; may be repeated.")
    ] = None,
) -> None:
    """Sharpen the published voice profiles with your data, and say how it does on unheard speakers."""
    from style2talker.emotion.labelled_voices import find_labelled, measure
    from style2talker.emotion.voice_learning import learn

    if out.suffix != ".safetensors" or not out.absolute().parent.is_dir():
        raise UserError(
            f"--out {out}: give a file name that ends in .safetensors, in a folder that is there."
        )
    rows, left_out = find_labelled(source, layout, labels=_labels(label or []))
    clips, unheard = measure(rows)
    for note in [*left_out, *unheard][:_MOST_NOTES]:
        typer.echo(f"left out: {note}", err=True)
    if len(left_out) + len(unheard) > _MOST_NOTES:
        typer.echo(f"left out: {len(left_out) + len(unheard) - _MOST_NOTES} more.", err=True)
    if not clips:
        raise UserError(f"{source}: nobody speaks in any of its {len(rows)} labelled files.")
    learn(clips).save(out)
    print_scores(clips)
    typer.echo(f"wrote {out}; the licence of the data you learned from holds for it, too.")


def _labels(given: list[str]) -> dict[str, str]:
    from style2talker.emotion.taxonomy import EMOTIONS

    labels = {name: emotion for name, _, emotion in (text.partition("=") for text in given)}
    for name, emotion in labels.items():
        if emotion not in EMOTIONS:
            raise UserError(
                f"--label {name}={emotion}: give LABEL=EMOTION with one of {', '.join(EMOTIONS)}."
            )
    return labels


def print_scores(clips: list["LabelledClip"]) -> None:
    """Leave-one-speaker-out figures of the published and the learned model, side by side."""
    import numpy as np

    from style2talker.emotion.taxonomy import EMOTIONS
    from style2talker.emotion.voice import shipped
    from style2talker.emotion.voice_learning import score

    speakers = {clip.speaker for clip in clips}
    count_e = np.array([sum(clip.emotion == emotion for clip in clips) for emotion in EMOTIONS])
    table = Table(caption=f"{len(clips)} clips of {len(speakers)} speakers; each by a model of the others")
    for title in ("model", "clips", "right", "mean recall", "log loss"):
        table.add_column(title, justify="left" if title == "model" else "right", no_wrap=True)
    table.add_row(
        "always the commonest", str(len(clips)), _percent(count_e.max() / len(clips)), "",
        f"{float(-np.log(shipped().prior_e) @ count_e / len(clips)):.2f}",
    )  # fmt: skip
    ways: dict[str, dict[str, bool]] = {
        "published": {"learns": False},
        "learned": {},
        "published, relative to neutral": {"learns": False, "knows_neutral": True},
        "learned, relative to neutral": {"knows_neutral": True},
        "learned, speaker heard before (flattering)": {"knows_speaker": True},
    }
    for name, options in ways.items():
        found = score(clips, **options)
        if found.num_clips:
            right, recall = _percent(found.accuracy), _percent(found.mean_recall)
            table.add_row(name, str(found.num_clips), right, recall, f"{found.log_loss:.2f}")
    Console().print(table)
    if len(speakers) < 10:
        typer.echo(
            f"{len(speakers)} speakers are too few to tell models apart: expect other figures elsewhere."
        )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
