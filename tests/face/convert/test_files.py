"""Files as the published tools write them: told apart by key and width, checked, never guessed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from style2talker.errors import UserError
from style2talker.face.convert.deep3d import VECTOR_SLICES, Deep3d
from style2talker.face.convert.files import PART_KEYS, read_deep3d, write_deep3d
from style2talker.face.convert.window import windows

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(6, 257)).astype(np.float32)
TRANSFORM = np.array([[640, 480, 0.9, 300 + t, 200] for t in range(6)], np.float32)


def save_dict(path: Path, held: dict[str, np.ndarray]) -> None:
    """As Style2Talker's tools leave it: a pickle in an .npy. Written here only; nothing reads it as one."""
    np.save(path, np.asanyarray(held), allow_pickle=True)


def lm68(*, y_up: bool = False) -> np.ndarray:
    """Six frames of 68 points with the eyes at row 100 and the chin at row 300 of a picture 480 px high."""
    points = RNG.integers(150, 250, (6, 68, 2)).astype(np.float32)
    points[:, 36:48, 1], points[:, 8, 1] = 100, 300
    if y_up:
        points[..., 1] = 479 - points[..., 1]
    return points


@pytest.mark.parametrize("key", ["transform_params", "trans_params", "trans_param"])
@pytest.mark.parametrize("coefficients", ["coeff", "coeff_3dmm"])
def test_every_published_key_is_read(tmp_path: Path, key: str, coefficients: str) -> None:
    savemat(tmp_path / "a.mat", {coefficients: VECTORS, key: TRANSFORM})
    save_dict(tmp_path / "a.npy", {coefficients: VECTORS, key: TRANSFORM})
    for path in (tmp_path / "a.mat", tmp_path / "a.npy"):
        file = read_deep3d(path)
        assert file.coefficients is not None
        np.testing.assert_array_equal(file.coefficients.vectors(257), VECTORS)
        np.testing.assert_array_equal(file.coefficients.vectors(260)[:, 257:], TRANSFORM[:, 2:])
        np.testing.assert_array_equal(file.motion.rows(73)[:, 70:], TRANSFORM[:, 2:])


def test_the_parts_that_deep3ds_own_test_writes(tmp_path: Path) -> None:
    slices = list(VECTOR_SLICES.values())
    savemat(tmp_path / "a.mat", {key: VECTORS[:, part] for key, part in zip(PART_KEYS, slices, strict=False)})
    file = read_deep3d(tmp_path / "a.mat")
    assert file.coefficients is not None
    np.testing.assert_array_equal(file.coefficients.vectors(257), VECTORS)


@pytest.mark.parametrize("width", [73, 70])
def test_rows_and_windows_of_a_renderer(tmp_path: Path, width: int) -> None:
    rows_tk = RNG.normal(size=(40, width)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows_tk)
    np.save(tmp_path / "windows.npy", windows(rows_tk))
    savemat(tmp_path / "sadtalker.mat", {"coeff_3dmm": rows_tk, "full_3dmm": VECTORS[:1]})
    for name in ("rows.npy", "windows.npy", "sadtalker.mat"):
        file = read_deep3d(tmp_path / name)
        assert file.coefficients is None
        np.testing.assert_array_equal(file.motion.rows(width), rows_tk)


@pytest.mark.parametrize("name", ["a.mat", "a.npy"])
def test_what_is_written_comes_back_to_the_bit_and_in_the_same_bytes(tmp_path: Path, name: str) -> None:
    file = Deep3d.from_vectors(np.concatenate([VECTORS, TRANSFORM[:, 2:]], axis=1))
    write_deep3d(tmp_path / name, file, num_columns=260, transform_t5=TRANSFORM)
    first = (tmp_path / name).read_bytes()
    back = read_deep3d(tmp_path / name)
    assert back.coefficients is not None
    assert back.coefficients.vectors(260).tobytes() == file.vectors(260).tobytes()
    write_deep3d(tmp_path / name, back.coefficients, num_columns=260, transform_t5=TRANSFORM)
    assert (tmp_path / name).read_bytes() == first


