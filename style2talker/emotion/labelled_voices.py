"""Labelled recordings of voices: found by a table or by file names, measured one by one. Axis: D measures."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from style2talker.emotion.names import emotion_named
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.voice import measures_of
from style2talker.errors import Reject, UserError

_SOUNDS = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".mp4", ".mkv", ".mov", ".webm", ".flv", ".mpg")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledClip:
    """`measures_d` are of `measures_of`, `emotion` is one of `EMOTIONS`."""

    name: str
    measures_d: np.ndarray
    emotion: str
    speaker: str


def find_labelled(
    source: Path, layout: str | None, *, labels: Mapping[str, str] | None = None
) -> tuple[list[tuple[Path, str, str]], list[str]]:
    """Sound files with emotion and speaker.

    Args:
        source: a .csv with the columns file, emotion and speaker (paths relative to it), or a folder.
        layout: for a folder, a regular expression with the groups `emotion` and `speaker`, searched for in
            each file's path below it.
        labels: what the data's labels mean, of those that are not called as usual.

    Returns:
        (file, emotion, speaker), and a sentence for each file that is not used.

    Raises:
        UserError: a file or folder that does not serve, or nothing found in it.
    """
    rows = _csv_rows(source) if source.suffix.lower() == ".csv" else _folder_rows(source, layout)
    used, left_out = [], []
    for path, label, speaker in rows:
        emotion = emotion_named((labels or {}).get(label, label))
        if emotion is None:
            left_out.append(f"{path.name}: {label!r} is none of {', '.join(EMOTIONS)}.")
        else:
            used.append((path, emotion, speaker))
    if not used:
        raise UserError(
            f"{source}: no labelled sound in it ({len(left_out)} files have other labels); give a .csv with "
            "the columns file, emotion, speaker, or a folder with --layout."
        )
    return used, left_out


def measure(rows: Sequence[tuple[Path, str, str]]) -> tuple[list[LabelledClip], list[str]]:
    """Listen to the files; a sentence for each that cannot be heard or in which nobody speaks."""
    from style2talker.media.audio import load_speech
    from style2talker.speech.acoustics import acoustics

    clips, left_out = [], []
    for path, emotion, speaker in rows:
        try:
            measures_d = measures_of(acoustics(load_speech(path)))
        except Reject as reject:
            left_out.append(f"{path.name}: {reject.message}")
            continue
        if np.isfinite(measures_d).all():
            name = path.as_posix()
            clips.append(LabelledClip(name=name, measures_d=measures_d, emotion=emotion, speaker=speaker))
        else:
            left_out.append(f"{path.name}: under 0.2 s of voice in it.")
    return clips, left_out


def _csv_rows(source: Path) -> list[tuple[Path, str, str]]:
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = {"file", "emotion", "speaker"} - set(reader.fieldnames or ())
            if missing:
                raise UserError(
                    f"{source} has no column {', '.join(sorted(missing))}; it needs file, emotion, speaker."
                )
            return [(source.parent / row["file"], row["emotion"], row["speaker"]) for row in reader]
    except UnicodeDecodeError as error:
        raise UserError(f"{source} is not UTF-8 text ({error.reason}); save it as such.") from error


def _folder_rows(source: Path, layout: str | None) -> list[tuple[Path, str, str]]:
    if not source.is_dir():
        raise UserError(f"{source} is no folder and no .csv; give one with labelled sound.")
    try:
        pattern = re.compile(layout or "")
    except re.error as error:
        raise UserError(f"--layout {layout!r} is no regular expression: {error}.") from error
    if not {"emotion", "speaker"} <= set(pattern.groupindex):
        raise UserError(
            "--layout: got a pattern without the groups emotion and speaker; for files such as "
            "1001_IEO_ANG_HI.wav give '(?P<speaker>[0-9]{4})_[A-Z]{3}_(?P<emotion>[A-Z]{3})_'."
        )
    rows = []
    for path in sorted(source.rglob("*")):
        found = pattern.search(path.relative_to(source).as_posix())
        if found is not None and path.suffix.lower() in _SOUNDS:
            rows.append((path, found["emotion"], found["speaker"]))
    return rows
