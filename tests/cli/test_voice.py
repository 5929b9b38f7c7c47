"""`style2talker voice learn` from the outside."""

import csv
from pathlib import Path
from typing import Any

import pytest
import soundfile
from typer.testing import CliRunner

from style2talker.cli import voice
from style2talker.emotion.voice import VoiceModel, shipped
from style2talker.errors import UserError
from style2talker.twin.speech import Voice, speak

LAYOUT = r"(?P<speaker>\d\d)/(?P<emotion>\w+)\.wav"


def run(*words: object) -> Any:
    return CliRunner().invoke(voice.app, [str(word) for word in words])


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two synthetic speakers who raise their pitch when angry, and one who is bored."""
    folder = tmp_path_factory.mktemp("recordings")
    for speaker, name in (("01", "en-us"), ("02", "en-us+f2")):
        (folder / speaker).mkdir()
        for emotion, pitch in (("ANG", 80), ("NEU", 50), ("bored", 30)):
            said = speak("We were away a year ago.", voice=Voice(name=name, pitch=pitch))
            soundfile.write(folder / speaker / f"{emotion}.wav", said.audio, 16_000)
    (folder / "01" / "SAD.wav").write_text("no sound")
    return folder


def test_a_folder_is_learned_from(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "voice.safetensors"
    done = run("learn", recordings, "--layout", LAYOUT, "--out", out)
    assert done.exit_code == 0, done.output
    assert "4 clips of 2 speakers" in done.output
    assert "published" in done.output
    assert "'bored' is none of" in done.output
    assert "SAD.wav" in done.output
    learned = VoiceModel.load(out)
    assert learned.sha256() != shipped().sha256()


def test_what_is_heard_is_shown(recordings: Path) -> None:
    done = run("hear", recordings / "01" / "ANG.wav", recordings / "02" / "NEU.wav")
    assert done.exit_code == 0, done.output
    assert "arousal" in done.output
    found = run("hear", recordings / "01" / "SAD.wav").exception
    assert isinstance(found, UserError)
    assert "SAD.wav" in str(found)


def test_a_label_can_be_explained(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "voice.safetensors"
    done = run("learn", recordings, "--layout", LAYOUT, "--label", "bored=sad", "--out", out)
    assert done.exit_code == 0, done.output
    assert "6 clips of 2 speakers" in done.output
    found = run("learn", recordings, "--layout", LAYOUT, "--label", "bored", "--out", out).exception
    assert isinstance(found, UserError)
    assert "--label bored" in str(found)


def test_a_list_says_the_same_as_a_folder(recordings: Path, tmp_path: Path) -> None:
    with (recordings / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["speaker", "file", "emotion"])
        table.writerows([s, f"{s}/{e}.wav", e] for s in ("01", "02") for e in ("ANG", "NEU"))
    one, other = tmp_path / "one.safetensors", tmp_path / "other.safetensors"
    assert run("learn", recordings / "labels.csv", "--out", one).exit_code == 0
    assert run("learn", recordings, "--layout", LAYOUT, "--out", other).exit_code == 0
    assert VoiceModel.load(one).sha256() == VoiceModel.load(other).sha256()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--layout"),
        (("--layout", "("), "regular expression"),
        (("--layout", r"(?P<speaker>x)(?P<emotion>y)"), "no labelled sound"),
    ],
)
def test_what_cannot_be_learned_from_is_said(
    recordings: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    found = run("learn", recordings, *words, "--out", tmp_path / "voice.safetensors").exception
    assert isinstance(found, UserError)
    assert message in str(found)


def test_a_list_without_its_columns_is_said(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label\na.wav,sad\n")
    found = run("learn", tmp_path / "labels.csv", "--out", tmp_path / "voice.safetensors").exception
    assert isinstance(found, UserError)
    assert "emotion" in str(found)
