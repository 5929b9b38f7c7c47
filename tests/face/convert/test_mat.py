"""MATLAB's files: what scipy writes comes back, and damage is a sentence and never the end of the process."""

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from scipy.io import savemat

from style2talker.errors import UserError
from style2talker.face.convert.mat import read_mat

KINDS = st.sampled_from([np.float64, np.float32, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint64])
ARRAYS = st_numpy.arrays(
    KINDS, st_numpy.array_shapes(min_dims=2, max_dims=3, max_side=4), elements={"allow_nan": False}
)


def saved(tables: dict, *, compressed: bool = False) -> bytes:
    file = BytesIO()
    savemat(file, tables, do_compression=compressed)
    return file.getvalue()


@settings(max_examples=60, deadline=None)
@given(one=ARRAYS, other=ARRAYS, compressed=st.booleans())
def test_what_scipy_writes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, one: np.ndarray, other: np.ndarray, compressed: bool
) -> None:
    path = tmp_path_factory.mktemp("mat") / "a.mat"
    path.write_bytes(saved({"one": one, "text": "left out", "other": other}, compressed=compressed))
    back = read_mat(path)
    assert sorted(back) == ["one", "other"]
    for name, array in (("one", one), ("other", other)):
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


def test_whole_numbers_stored_in_less_are_doubles_and_either_byte_order_is_read(tmp_path: Path) -> None:
    """As MATLAB itself saves [1 2; 3 4]: a double array whose numbers are stored as bytes in the tag."""
    for order, mark in ("<", b"IM"), (">", b"MI"):
        body = struct.pack(order + "IIIIIIii", 6, 8, 6, 0, 5, 8, 2, 2)
        name = struct.pack(order + "I", 1 << 16 | 1) + b"a\0\0\0"
        data = struct.pack(order + "I", 4 << 16 | 2) + bytes([1, 3, 2, 4])
        matrix = struct.pack(order + "II", 14, len(body + name + data)) + body + name + data
        header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(order + "H", 0x0100) + mark
        (tmp_path / "a.mat").write_bytes(header + matrix)
        np.testing.assert_array_equal(read_mat(tmp_path / "a.mat")["a"], [[1.0, 2.0], [3.0, 4.0]])


def test_a_type_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """scipy's reader ends the process with a segmentation fault here."""
    content = bytearray(saved({"coeff": np.zeros((6, 257), np.float32)}))
    assert content[184] == 7
    content[184] = 0
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.mat is not a \.mat file .*coeff holds numbers of the type 0"):
        read_mat(tmp_path / "a.mat")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_file_is_read_or_refused(only_sentences: Callable, compressed: bool) -> None:
    tables = {"coeff": np.ones((2, 257), np.float32), "transform_params": np.ones((2, 5)), "text": "a"}
    only_sentences("a.mat", saved(tables, compressed=compressed), read_mat)
