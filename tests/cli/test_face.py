"""`style2talker face convert` as a user calls it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from scipy.io import savemat
from typer.testing import CliRunner

from style2talker.cli import face
from style2talker.errors import UserError
from style2talker.face.convert.files import read_deep3d
from style2talker.face.convert.own import motion_rows
from style2talker.face.convert.window import windows
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.face.table import FaceTable, read_table, write_table

FRAMES = 30


@pytest.fixture
def deep3d(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    transform_t5 = np.tile(np.array([256, 256, 0.9, 128, 128], np.float32), (FRAMES, 1))
    coeff = rng.normal(size=(FRAMES, 257)).astype(np.float32)
    savemat(tmp_path / "deep3d.mat", {"coeff": coeff, "transform_params": transform_t5})
    return tmp_path / "deep3d.mat"


@pytest.fixture
def fitted(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    table = FaceTable(
        face_found_t=np.ones(FRAMES, bool),
        expression_tk=rng.uniform(0, 1, (FRAMES, 52)).astype(np.float32),
        rotation_t3=rng.normal(0, 0.2, (FRAMES, 3)).astype(np.float32),
        translation_t3=rng.uniform(10, 20, (FRAMES, 3)).astype(np.float32),
        error_t=np.full(FRAMES, 0.02, np.float32),
        confidence_t=np.ones(FRAMES, np.float32),
        visibility_t=np.ones(FRAMES, np.float32),
        expression_names=EXPRESSION_NAMES,
        identity_k=np.zeros(4, np.float32),
        face_model="embedded",
        face_model_sha256="0" * 64,
        rate_hz=25.0,
        width_px=256,
        height_px=256,
    )
    write_table(tmp_path / "fitted.parquet", table)
    return tmp_path / "fitted.parquet"


def convert(source: Path, to: str, name: str, *options: object) -> Path:
    app = typer.Typer()
    app.add_typer(face.app, name="face")
    out = source.with_name(name)
    command = ["face", "convert", source, "--to", to, "--out", out, *options]
    CliRunner().invoke(app, [str(part) for part in command], catch_exceptions=False)
    return out


def test_deep3d_to_everything_that_is_made_of_it(deep3d: Path) -> None:
    file = read_deep3d(deep3d)
    assert file.coefficients is not None
    assert (
        np.load(convert(deep3d, "deep3d257", "a.npy")).tobytes() == file.coefficients.vectors(257).tobytes()
    )
    assert (
        np.load(convert(deep3d, "deep3d260", "a.npy")).tobytes() == file.coefficients.vectors(260).tobytes()
    )
    for width in (73, 70):
        made = convert(deep3d, f"window{width}", "w.npy")
        assert np.load(made).tobytes() == windows(file.motion.rows(width)).tobytes()
        assert np.load(convert(made, f"rows{width}", "r.npy")).tobytes() == file.motion.rows(width).tobytes()


def test_a_table_holds_its_own_rate(fitted: Path) -> None:
    with pytest.raises(UserError, match="holds its own rate; --rate is for a CSV"):
        convert(fitted, "arkit-csv", "a.csv", "--rate", 30)


def test_a_mat_file_and_back_is_the_same_bytes(deep3d: Path) -> None:
    once = convert(deep3d, "deep3d257", "once.mat")
    twice = convert(once, "deep3d257", "twice.mat")
    assert once.read_bytes() == twice.read_bytes()


def test_a_fitted_video_to_arkit_and_back(fitted: Path) -> None:
    back = read_table(convert(convert(fitted, "arkit-csv", "a.csv"), "parquet", "b.parquet", "--rate", 25))
    table = read_table(fitted)
    assert back.expression_tk.tobytes() == table.expression_tk.tobytes()
    assert back.rotation_t3.tobytes() == table.rotation_t3.tobytes()
    assert np.isnan(back.translation_t3).all()  # a CSV has no place in the picture


def test_our_pose_goes_with_an_expression_that_deep3d_measured(fitted: Path, deep3d: Path) -> None:
    table = read_table(fitted)
    expected = motion_rows(
        table.rotation_t3,
        table.translation_t3,
        bfm_expression_tk=read_deep3d(deep3d).motion.expression_tk,
        width_px=256,
        height_px=256,
    )
    made = np.load(convert(fitted, "rows73", "r.npy", "--expression-from", deep3d))
    np.testing.assert_array_equal(made, expected.rows(73))


def test_a_fit_with_bfm_needs_no_other_expression(fitted: Path) -> None:
    table = read_table(fitted)
    expression_tk = np.random.default_rng(2).normal(size=(FRAMES, 64)).astype(np.float32)
    names = tuple(f"expression{number}" for number in range(64))
    bfm = replace(table, expression_tk=expression_tk, expression_names=names, face_model="bfm2009-deep3d")
    write_table(fitted, bfm)
    np.testing.assert_array_equal(np.load(convert(fitted, "rows70", "r.npy"))[:, :64], expression_tk)
    with pytest.raises(UserError, match="not ARKit's"):
        convert(fitted, "arkit-csv", "a.csv")


@pytest.mark.parametrize("to", ["window73", "rows70"])
def test_named_movements_are_not_bfms_and_the_error_says_so(fitted: Path, to: str) -> None:
    with pytest.raises(UserError, match="no table turns one into the other"):
        convert(fitted, to, "a.npy")


def test_no_fit_of_landmarks_has_a_texture(fitted: Path) -> None:
    with pytest.raises(UserError, match="texture and light"):
        convert(fitted, "deep3d257", "a.npy")


@pytest.mark.parametrize(("to", "name"), [("arkit-csv", "a.csv"), ("parquet", "a.parquet")])
def test_bfms_components_are_not_named_movements(deep3d: Path, to: str, name: str) -> None:
    with pytest.raises(UserError, match="style2talker face fit"):
        convert(deep3d, to, name)


def test_what_cannot_be_told_is_said(deep3d: Path, fitted: Path) -> None:
    with pytest.raises(UserError, match=r"expected \.npy for window73"):
        convert(deep3d, "window73", "a.mat")
    rows = convert(deep3d, "rows70", "r.npy")
    with pytest.raises(UserError, match="identity, texture and light"):
        convert(rows, "deep3d257", "a.npy")
    with pytest.raises(UserError, match="ratio, t0 and t1"):
        convert(rows, "window73", "a.npy")
    table = read_table(fitted)
    table.translation_t3.flags.writeable = True
    table.translation_t3[3] = np.nan
    write_table(fitted, table)
    with pytest.raises(UserError, match="a pose in every frame"):
        convert(fitted, "rows70", "a.npy", "--expression-from", deep3d)
    with pytest.raises(UserError, match=r"expected \.parquet"):
        convert(deep3d.with_name("video.mp4"), "parquet", "a.parquet")


def test_what_is_read_is_never_written_over(deep3d: Path, fitted: Path) -> None:
    expression = convert(deep3d, "rows70", "rows.npy")
    before = [path.read_bytes() for path in (deep3d, fitted, expression)]
    for source, to, name, *options in (
        (deep3d, "deep3d260", deep3d.name),
        (fitted, "parquet", fitted.name),
        (expression, "window70", expression.name),
        (fitted, "window73", expression.name, "--expression-from", expression),
    ):
        with pytest.raises(UserError, match="is the file that is read"):
            convert(Path(source), str(to), str(name), *options)
    assert [path.read_bytes() for path in (deep3d, fitted, expression)] == before
