"""`style2talker face fit` as a user calls it: one video, one command, numbers that are explained."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import typer
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from style2talker import __version__
from style2talker.cli import face
from style2talker.cli.face_fit import degrees_range, left_out_line, verdict
from style2talker.errors import UserError
from style2talker.face import fit_command
from style2talker.face.convert.files import read_deep3d
from style2talker.face.fit_video import Stretch
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.face.storyboard import WIDTH_PX
from style2talker.face.table import read_table
from style2talker.media.encode import write_video
from style2talker.media.probe import probe
from style2talker.media.video import read_frames

FRAMES = 20


def fit(*arguments: object) -> Any:
    app = typer.Typer()
    app.add_typer(face.app, name="face")
    return CliRunner(env={"COLUMNS": "100"}).invoke(app, ["face", "fit", *map(str, arguments)])


def portrait() -> np.ndarray:
    return data.astronaut()[:320, 60:380]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait that is pushed to the right; frame 8 is grey."""
    path = tmp_path_factory.mktemp("video") / "pushed.mp4"
    frames = [np.roll(portrait(), 2 * shift, axis=1) for shift in range(FRAMES)]
    frames[8] = np.full_like(frames[0], 128)
    write_video(path, frames, np.zeros(FRAMES * 640), {"comment": "Synthetic: a photograph, moved."})
    return path


def test_pictures_refine_what_landmarks_fitted(video: Path, tmp_path: Path) -> None:
    plain, refined = tmp_path / "plain.parquet", tmp_path / "refined.parquet"
    for out, options in ((plain, ()), (refined, ("--photometric",))):
        assert fit(video, "--out", out, *options).exit_code == 0
    before, after = read_table(plain), read_table(refined)
    # A photograph that is pushed about neither turns nor talks: less of that is left.
    assert (after.rotation_t3 != before.rotation_t3).any()
    known_t = before.face_found_t
    assert after.rotation_t3[known_t].std(axis=0).sum() < before.rotation_t3[known_t].std(axis=0).sum()
    np.testing.assert_allclose(after.translation_t3[:, 0], before.translation_t3[:, 0], atol=1.0)
    np.testing.assert_array_equal(after.identity_k, before.identity_k)
    assert (before.photometric, after.photometric) == (False, True)
    # The measures are those of the refined numbers.
    assert (after.error_t != before.error_t)[known_t].all()
    np.testing.assert_allclose(after.error_t, before.error_t, atol=0.01)
    np.testing.assert_array_equal(np.isnan(after.error_t), ~known_t)
    assert (after.confidence_t[~known_t] == 0).all()


def test_one_command_gives_a_row_per_frame_and_says_what_it_means(video: Path, tmp_path: Path) -> None:
    out, overlay = tmp_path / "new" / "a.parquet", tmp_path / "a.mp4"
    result = fit(video, "--out", out, "--overlay", overlay)
    assert result.exit_code == 0, result.exception
    assert re.search(r"^\S*a\.parquet: 20 rows, explained in docs/face_fit\.md$", result.output, re.MULTILINE)
    assert re.search(r"^\S*a\.mp4: the fit drawn over the source$", result.output, re.MULTILINE)
    for word in ("landmark error, median", "good (to 1.5 good, to 3 usable)", "95%", "docs/face_fit.md"):
        assert word in result.output
    table = read_table(out)
    assert table.expression_names == EXPRESSION_NAMES
    assert table.face_model_sha256 == embedded().sha256
    assert (table.width_px, table.height_px, table.rate_hz) == (320, 320, 25.0)
    assert np.flatnonzero(~table.face_found_t).tolist() == [8]
    assert np.isfinite(table.expression_tk).all()  # a short gap is bridged
    assert np.isnan(table.error_t).nonzero()[0].tolist() == [8]
    assert np.diff(table.translation_t3[:, 0]) == pytest.approx(2, abs=0.7)  # px of the source
    smile = EXPRESSION_NAMES.index("mouthSmileLeft")
    assert table.expression_tk[:, smile].min() > 0.3

    frames = list(read_frames(overlay))
    assert len(frames) == FRAMES
    assert frames[0].shape[1] == WIDTH_PX
    assert probe(overlay).has_audio
    with av.open(str(overlay)) as container:
        assert "The source says: Synthetic" in container.metadata["comment"]