def test_landmarks_with_y_up_are_noticed_and_turned(tmp_path: Path) -> None:
    """Style2Talker's extract_3DMM.py flips the caller's lm68 in place and saves it so."""
    upright = lm68()
    flipped = upright.copy()
    flipped[..., 1] = 479 - flipped[..., 1]
    for points, was_y_up in ((upright, False), (flipped, True)):
        savemat(tmp_path / "a.mat", {"coeff": VECTORS, "trans_param": TRANSFORM, "lm68": points})
        file = read_deep3d(tmp_path / "a.mat")
        assert file.lm68_was_y_up is was_y_up
        np.testing.assert_array_equal(file.lm68_tl2, upright)


def test_landmarks_that_cannot_be_turned_are_refused(tmp_path: Path) -> None:
    mixed = lm68()
    mixed[2:] = lm68(y_up=True)[2:]
    for tables, reason in (
        ({"coeff": VECTORS, "lm68": lm68(y_up=True)}, "picture's height"),
        ({"coeff": VECTORS, "lm68": mixed}, "4 of 6 frames"),
        ({"coeff": VECTORS, "lm68": mixed[:5]}, "one row a frame"),
    ):
        savemat(tmp_path / "a.mat", tables)
        with pytest.raises(UserError, match=reason):
            read_deep3d(tmp_path / "a.mat")


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ({"weights": VECTORS}, "expected coeff or coeff_3dmm"),
        ({"coeff": VECTORS.T}, r"shape \(257, 6\)"),
        ({"coeff": VECTORS, "trans_param": TRANSFORM[:5]}, "5 rows and the coefficients 6"),
        ({"coeff": VECTORS, "trans_param": TRANSFORM[:, :4]}, r"expected \[T, 5\]"),
        ({"coeff": VECTORS, "lm68": np.full((6, 68, 2), np.nan)}, "lm68 has NaN"),
        ({"coeff": np.full((6, 257), 1e300)}, "NaN or infinity in 6 of 6"),
        ({"coeff": np.ones((6, 260)), "trans_param": TRANSFORM}, "the same crop"),
        ({"coeff": np.array(["a"])}, r"holds \[\], expected coeff"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(tmp_path: Path, tables: dict, reason: str) -> None:
    savemat(tmp_path / "a.mat", tables)
    with pytest.raises(UserError, match=reason):
        read_deep3d(tmp_path / "a.mat")


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(100))
    (tmp_path / "b.mat").write_text("coeff")
    for name in ("a.mat", "b.mat", "a.txt"):
        with pytest.raises(UserError, match=name):
            read_deep3d(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_deep3d(tmp_path / "missing.mat")


def test_real_files_come_back_to_the_bit(shared_data: Path, tmp_path: Path) -> None:
    """20 files of StyleTalk and DreamTalk."""
    paths = sorted((shared_data / "coeffs").glob("*.mat"))
    assert paths
    for path in paths:
        file = read_deep3d(path)
        assert file.coefficients is not None
        write_deep3d(tmp_path / "a.mat", file.coefficients, transform_t5=file.transform_t5)
        back = read_deep3d(tmp_path / "a.mat")
        assert back.coefficients is not None
        assert back.coefficients.vectors(260).tobytes() == file.coefficients.vectors(260).tobytes()


def test_a_damaged_file_is_read_or_refused(tmp_path: Path, only_sentences: Callable) -> None:
    held = {"coeff": VECTORS[:2], "trans_param": TRANSFORM[:2]}
    savemat(tmp_path / "a.mat", held)
    save_dict(tmp_path / "dict.npy", held)
    np.save(tmp_path / "array.npy", VECTORS[:2])
    for name in ("a.mat", "dict.npy", "array.npy"):
        only_sentences(name, (tmp_path / name).read_bytes(), read_deep3d)
