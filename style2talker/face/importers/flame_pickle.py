"""Read FLAME's pickles without trusting them.

They were written by Python 2 and hold NumPy arrays, chumpy arrays and scipy's sparse matrices. As in
`weights.numpy_pickle`, each name that they need stands for an inert record here, and every other name is
refused, so nothing that the file names is ever called, and chumpy need not be installed.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from style2talker.errors import UserError
from style2talker.weights.numpy_pickle import FAILURES, InertArray, InertDtype, Unpickler

_SPARSE = {f"{kind}_matrix" for kind in ("csc", "csr")}
_SPARSE_MODULES = {f"scipy.sparse.{module}" for module in ("csc", "_csc", "csr", "_csr")} | {"scipy.sparse"}


class _Record:
    """Keeps an object's attributes and does nothing with them."""

    def __init__(self, *ignored: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            self.state = state


class _Chumpy(_Record):
    """A chumpy array: its value is the attribute `x`."""


class _Columns(_Record):
    """A sparse matrix in compressed columns."""

    by_columns = True


class _Rows(_Columns):
    """A sparse matrix in compressed rows."""

    by_columns = False


class _Scalar:
    def __init__(self, dtype: InertDtype, data: str | bytes) -> None:
        raw = data.encode("latin-1") if isinstance(data, str) else data
        self.value = np.frombuffer(raw, dtype.dtype)[0].item()


class _Ignored:
    """A set or an `object`: bookkeeping of chumpy's."""

    def __init__(self, *ignored: object) -> None:
        pass


def _encode(text: str, *ignored: object) -> bytes:
    """Stands for `_codecs.encode`, which newer pickles of protocol 2 wrap bytes in."""
    return str(text).encode("latin-1")


def _reconstruct(kind: type, *ignored: object) -> object:
    """Stands for `copyreg._reconstructor` of the oldest protocols."""
    if not issubclass(kind, _Record):
        raise pickle.UnpicklingError(f"it rebuilds a {kind.__name__}")
    return kind()


class _FlameUnpickler(Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        match module, name:
            case ("chumpy.ch", "Ch") | ("chumpy", "Ch" | "array"):
                return _Chumpy
            case _ if module in _SPARSE_MODULES and name in _SPARSE:
                return _Columns if name.startswith("csc") else _Rows
            case ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar"):
                return _Scalar
            case ("__builtin__" | "builtins", "set" | "object"):
                return _Ignored
            case "_codecs", "encode":
                return _encode
            case ("copy_reg" | "copyreg", "_reconstructor"):
                return _reconstruct
        return super().find_class(module, name)


def load_flame_pickle(path: Path) -> dict[str, np.ndarray]:
    """The numeric arrays of one of FLAME's files by name, sparse ones filled up; other entries are left out.

    Raises `UserError` for a file that asks for any other name or is damaged.
    """
    try:
        tree = _FlameUnpickler(io.BytesIO(path.read_bytes()), encoding="latin-1").load()
        if not isinstance(tree, dict):
            raise pickle.UnpicklingError(f"it holds a {type(tree).__name__}, not a dict")
        found = {str(name): _numbers(value) for name, value in tree.items()}
        return {name: array for name, array in found.items() if array is not None}
    except FAILURES as error:
        raise UserError(
            f"{path} is not a FLAME file ({error or type(error).__name__}): give the one that was downloaded "
            "from flame.is.tue.mpg.de."
        ) from error


def _numbers(value: object) -> np.ndarray | None:
    """The array that a record stands for; None where it is none."""
    if isinstance(value, InertArray):
        return value.array
    if isinstance(value, _Chumpy):
        return _numbers(value.state.get("x"))
    if isinstance(value, _Columns):
        return _filled(value)
    return None


def _filled(matrix: _Columns) -> np.ndarray:
    parts = [_numbers(matrix.state.get(name)) for name in ("data", "indices", "indptr")]
    shape = matrix.state.get("_shape", matrix.state.get("shape"))
    if not isinstance(shape, tuple) or any(part is None for part in parts):
        raise pickle.UnpicklingError("it holds a sparse matrix without its numbers")
    data, indices, starts = (np.asarray(part) for part in parts)
    rows, columns = (int(size.value) if isinstance(size, _Scalar) else int(size) for size in shape)
    full = np.zeros((columns, rows) if matrix.by_columns else (rows, columns))
    line = np.repeat(np.arange(len(full)), np.diff(starts))
    np.add.at(full, (line, indices), data)
    return full.T if matrix.by_columns else full