def test_the_same_video_gives_the_same_bytes_and_npy_the_same_numbers(video: Path, tmp_path: Path) -> None:
    names = ("a.parquet", "b.parquet", "a.npy", "b.npy")
    for name in names:
        fit(video, "--out", tmp_path / name)
    one, two, three, four = ((tmp_path / name).read_bytes() for name in names)
    assert one == two
    assert three == four
    array_t, table = np.load(tmp_path / "a.npy"), read_table(tmp_path / "a.parquet")
    assert array_t.dtype.names is not None
    assert array_t.dtype.names[:4] == ("frame", "time_s", "face_found", "eyeBlinkLeft")
    assert array_t["time_s"][5] == 0.2
    jaw_t = table.expression_tk[:, EXPRESSION_NAMES.index("jawOpen")]
    np.testing.assert_array_equal(array_t["jawOpen"], jaw_t)
    np.testing.assert_array_equal(array_t["px_per_cm"], table.translation_t3[:, 2])
    np.testing.assert_array_equal(array_t["error"], table.error_t)
    np.testing.assert_array_equal(array_t["visibility"], table.visibility_t)


def test_a_part_is_the_frames_of_that_part(video: Path, tmp_path: Path) -> None:
    fit(video, "--out", tmp_path / "part.parquet", "--from", 0.4, "--to", 0.72)
    part = read_table(tmp_path / "part.parquet")
    assert len(part.face_found_t) == 8
    assert (part.source, part.start_s, part.photometric) == ("pushed.mp4", 0.4, False)
    assert part.source_sha256 == hashlib.sha256(video.read_bytes()).hexdigest()
    assert part.style2talker_version == __version__
    odd = tmp_path / "no\udcfftext.mp4"  # a byte that is no UTF-8
    odd.write_bytes(video.read_bytes())
    fit(odd, "--out", tmp_path / "all.parquet")
    assert read_table(tmp_path / "all.parquet").source == "no?text.mp4"
    whole = read_table(tmp_path / "all.parquet")
    np.testing.assert_allclose(part.translation_t3, whole.translation_t3[10:18], atol=1)


def test_a_portrait_is_one_row_and_draws_a_picture(tmp_path: Path) -> None:
    Image.fromarray(portrait()).save(tmp_path / "portrait.png")
    out, overlay = tmp_path / "a.PARQUET", tmp_path / "drawn.PNG"
    result = fit(tmp_path / "portrait.png", "--out", out, "--overlay", overlay)
    assert result.exit_code == 0, result.exception
    for word in ("95 % below", "median", "rows"):
        assert word not in result.output
    assert "1 row, explained" in result.output
    table = read_table(out)
    assert len(table.error_t) == 1
    assert table.error_t[0] < 0.02
    with Image.open(overlay) as picture:
        assert picture.width == WIDTH_PX
        assert "style2talker" in picture.info["Comment"]  # type: ignore[attr-defined]


