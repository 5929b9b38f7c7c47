"""The LMDB of PIRender (Ren et al. 2021) with Style2Talker's keys: pictures by frame, numbers by video.

Keys: `VIDEO-0000012` (JPEG), `VIDEO-length` (seven digits), `VIDEO-coeff_3dmm` float32 [T, 260],
`VIDEO-keypoint` float32 [T, 68, 2], and `length`, the number of videos.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np


class VideoLmdb:
    """Write such a database; use as a context manager. The same videos in the same order give the same bytes.

    Args:
        folder: to create; becomes `data.mdb` in it.
        num_bytes: about how much will be added; the file is as large as what is in it.
    """

    def __init__(self, folder: Path, *, num_bytes: int) -> None:
        import lmdb

        folder.mkdir(parents=True)
        # A value fills whole pages of 4 KiB, so small ones may take many times their size.
        self._database = lmdb.open(str(folder), map_size=8 * num_bytes + (1 << 26), lock=False)
        self._num_videos = 0

    def __enter__(self) -> "VideoLmdb":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with self._database.begin(write=True) as transaction:
                transaction.put(b"length", _digits(self._num_videos))
            self._database.sync(True)
        self._database.close()

    def add(
        self, video: str, pictures: Sequence[bytes], *, coeff_tn: np.ndarray, keypoint_tl2: np.ndarray
    ) -> None:
        """Put one video: as many pictures as there are rows of numbers."""
        values = {f"{frame:07d}": picture for frame, picture in enumerate(pictures)}
        values |= {
            "length": _digits(len(pictures)),
            "coeff_3dmm": coeff_tn.astype(np.float32).tobytes(),
            "keypoint": keypoint_tl2.astype(np.float32).tobytes(),
        }
        with self._database.begin(write=True) as transaction:
            for key, value in values.items():
                transaction.put(f"{video}-{key}".encode(), value)
        self._num_videos += 1


def _digits(number: int) -> bytes:
    return f"{number:07d}".encode()
