"""The Parquet file of a fitted video: one layout, the same bytes, nothing lost."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.face.table import FaceTable, read_table, write_table


def table(num_frames: int = 40) -> FaceTable:
    """A video whose frames 10 to 14 show no face; the fit bridged 10 and 11."""
    rng = np.random.default_rng(num_frames)
    found_t = np.ones(num_frames, bool)
    found_t[10:15] = False
    unknown_t = np.zeros(num_frames, bool)
    unknown_t[12:15] = True

    def numbers(*shape: int) -> np.ndarray:
        values = rng.uniform(0, 1, (num_frames, *shape)).astype(np.float32)
        values[unknown_t] = np.nan
        return values

    return FaceTable(
        face_found_t=found_t,
        expression_tk=numbers(52),
        rotation_t3=numbers(3),
        translation_t3=numbers(3),
        error_t=numbers(),
        confidence_t=numbers(),
        visibility_t=numbers(),
        expression_names=EXPRESSION_NAMES,
        identity_k=rng.normal(size=20).astype(np.float32),
        face_model="embedded",
        face_model_sha256="0" * 64,
        rate_hz=25.0,
        width_px=640,
        height_px=480,
        source="mé.mp4",
        source_sha256="1" * 64,
        start_s=2.5,
        photometric=True,
        style2talker_version="0.1.0",
    )


def assert_same(one: FaceTable, other: FaceTable) -> None:
    for field in fields(FaceTable):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
            assert a.tobytes() == b.tobytes(), field.name
        else:
            assert a == b


def test_a_table_comes_back_to_the_bit(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", table())
    assert_same(read_table(tmp_path / "a.parquet"), table())


def test_the_same_table_is_the_same_bytes(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", table())
    write_table(tmp_path / "b.parquet", read_table(tmp_path / "a.parquet"))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_table_that_says_nothing_of_its_origin_is_read(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", table())
    file = pq.read_table(tmp_path / "a.parquet")
    about = json.loads(file.schema.metadata[b"style2talker.face_table"])
    for name in ("source", "source_sha256", "start_s", "photometric", "style2talker_version"):
        assert about.pop(name) == getattr(table(), name)
    bare = file.replace_schema_metadata({"style2talker.face_table": json.dumps(about)})
    pq.write_table(bare, tmp_path / "b.parquet")
    found = read_table(tmp_path / "b.parquet")
    assert (found.source, found.source_sha256, found.style2talker_version) == ("", "", "")
    assert (found.start_s, found.photometric) == (0.0, False)


def test_any_reader_sees_named_columns_with_units(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", table())
    plain = pq.read_table(tmp_path / "a.parquet")
    assert plain.schema.names[:4] == ["frame", "time_s", "face_found", "eyeBlinkLeft"]
    assert plain.schema.names[-9:] == [
        *("pitch_rad", "yaw_rad", "roll_rad", "x_px", "y_px", "px_per_cm"),
        *("error", "confidence", "visibility"),
    ]
    assert plain["time_s"][30].as_py() == 1.2
    assert plain["jawOpen"][5].as_py() == table().expression_tk[5, EXPRESSION_NAMES.index("jawOpen")]


@pytest.mark.parametrize(
    "change",
    [
        {"expression_tk": np.zeros((40, 51), np.float32)},
        {"error_t": np.zeros(39, np.float32)},
        {"expression_names": ("jawOpen",) * 52},
        {"expression_names": (*EXPRESSION_NAMES[:-1], "frame")},
        {"rate_hz": 0.0},
        {"identity_k": np.array([np.nan])},
        {"face_found_t": np.zeros(0, bool)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, change: dict) -> None:
    with pytest.raises(UserError, match=r"expected|rename"):
        write_table(tmp_path / "a.parquet", replace(table(), **change))


def test_files_that_are_no_table_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_table(path, table())
    whole = pq.read_table(path)
    for damaged, reason in (
        (whole.drop_columns(["error"]), "names .'error'"),
        (whole.select([1, 0, *range(2, whole.num_columns)]), "order differ"),
        (whole.slice(1), "missing or repeated frames"),
        (whole.replace_schema_metadata(None), "version none"),
    ):
        pq.write_table(damaged, path)
        with pytest.raises(UserError, match=reason):
            read_table(path)
    path.write_text("text")
    with pytest.raises(UserError, match="not a Parquet file"):
        read_table(path)
    pq.write_table(whole.slice(0, 0), path)
    with pytest.raises(UserError, match="has no, missing or repeated frames"):
        read_table(path)
    with pytest.raises(UserError, match=r"there is no file .*missing\.parquet"):
        read_table(tmp_path / "missing.parquet")


ABOUT = {
    **{"version": "1", "expression_names": list(EXPRESSION_NAMES), "identity": [0.5]},
    **{"face_model": "a", "face_model_sha256": "b", "rate_hz": 25.0, "width_px": 4, "height_px": 4},
}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "damaged metadata"),
        (b"\xff\xfe", "damaged metadata"),
        ("[" * 100_000, "damaged metadata"),
        ("[]", "it is a list"),
        ('{"version": "1"}', "lacks expression_names, face_model, .*, width_px or holds"),
        *(
            (json.dumps({**ABOUT, key: value}), f"lacks {key} or holds")
            for key, value in (
                ("expression_names", "jawOpen"),
                ("expression_names", [1]),
                ("expression_names", ["\ud800"]),
                ("identity", {"a": 1}),
                ("identity", [10**400]),
                ("identity", [float("nan")]),
                ("face_model", None),
                ("rate_hz", 0),
                ("rate_hz", "25"),
                ("width_px", 4.5),
                ("height_px", -1),
                ("source", 1),
                ("start_s", "0"),
                ("photometric", 1),
            )
        ),
    ],
    ids=lambda text: str(text)[:20],
)
def test_metadata_of_another_shape_is_told(tmp_path: Path, text: str | bytes, reason: str) -> None:
    path = tmp_path / "a.parquet"
    write_table(path, table())
    (key,) = (key for key in pq.read_schema(path).metadata if key.startswith(b"style2talker"))
    pq.write_table(pq.read_table(path).replace_schema_metadata({key: text}), path)
    with pytest.raises(UserError, match=reason):
        read_table(path)


def test_a_damaged_table_is_read_or_refused(tmp_path: Path, only_sentences: Callable) -> None:
    write_table(tmp_path / "a.parquet", table(12))
    only_sentences("a.parquet", (tmp_path / "a.parquet").read_bytes(), read_table)