def test_a_failed_drawing_loses_no_numbers(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on the device")

    monkeypatch.setattr(fit_command, "write_fit_movie", full)
    result = fit(video, "--out", tmp_path / "a.parquet", "--overlay", tmp_path / "a.mp4", "--to", 0.32)
    assert isinstance(result.exception, OSError)
    assert len(read_table(tmp_path / "a.parquet").error_t) == 8


def test_the_npy_is_no_source_to_convert(video: Path, tmp_path: Path) -> None:
    fit(video, "--out", tmp_path / "a.npy", "--to", 0.32)
    with pytest.raises(UserError, match=r"a\.npy is a face fit without its metadata; convert the \.parquet"):
        read_deep3d(tmp_path / "a.npy")


def test_angles_and_people_in_words() -> None:
    stretches = [
        Stretch(begin=0, end=40, error=0.01, misfit=1.0, kept=True),
        Stretch(begin=40, end=60, error=np.nan, misfit=2.0, kept=False),
    ]
    assert left_out_line(stretches, rate_hz=25.0, start_s=10.0) == (
        "1 stretch looks like another person and is left out: a file holds one person. "
        "For it: --from 11.60 --to 12.40"
    )
    line = left_out_line([*stretches, replace(stretches[1], end=80)], rate_hz=25.0, start_s=0.0)
    assert line.startswith("2 stretches look like another person and are left out")
    assert line.endswith("For the longest of them: --from 1.60 --to 3.20")
    assert [degrees_range(np.radians(yaw)) for yaw in ([-0.3], [4.8, 5.2], [-7, 12.4])] == [
        *("0°", "5°", "-7° to 12°")
    ]


def test_what_cannot_be_fitted_is_said_before_the_work(video: Path, tmp_path: Path) -> None:
    blank, text, folder = tmp_path / "blank.mp4", tmp_path / "text.mp4", tmp_path / "full"
    write_video(blank, [np.full((64, 64, 3), 90, np.uint8)] * 15)
    text.write_text("no video")
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(tmp_path / "blank.png")
    folder.write_text("a file where a folder should be")
    out = tmp_path / "a.parquet"
    for arguments, sentence in (
        ((blank, "--out", out), "none of 15 frames shows a face"),
        ((tmp_path / "blank.png", "--out", out), "no face"),
        ((text, "--out", out), "cannot be fitted.*no audio or video.*give a video"),
        ((tmp_path / "nowhere.mp4", "--out", out), "there is no file"),
        ((tmp_path, "--out", out), "there is no file"),
        ((video, "--out", tmp_path / "a.csv"), r"expected \.parquet"),
        ((video, "--out", out, "--overlay", tmp_path / "a.png"), r"expected \.mp4 for a video"),
        ((tmp_path / "blank.png", "--out", out, "--overlay", tmp_path / "a.mp4"), r"\.png for a picture"),
        ((video, "--out", out, "--from", 2, "--to", 1), "empty span"),
        ((video, "--out", out, "--to", "nan"), "--to nan is no time"),
        ((video, "--out", out, "--to", "inf"), "--to inf is no time"),
        ((video, "--out", out, "--from", "inf"), "--from inf is no time"),
        ((tmp_path / "blank.png", "--out", out, "--to", 1), "are for videos"),
        ((tmp_path / "blank.png", "--out", out, "--photometric"), "are for videos"),
        ((video, "--out", out, "--from", 60), "choose --from and --to inside it"),
        ((video, "--out", out, "--model", tmp_path / "a.safetensors"), "face-model import"),
        ((video, "--out", out, "--model", folder), "is not a face model"),
    ):
        with pytest.raises(UserError, match=sentence):
            raise fit(*arguments).exception
    assert isinstance(fit(video, "--out", folder / "a.parquet").exception, OSError)
    assert not out.exists()


def test_what_is_read_is_never_written_over(video: Path, tmp_path: Path) -> None:
    mine, picture, linked = tmp_path / "mine.mp4", tmp_path / "mine.png", tmp_path / "linked.mp4"
    mine.write_bytes(video.read_bytes())
    Image.fromarray(portrait()).save(picture)
    linked.symlink_to(mine)
    array = tmp_path / "mine.npy"
    array.write_bytes(video.read_bytes())
    before = [path.read_bytes() for path in (mine, picture, array)]
    out = tmp_path / "a.parquet"
    for arguments in (
        (mine, "--out", out, "--overlay", mine),
        (mine, "--out", out, "--overlay", tmp_path / "new" / ".." / "mine.mp4"),
        (mine, "--out", out, "--overlay", linked),
        (picture, "--out", out, "--overlay", picture),
        (array, "--out", array),
    ):
        (tmp_path / "new").mkdir(exist_ok=True)
        with pytest.raises(UserError, match="is the file that is read"):
            raise fit(*arguments).exception
    assert [path.read_bytes() for path in (mine, picture, array)] == before


def test_the_code_of_the_page_runs(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "face_fit.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    for name in ("me.parquet", "me.npy"):
        fit(video, "--out", name)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["points"].shape == (FRAMES, 478, 2)
    nose_2 = names["points"][0, 4]
    assert (nose_2 > 100).all()
    assert (nose_2 < 240).all()
    for column in read_table(tmp_path / "me.parquet").expression_names[:3]:
        assert column in names["columns"].dtype.names


def test_words_for_an_error() -> None:
    assert [verdict(percent) for percent in (0.8, 1.5, 2.0, 3.5)] == ["good", "good", "usable", "doubtful"]


def test_real_footage_end_to_end(shared_data: Path, tmp_path: Path) -> None:
    clip = shared_data / "clips" / "grid_brbk7n.mpg"
    result = fit(clip, "--out", tmp_path / "a.parquet", "--to", 1.2)
    assert result.exit_code == 0, result.exception
    table = read_table(tmp_path / "a.parquet")
    assert len(table.error_t) == 30
    assert table.face_found_t.all()
    assert np.median(table.error_t) < 0.02
