"""The numbers in a MATLAB file of level 5, which MATLAB's `save -v6`, `save -v7` and scipy's savemat write.

scipy's own reader crashes the process where a damaged file names a type that does not exist, so a file from
outside is read here, where every size and type is checked. Layout: MathWorks, MAT-File Format, chapter 1.
Variables that are not arrays of real numbers (text, cells, structures) are left out.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from style2talker.errors import UserError

_MATRIX, _COMPRESSED = 14, 15
# Codes of numbers as they are stored, and as the array is meant: MATLAB stores small whole numbers in less.
_STORED = {
    **{1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4"},
    **{7: "f4", 9: "f8", 12: "i8", 13: "u8"},
}
_MEANT = {
    **{6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2"},
    **{12: "i4", 13: "u4", 14: "i8", 15: "u8"},
}
_COMPLEX = 0x800
_HEADER_BYTES = 128
_LARGEST_BYTES = 1 << 30  # of one variable, unpacked


def read_mat(path: Path) -> dict[str, np.ndarray]:
    """Every array of real numbers by its name.

    Raises:
        UserError: it is no such file, or a damaged one.
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    try:
        order = {b"IM": "<", b"MI": ">"}.get(content[126:_HEADER_BYTES])
        if order is None or struct.unpack(order + "H", content[124:126])[0] != 0x0100:
            raise ValueError("its header is another")
        arrays = {}
        for kind, data in _elements(content[_HEADER_BYTES:], order):
            matrices = _elements(_unpacked(data), order) if kind == _COMPRESSED else iter([(kind, data)])
            for inner_kind, matrix in matrices:
                if inner_kind != _MATRIX:
                    raise ValueError(f"a variable has the type {inner_kind}")
                name, array = _variable(matrix, order)
                if array is not None:
                    arrays[name] = array
    except (ValueError, struct.error, zlib.error) as error:
        raise UserError(
            f"{path} is not a .mat file of version 5 to 7, or a damaged one ({error}); save it with "
            "scipy.io.savemat, or in MATLAB with -v7."
        ) from error
    return arrays


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """(type, bytes) of each element in `data`."""
    position = 0
    while position < len(data):
        kind, size = struct.unpack_from(order + "II", data, position)
        start = position + 8
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, start = kind & 0xFFFF, kind >> 16, position + 4
            if size > 4:
                raise ValueError(f"a small element of {size} bytes")
        if start + size > len(data):
            raise ValueError(f"an element of {size} bytes where {len(data) - start} are left")
        yield kind, data[start : start + size]
        end = start + size
        position = end if kind == _COMPRESSED else -(-end // 8) * 8  # others are padded to 8 bytes


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(data, _LARGEST_BYTES)
    if not unpacker.eof:
        raise ValueError(f"a variable is cut off, or larger than {_LARGEST_BYTES} bytes")
    return content


def _variable(matrix: bytes, order: str) -> tuple[str, np.ndarray | None]:
    """Name and array of one variable; no array where it is not one of real numbers."""
    parts = _elements(matrix, order)
    head = [data for _, (_, data) in zip(range(3), parts, strict=False)]
    if len(head) < 3 or len(head[0]) != 8 or len(head[1]) % 4:
        raise ValueError("a variable without flags, size or name")
    flags = struct.unpack(order + "II", head[0])[0]
    shape = struct.unpack(f"{order}{len(head[1]) // 4}i", head[1])
    name = head[2].decode("ascii")
    if flags & 0xFF not in _MEANT or flags & _COMPLEX:
        return name, None
    kind, data = next(parts, (0, b""))
    if kind not in _STORED:
        raise ValueError(f"{name} holds numbers of the type {kind}")
    numbers = np.frombuffer(data, order + _STORED[kind])
    if min(shape, default=-1) < 0 or numbers.size != math.prod(shape):
        raise ValueError(f"{name} has {numbers.size} numbers, expected {' x '.join(map(str, shape))}")
    return name, numbers.astype(_MEANT[flags & 0xFF]).reshape(shape, order="F")
