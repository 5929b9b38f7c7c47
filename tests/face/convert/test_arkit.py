"""The CSV of Live Link Face: read by name, written as the app writes it, and back to the bit."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from style2talker.errors import UserError
from style2talker.face.convert.arkit import ArkitTake, read_arkit, write_arkit
from style2talker.face.model import EXPRESSION_NAMES


def take(num_frames: int = 30, *, rate_hz: float = 25) -> ArkitTake:
    rng = np.random.default_rng(num_frames)
    return ArkitTake(
        expression_tk=rng.uniform(0, 1, (num_frames, 52)).astype(np.float32),
        rotation_t3=rng.normal(0, 0.3, (num_frames, 3)).astype(np.float32),
        rate_hz=rate_hz,
    )


@settings(max_examples=30, deadline=None)
@given(
    expression_tk=st_numpy.arrays(np.float32, (3, 52), elements=st.floats(0, 1, width=32)),
    rotation_t3=st_numpy.arrays(np.float32, (3, 3), elements=st.floats(-3, 3, width=32)),
)
def test_every_float_comes_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, expression_tk: np.ndarray, rotation_t3: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("arkit") / "a.csv"
    write_arkit(path, ArkitTake(expression_tk=expression_tk, rotation_t3=rotation_t3, rate_hz=25))
    back = read_arkit(path, rate_hz=25)
    assert back.expression_tk.tobytes() == expression_tk.tobytes()
    assert back.rotation_t3.tobytes() == rotation_t3.tobytes()


def test_frames_without_a_face_come_back_as_such(tmp_path: Path) -> None:
    given_take = take(60)
    given_take.expression_tk[20:30] = np.nan
    given_take.rotation_t3[20:30] = np.nan
    write_arkit(tmp_path / "a.csv", given_take)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[21] == "00:00:00:20.000,0" + "," * 61
    back = read_arkit(tmp_path / "a.csv")
    np.testing.assert_array_equal(back.expression_tk, given_take.expression_tk)
    np.testing.assert_array_equal(back.rotation_t3, given_take.rotation_t3)
    assert back.rate_hz == 25


def test_the_header_is_live_link_faces(tmp_path: Path) -> None:
    write_arkit(tmp_path / "a.csv", take())
    header = next(csv.reader((tmp_path / "a.csv").open()))
    assert header[:4] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft", "EyeLookDownLeft"]
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"]
    assert header[53:57] == ["TongueOut", "HeadYaw", "HeadPitch", "HeadRoll"]
    assert len(header) == 2 + 61


def test_pitch_alone_changes_its_sign(tmp_path: Path) -> None:
    nose_down = ArkitTake(
        expression_tk=np.zeros((1, 52), np.float32),
        rotation_t3=np.array([[0.25, 0.5, 0.125]], np.float32),
        rate_hz=25,
    )
    write_arkit(tmp_path / "a.csv", nose_down)
    row = next(csv.DictReader((tmp_path / "a.csv").open()))
    assert (row["HeadPitch"], row["HeadYaw"], row["HeadRoll"]) == ("-0.25", "0.5", "0.125")


def test_columns_are_found_by_name_whatever_their_order_and_case(tmp_path: Path) -> None:
    expected = take(50)
    names = ["Timecode", *reversed(EXPRESSION_NAMES), "blendshapecount"]
    lines = [",".join(names)]
    for frame, values in enumerate(expected.expression_tk):
        cells = [f"10:00:{frame // 25:02d}:{frame % 25:02d}.500", *(f"{v:.9g}" for v in values[::-1]), "52"]
        lines.append(",".join(cells))
    (tmp_path / "a.csv").write_text("\ufeff" + "\r\n".join(lines))
    back = read_arkit(tmp_path / "a.csv")
    np.testing.assert_array_equal(back.expression_tk, expected.expression_tk)
    np.testing.assert_array_equal(back.rotation_t3, 0)


def test_what_is_no_take_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for text, reason in (
        ("", "lacks the columns"),
        ("Timecode,BlendShapeCount,JawOpen\n", "lacks the columns BlendShape|lacks the columns eyeBlinkLeft"),
        (",".join(["Timecode", "BlendShapeCount", *EXPRESSION_NAMES]), "lacks any frame"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=reason):
            read_arkit(path)
    write_arkit(path, take(50))
    path.write_text(path.read_text().replace(",61,", ",61,x", 1))
    with pytest.raises(UserError, match=r"00:00:00:00\.000 has a cell"):
        read_arkit(path)


def test_what_no_csv_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="whole frames per second"):
        write_arkit(tmp_path / "a.csv", take(rate_hz=29.97))
    beyond = take()
    beyond.expression_tk[0, 0] = 1.5
    with pytest.raises(UserError, match=r"lie in \[0, 1\]"):
        write_arkit(tmp_path / "a.csv", beyond)
    with pytest.raises(UserError, match="expected"):
        write_arkit(
            tmp_path / "a.csv",
            ArkitTake(expression_tk=np.zeros((2, 51)), rotation_t3=np.zeros((2, 3)), rate_hz=25),
        )


def test_lines_out_of_order_are_told_and_not_a_day_of_empty_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_arkit(path, take(60))
    lines = path.read_text().splitlines()
    lines[20], lines[21] = lines[21], lines[20]
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"a\.csv: the timecode 00:00:00:19\.000 follows 00:00:00:20\.000"):
        read_arkit(path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"00:00:00:00", b"\xff", "not a CSV of UTF-8 text"),
        (b"00:00:00:00.000,61,", b"x\n00:00:00:00.000,61,", "a line has 1 cells"),
        (b",61,", b",61,nan#", "has a cell"),
        (b",61,0", b",61,1e300,0", "beyond all values"),
        (b",61,0", b",61,nan,0", "beyond all values"),
    ],
)
def test_damage_is_a_sentence(tmp_path: Path, old: bytes, new: bytes, reason: str) -> None:
    path = tmp_path / "a.csv"
    write_arkit(path, take(50))
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(UserError, match=reason):
        read_arkit(path)


def test_a_damaged_take_is_read_or_refused(tmp_path: Path, only_sentences: Callable) -> None:
    write_arkit(tmp_path / "a.csv", take(5))
    only_sentences("a.csv", (tmp_path / "a.csv").read_bytes(), lambda path: read_arkit(path, rate_hz=25))
