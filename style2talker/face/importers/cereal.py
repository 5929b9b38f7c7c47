"""The binary archives of the C++ library cereal, as far as eos' model files need them.

Little-endian, no padding, no types: a reader must know what comes. A size is 64 bits; an Eigen matrix is two
32-bit sizes and its numbers column by column (eos/morphablemodel/io/eigen_cerealisation.hpp).
"""

import struct

import numpy as np

from style2talker.errors import UserError


class Archive:
    """Reads one file from the front. Every method raises `UserError` where the file ends too early."""

    def __init__(self, data: bytes, *, source: object) -> None:
        self.data, self.source, self.position = data, source, 0

    def _take(self, size: int) -> bytes:
        if size < 0 or self.position + size > len(self.data):
            raise UserError(
                f"{self.source} ends after {len(self.data)} bytes, inside something of {size} bytes at "
                f"{self.position}; it is damaged or of another version: fetch it again."
            )
        self.position += size
        return self.data[self.position - size : self.position]

    def uint32(self) -> int:
        return struct.unpack("<I", self._take(4))[0]

    def size(self) -> int:
        return struct.unpack("<Q", self._take(8))[0]

    def text(self) -> str:
        return self._take(self.size()).decode("utf-8", "replace")

    def matrix(self) -> np.ndarray:
        """float32 [rows, columns]."""
        rows, columns = struct.unpack("<ii", self._take(8))
        numbers = np.frombuffer(self._take(4 * rows * columns if min(rows, columns) >= 0 else -1), "<f4")
        return numbers.reshape(columns, rows).T

    def triples(self) -> np.ndarray:
        """int32 [N, 3]: a vector of arrays of three ints."""
        return np.frombuffer(self._take(12 * self.size()), "<i4").reshape(-1, 3)
