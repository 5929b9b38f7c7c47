"""A download appears whole and verified, or not at all, and a dead host is asked once."""

import hashlib
import socket
from pathlib import Path

import pytest

from style2talker.weights import download as download_module
from style2talker.weights.download import SourceError, download
from style2talker.weights.registry import WeightFile


def file_of(data: bytes) -> WeightFile:
    return WeightFile(path="a", sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def test_counts_its_bytes(publisher, tmp_path: Path) -> None:
    data = bytes(range(256)) * 8192
    counts: list[int] = []
    download(publisher.put("/a", data), tmp_path / "sub" / "a", file_of(data), counts.append)
    assert (tmp_path / "sub" / "a").read_bytes() == data
    assert sum(counts) == len(data)


@pytest.mark.parametrize("served", [b"", b"12", b"1234", b"124"], ids=["empty", "short", "long", "other"])
def test_other_bytes_leave_nothing(publisher, tmp_path: Path, served: bytes) -> None:
    with pytest.raises(SourceError):
        download(publisher.put("/a", served), tmp_path / "a", file_of(b"123"))
    assert list(tmp_path.iterdir()) == []


def test_other_bytes_do_not_replace_a_file(publisher, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(SourceError, match="sha256"):
        download(publisher.put("/a", b"bad"), tmp_path / "a", file_of(b"new"))
    assert (tmp_path / "a").read_bytes() == b"old"


def test_no_more_is_read_than_the_registered_size(publisher, tmp_path: Path) -> None:
    counts: list[int] = []
    with pytest.raises(SourceError, match="more than 3 bytes"):
        download(publisher.put("/a", bytes(20_000_000)), tmp_path / "a", file_of(b"123"), counts.append)
    assert sum(counts) <= 2 << 20


def test_a_missing_page_does_not_make_the_host_unreachable(publisher, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="answered 404"):
        download(f"{publisher.address}/gone", tmp_path / "a", file_of(b"123"))
    download(publisher.put("/a", b"123"), tmp_path / "a", file_of(b"123"))


def test_a_dead_host_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_address: str
) -> None:
    with pytest.raises(SourceError, match="unreachable"):
        download(f"{unused_address}/a", tmp_path / "a", file_of(b"123"))
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("asked again"))
    with pytest.raises(SourceError, match="unreachable"):
        download(f"{unused_address}/b", tmp_path / "b", file_of(b"123"))


@pytest.fixture
def unused_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_host_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "CONNECT_TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SourceError, match="does not answer"):
            download(f"{address}/a", tmp_path / "a", file_of(b"123"))
        with pytest.raises(SourceError, match="unreachable"):
            download(f"{address}/b", tmp_path / "b", file_of(b"123"))
