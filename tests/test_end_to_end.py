"""The whole way through the house, small: drawn talkers, corpus, both trainers, a talking head."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from style2talker.cli import app
from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.generate.talk import GENERATED_MARK, Request, generate
from style2talker.style_a.art import draw
from style2talker.twin.make import write_corpus
from style2talker.twin.speech import RATE_HZ, Voice, speak


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with footage, corpus, style_e, style_a and the inputs of a talking head."""
    root = tmp_path_factory.mktemp("house")
    write_corpus(root / "footage", num_identities=2, clips_per_identity=3)
    corpus = str(root / "corpus")
    run = CliRunner()
    for words in (
        ["build", str(root / "footage"), "--out", corpus, "--workers", "2"],
        ["verify", corpus],
        ["train", "style-e", "--corpus", corpus, "--out", str(root / "style_e"), "--num_samples", "128"],
        [
            *("train", "style-a", "--corpus", corpus, "--out", str(root / "style_a"), "--num_samples", "8"),
            *("--resolution", "64", "--art_styles", "poster"),
        ],
    ):
        answer = run.invoke(app, words, catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
    Image.fromarray(data.astronaut()).save(root / "portrait.png")
    Image.fromarray(draw("poster", data.astronaut())).save(root / "art.png")
    soundfile.write(root / "speech.wav", speak("Hello there, it works.", voice=Voice()).audio, RATE_HZ)
    return root


def request(house: Path, **changes: object) -> Request:
    given = {
        "portrait": house / "portrait.png",
        "audio": house / "speech.wav",
        "text": "The person is cheerful and clearly pulls up the lip corners.",
        "style_e": house / "style_e",
        "style_a": house / "style_a",
        "art": house / "art.png",
        "out": house / "talking_head.mp4",
    }
    return Request(**(given | changes))  # pyright: ignore[reportArgumentType]


def test_every_clip_is_kept_with_five_sentences_and_all_frames(house: Path) -> None:
    corpus = Corpus.open(str(house / "corpus"))
    rows = {row["clip_id"]: row for row in corpus.clips()}
    assert len(rows) == 6
    assert corpus.rejects() == []
    for row in rows.values():
        assert len({sentence["text"] for sentence in row["sentences"]}) == 5
        assert len(row["expression"]) == len(row["rotation"]) == row["num_frames"]
        assert row["licence"] == "CC0-1.0"
    for frames in corpus.frames():
        assert len(frames["jpeg"]) == rows[frames["clip_id"]]["num_frames"]


def test_the_video_is_as_long_as_the_speech_and_says_that_it_is_generated(house: Path) -> None:
    video = generate(request(house))
    speech, rate_hz = soundfile.read(house / "speech.wav")
    with av.open(str(video)) as container:
        assert GENERATED_MARK in container.metadata["comment"]
        stream = container.streams.video[0]
        assert float(stream.average_rate or 0) == pytest.approx(25)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert len(container.streams.audio) == 1
    assert len(frames) / 25 == pytest.approx(len(speech) / rate_hz, abs=0.04)
    assert np.std(np.stack(frames).astype(float), axis=0).max() > 5  # something moves


def test_the_same_seed_gives_the_same_video_and_a_borrowed_pose_another(house: Path) -> None:
    first = generate(request(house)).read_bytes()
    assert generate(request(house)).read_bytes() == first
    clip = next(Corpus.open(str(house / "corpus")).clips(columns=["clip_id"]))["clip_id"]
    pose = f"{house / 'corpus'}#{clip}"
    assert generate(request(house, pose=pose, out=house / "borrowed.mp4")).read_bytes() != first


def test_bad_requests_are_one_sentence(house: Path) -> None:
    soundfile.write(house / "short.wav", np.zeros(1600), RATE_HZ)
    (house / "text.wav").write_text("this is not sound")
    Image.fromarray(np.zeros((300, 300, 3), np.uint8)).save(house / "black.png")
    for changes, says in (
        ({"audio": house / "short.wav"}, r"0\.10 s"),
        ({"audio": house / "text.wav"}, "--audio"),
        ({"audio": house / "nowhere.wav"}, "no recording at"),
        ({"text": " "}, "--text is empty"),
        ({"out": house / "head.mov"}, r"\.mp4"),
        ({"portrait": house / "black.png"}, "no face"),
        ({"style_e": house / "style_a"}, "style-e"),
        ({"style_a": house / "nowhere"}, "nowhere"),
        ({"pose": f"{house / 'corpus'}#nobody"}, "no clip 'nobody'"),
    ):
        with pytest.raises(UserError, match=says):
            generate(request(house, **changes))
