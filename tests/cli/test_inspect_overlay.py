"""`inspect --overlay` draws a corpus' clips, and the card's contact sheet the same fits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from pipelines.fit_sheet import PICTURE_PX, fit_sheet, strip_y
from style2talker.cli import corpus as commands
from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.face import clip_movie
from style2talker.face.clip_movie import Shown, choose_clips, spread_by_error
from style2talker.face.model import embedded
from style2talker.face.storyboard import WIDTH_PX
from style2talker.media.probe import probe
from style2talker.media.video import read_frames

FRAMES = 8


def inspect(*arguments: object) -> Any:
    app = typer.Typer()
    commands.register(app)
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)])


def errors(corpus: Corpus) -> list[tuple[str, float]]:
    rows = corpus.clips(columns=["clip_id", "fit_error"])
    return [(row["clip_id"], float(np.nanmedian(row["fit_error"]))) for row in rows]


def test_clips_are_drawn_from_the_worst_on(fitted_corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "a.mp4"
    result = inspect(fitted_corpus, "--overlay", out)
    assert result.exit_code == 0, result.exception
    found = [result.output.index(name) for name in ("val1", "val0", "train1", "train0")]
    assert found == sorted(found)
    assert probe(out).width_px == WIDTH_PX
    assert probe(out).has_audio
    assert len(list(read_frames(out))) == 4 * FRAMES


def test_named_clips_only_and_the_same_bytes_twice(fitted_corpus: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        clips = ("--clip", "train1", "--clip", "val0", "--clip", "train1")  # the last is drawn already
        result = inspect(fitted_corpus, "--overlay", tmp_path / name, *clips)
        assert "2 clips, 16 frames" in result.output, result.exception
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_what_cannot_be_drawn_is_said(
    fitted_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.mp4"
    for arguments, sentence in (
        (("--overlay", tmp_path / "a.gif"), r"expected \.mp4"),
        (("--clip", "train1"), "give --overlay"),
        (("--overlay", out, "--clip", "nobody"), "no clips .* begins with 'nobody'"),
        (("--overlay", out, "--clip", "train"), "2 clips .* begins with 'train'"),
    ):
        with pytest.raises(UserError, match=sentence):
            raise inspect(fitted_corpus, *arguments).exception
    other = replace(embedded(), sha256="f" * 64)
    monkeypatch.setattr(clip_movie, "embedded", lambda: other)
    with pytest.raises(UserError, match=r"this version draws .* build the corpus again"):
        raise inspect(fitted_corpus, "--overlay", out).exception
    assert not out.exists()


def test_clips_are_spread_over_the_errors() -> None:
    clips = [
        Shown(clip_id=str(number), error=float(error)) for number, error in enumerate([3, 1, 5, 2, 4, 5])
    ]
    assert [clip.clip_id for clip in spread_by_error(clips, 3)] == ["2", "4", "1"]
    assert len(spread_by_error(clips, 20)) == 6


def test_the_sheet_shows_the_median_and_the_worst_frame(fitted_corpus: Path) -> None:
    corpus = Corpus.open(str(fitted_corpus))
    sheet = fit_sheet(corpus, errors(corpus))
    assert [row.clip_id for row in sheet] == ["val1", "val0", "train1", "train0"]
    assert fit_sheet(corpus, errors(corpus)) == sheet  # pictures and all
    for row in sheet:
        median, worst = row.frames
        assert median.percent == pytest.approx(row.percent, rel=0.05)
        assert worst.percent >= median.percent
        (points,) = row.strip
        x_y = np.array([point.split(",") for point in points.split()], float)
        assert len(x_y) == FRAMES
        assert x_y[:, 1].min() == pytest.approx(strip_y(worst.percent), abs=0.06)
        highest_n = x_y[:, 1] == x_y[:, 1].min()
        assert np.abs(x_y[highest_n, 0] - worst.x).min() < 0.06
        source_hw3, mesh_hw3 = (picture(uri) for uri in (worst.source, worst.mesh))
        assert source_hw3.shape == mesh_hw3.shape == (PICTURE_PX, PICTURE_PX, 3)
        assert np.abs(source_hw3.astype(int) - mesh_hw3).max() > 60


def test_a_corpus_of_another_face_model_has_no_sheet(
    fitted_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = Corpus.open(str(fitted_corpus))
    monkeypatch.setattr("pipelines.fit_sheet.embedded", lambda: replace(embedded(), sha256="f" * 64))
    assert fit_sheet(corpus, errors(corpus)) == []
    assert fit_sheet(corpus, []) == []


def test_no_clip_is_a_sentence(fitted_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus.open(str(fitted_corpus))
    monkeypatch.setattr(Corpus, "clips", lambda *_, **__: iter(()))
    with pytest.raises(UserError, match="holds no clip"):
        choose_clips(corpus)


def picture(uri: str) -> np.ndarray:
    import base64

    data = base64.b64decode(uri.removeprefix("data:image/webp;base64,"))
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image
