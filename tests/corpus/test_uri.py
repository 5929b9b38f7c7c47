"""Stores: atomic writes, no way out, and a real S3 protocol server."""

from pathlib import Path
from typing import Any

import pytest

from style2talker.corpus.uri import open_store
from style2talker.errors import UserError


def test_a_failed_write_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.write("a/b.txt", b"old")

    def fail() -> None:
        with store.writing("a/b.txt") as scratch:
            scratch.write_bytes(b"ne")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.read("a/b.txt") == b"old"
    assert store.names() == ["a/b.txt"]


def test_a_half_written_file_is_not_visible_under_its_name(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    with store.writing("x") as scratch:
        scratch.write_bytes(b"12")
        assert not store.exists("x")
    assert store.size("x") == 2


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "clips/../../x"])
def test_names_cannot_leave_the_store(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="outside"):
        open_store(str(tmp_path)).read(name)


def test_an_unknown_scheme_is_one_sentence() -> None:
    with pytest.raises(UserError, match=r"scheme 'ftp'.*file://, s3://, gs://"):
        open_store("ftp://host/corpus")


def test_s3_round_trip(faulty_s3: Any) -> None:
    faulty_s3.clear()
    store = open_store(faulty_s3.uri())
    assert not store.exists("clips/a")
    store.write("clips/a", b"abc")
    assert store.read("clips/a") == b"abc"
    assert store.names() == ["clips/a"]
    assert store.sha256("clips/a").startswith("ba7816bf")
    store.delete("clips/a")
    assert store.names() == []
