"""Files to learn a face from: what is none of them is said in a sentence."""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.face import footage
from style2talker.face.footage import read_source


class Tracker:
    """Stands for the landmark tracker, which needs its weights: it looks at pictures and sees no face."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> "Tracker":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def detect_image(self, image_hw3: np.ndarray) -> None:
        assert image_hw3.dtype == np.uint8
        assert image_hw3.shape[2] == 3

    def track(self, frames: Iterable[np.ndarray]) -> None:
        assert not list(frames)


@pytest.fixture(autouse=True)
def tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage, "LandmarkTracker", Tracker)


@pytest.mark.parametrize("content", [None, b"", b"not a picture"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("me.jpg", r"(no picture at|is not a picture).*JPEG or PNG"),
        ("me.PNG", r"(no picture at|is not a picture).*JPEG or PNG"),
        ("me.mp4", r"me\.mp4 cannot be learned from: .*give a video"),
    ],
)
def test_what_is_no_footage_is_told(tmp_path: Path, name: str, reason: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"me.*{reason}|{reason}"):
        read_source("me", tmp_path / name, Path("task"))


def test_pictures_without_a_face_cut_off_or_too_large_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(tmp_path / "a.png"), np.full((16, 16, 3), 128, np.uint8))
    with pytest.raises(UserError, match="no face in"):
        read_source("me", tmp_path / "a.png", Path("task"))
    content = path.read_bytes()
    size = struct.pack(">II", 1 << 19, 1 << 19)
    header = b"IHDR" + size + content[24:29]
    for damaged in (
        content[:30],
        content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"a\.png is not a picture"):
            read_source("me", path, Path("task"))
