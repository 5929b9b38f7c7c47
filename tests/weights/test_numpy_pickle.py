"""A pickle is a program; this reader runs none of it."""

import os
import pickle
import pickletools
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from style2talker.errors import UserError
from style2talker.weights.numpy_pickle import load_npy, load_numpy_pickle

arrays = st_numpy.arrays(
    dtype=st_numpy.floating_dtypes(sizes=(16, 32, 64), endianness="=")
    | st_numpy.integer_dtypes(endianness="=")
    | st_numpy.boolean_dtypes(),
    shape=st_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
trees = st.recursive(
    st.dictionaries(st.text(max_size=5), arrays, max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=5), inner | arrays, max_size=3),
    max_leaves=6,
)


def assert_same(read: object, written: object) -> None:
    if isinstance(written, dict):
        assert isinstance(read, dict)
        assert read.keys() == written.keys()
        for key in written:
            assert_same(read[key], written[key])
    else:
        assert isinstance(read, np.ndarray)
        assert read.dtype == written.dtype
        np.testing.assert_array_equal(read, written)


@settings(max_examples=60, deadline=None)
@given(tree=trees, protocol=st.integers(3, 4))
def test_plain_trees_come_back(tmp_path_factory: pytest.TempPathFactory, tree: dict, protocol: int) -> None:
    path = tmp_path_factory.mktemp("pickle") / "a"
    path.write_bytes(pickle.dumps(tree, protocol=protocol))
    assert_same(load_numpy_pickle(path), tree)


def test_byte_and_axis_order_are_kept(tmp_path: Path) -> None:
    tree = {"big": np.arange(6, dtype=">i4"), "columns": np.asfortranarray(np.arange(12.0).reshape(3, 4))}
    (tmp_path / "a").write_bytes(pickle.dumps(tree, protocol=3))
    read = load_numpy_pickle(tmp_path / "a")
    np.testing.assert_array_equal(read["big"], tree["big"])
    np.testing.assert_array_equal(read["columns"], tree["columns"])


class Runs:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_is_refused_before_it_happens(tmp_path: Path, protocol: int) -> None:
    trap = tmp_path / "ran"
    for payload in (Runs(os.system, f"touch {trap}"), Runs(eval, f"open({str(trap)!r}, 'w')")):
        (tmp_path / "a").write_bytes(pickle.dumps({"weights": payload}, protocol=protocol))
        with pytest.raises(UserError, match=r"the name \w+\.\w+"):
            load_numpy_pickle(tmp_path / "a")
    assert not trap.exists()


@pytest.mark.parametrize(
    "value",
    [
        {"a": np.array([object()])},
        {"a": np.array([Runs(print, "hello")], dtype=object)},
        {"a": np.array(["text"])},
        {"a": np.zeros(2, dtype=[("x", "f4")])},
        {"a": np.float32(1)},
        {"a": [np.zeros(2)]},
        {"a": 1},
        {1: np.zeros(2)},
        OrderedDict(a=np.zeros(2)),
        np.zeros(2),
        np.load,
        None,
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_but_numeric_arrays_is_refused(tmp_path: Path, value: object) -> None:
    class Local(pickle.Pickler):
        def reducer_override(self, item: object) -> object:
            return (print, ("hello",)) if type(item) is object else NotImplemented

    with open(tmp_path / "a", "wb") as file:
        Local(file, protocol=3).dump(value)
    with pytest.raises(UserError, match="plain NumPy arrays"):
        load_numpy_pickle(tmp_path / "a")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_is_an_error_or_other_numbers(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = pickletools.optimize(pickle.dumps({"a": {"b": np.arange(6, dtype=np.float32)}}, protocol=3))
    index = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:index] + bytes([data.draw(st.integers(0, 255))]) + whole[index + 1 :]
    path = tmp_path_factory.mktemp("pickle") / "a"
    path.write_bytes(
        damaged[: data.draw(st.integers(0, len(damaged)))] if data.draw(st.booleans()) else damaged
    )
    try:
        tree = load_numpy_pickle(path)
    except UserError:
        return
    assert all(isinstance(value, dict | np.ndarray) for value in tree.values())


def test_a_dict_that_holds_itself(tmp_path: Path) -> None:
    loop: dict = {}
    loop["a"] = loop
    (tmp_path / "a").write_bytes(pickle.dumps(loop))
    with pytest.raises(UserError, match="levels deep"):
        load_numpy_pickle(tmp_path / "a")


@settings(max_examples=40, deadline=None)
@given(value=trees | arrays)
def test_npy_files_of_an_array_or_of_a_dict_come_back(
    tmp_path_factory: pytest.TempPathFactory, value: dict | np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("npy") / "a.npy"
    np.save(
        path, np.asanyarray(value), allow_pickle=True
    )  # a dict becomes a pickle, as published tools leave it
    assert_same(load_npy(path), value)


@pytest.mark.parametrize("value", [{"a": Runs(print, "hello")}, [np.zeros(2), {}], {"a": np.array([None])}])
def test_npy_files_of_anything_else_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: object
) -> None:
    held = np.empty((), dtype=object)
    held[()] = value
    np.save(tmp_path / "a.npy", held, allow_pickle=True)  # what an attacker would send
    with pytest.raises(UserError, match=r"one dict of plain NumPy arrays"):
        load_npy(tmp_path / "a.npy")
    assert not capsys.readouterr().out


def test_a_text_is_no_npy_file(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_text("coeff")
    with pytest.raises(UserError, match=r"not an \.npy file"):
        load_npy(tmp_path / "a.npy")
