"""Same rows, same bytes; rows that break the schema never reach the disk."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.corpus.shard import column_array, file_sha256, write_shard

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("x", pa.list_(pa.list_(pa.float32())), nullable=False),
    ]
)


def rows(count: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(0)
    return [{"id": str(n), "x": rng.normal(size=(n + 1, 3)).astype(np.float32)} for n in range(count)]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert write_shard(tmp_path / name, rows(9), schema=SCHEMA, rows_per_group=4) == 9
    assert file_sha256(tmp_path / "a") == file_sha256(tmp_path / "b")


@pytest.mark.parametrize(
    "row",
    [
        {"id": "a"},
        {"id": None, "x": np.zeros((1, 3))},
        {"id": "a", "x": np.zeros(3)},
        {"id": "a", "x": [], "y": 1},
    ],
)
def test_a_row_outside_the_schema_is_refused(tmp_path: Path, row: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="column"):
        write_shard(tmp_path / "a", [row], schema=SCHEMA, rows_per_group=4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(1, 4))
def test_flat_buffers_equal_nested_lists(lengths: list[int], width: int) -> None:
    matrices = [np.arange(n * width, dtype=np.float32).reshape(n, width) for n in lengths]
    kind = pa.list_(pa.list_(pa.float32()))
    assert column_array(matrices, kind).equals(pa.array([m.tolist() for m in matrices], type=kind))
