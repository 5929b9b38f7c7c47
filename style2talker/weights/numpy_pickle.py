"""Read a pickle of nested dicts of NumPy arrays without trusting it, also one inside an .npy file.

A pickle is a program. The only three names that such a file needs stand here for inert records of ours, and
every other name is refused, so nothing that the file says is ever called, not even NumPy's own constructors.
"""

import io
import math
import pickle
import tokenize
from pathlib import Path
from typing import Any

import numpy as np

from style2talker.errors import UserError

_KINDS = "fiub"  # floats, integers, booleans; never objects
_DEEPEST = 16
# What a damaged or hostile file makes the reader of pickles raise.
FAILURES = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
    tokenize.TokenError,  # from the header of a damaged .npy
)
Tree = dict[str, "np.ndarray | Tree"]


class InertDtype:
    """Stands for a dtype of plain numbers."""

    __slots__ = ("dtype",)

    def __init__(self, code: str, *flags: object) -> None:
        self.dtype = np.dtype(str(code))
        if self.dtype.kind not in _KINDS + "O":
            raise pickle.UnpicklingError(f"it holds an array of type {code!r}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class InertArray:
    """Stands for an array: once its state is read, `array` holds it, or `item` the only object in it."""

    __slots__ = ("array", "item")

    def __init__(self, *ignored: object) -> None:
        self.array: np.ndarray | None = None
        self.item: object = None  # what an array of no axes and of type object holds

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, is_fortran, data = state
        if isinstance(data, str):  # bytes in a pickle of Python 2, read as Latin-1
            data = data.encode("latin-1")
        if (
            isinstance(dtype, InertDtype)
            and dtype.dtype.kind == "O"
            and shape == ()
            and isinstance(data, list)
        ):
            (self.item,) = data
            return
        if not isinstance(dtype, InertDtype) or dtype.dtype.kind == "O" or not isinstance(data, bytes):
            raise pickle.UnpicklingError("it holds an array that is not plain bytes")
        if len(data) != math.prod(shape) * dtype.dtype.itemsize:
            raise pickle.UnpicklingError(f"it holds {len(data)} bytes for an array of shape {shape}")
        array = np.frombuffer(data, dtype.dtype).reshape(shape, order="F" if is_fortran else "C")
        self.array = array.astype(dtype.dtype.newbyteorder("="))


class Unpickler(pickle.Unpickler):
    """Knows arrays of plain numbers and refuses every other name."""

    def find_class(self, module: str, name: str) -> type:
        match module, name:
            case ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") | ("numpy", "ndarray"):
                return InertArray
            case "numpy", "dtype":
                return InertDtype
        raise pickle.UnpicklingError(f"it asks for the name {module}.{name}")


def load_numpy_pickle(path: str | Path) -> Tree:
    """Nested dicts, with string keys, of numeric arrays, from a file of pickle protocol 3 or 4.

    Raises:
        UserError: anything else is in the file, or it is no pickle.
        OSError: the file cannot be read.
    """
    data = Path(path).read_bytes()
    try:
        return _tree(Unpickler(io.BytesIO(data)).load(), 0)
    except FAILURES as error:
        raise UserError(
            f"{path} is not a pickle of plain NumPy arrays ({error or type(error).__name__}): "
            "give the published file, which `style2talker weights fetch` downloads."
        ) from error


def load_npy(path: str | Path) -> "np.ndarray | Tree":
    """The numeric array of an .npy file, or the dict of arrays that `np.save(path, {...})` put there.

    Raises:
        UserError: it is no .npy file, or holds objects other than one such dict.
        OSError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            version = np.lib.format.read_magic(file)
            read_header = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                read_header = np.lib.format.read_array_header_2_0
            *_, dtype = read_header(file)
            if not dtype.hasobject:
                file.seek(0)
                return np.load(file, allow_pickle=False)
            held = Unpickler(file).load()
            return _tree(held.item if isinstance(held, InertArray) else held, 0)
    except FAILURES as error:
        raise UserError(
            f"{path} is not an .npy file of numbers or of one dict of plain NumPy arrays "
            f"({error or type(error).__name__}): save the arrays with np.save."
        ) from error


def _tree(value: object, depth: int) -> Tree:
    if not isinstance(value, dict) or depth > _DEEPEST:
        raise pickle.UnpicklingError(f"it holds a {type(value).__name__} {depth} levels deep")
    tree: Tree = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise pickle.UnpicklingError(f"it holds the key {key!r}")
        if isinstance(item, InertArray) and item.array is not None:
            tree[key] = item.array
        else:
            tree[key] = _tree(item, depth + 1)
    return tree
