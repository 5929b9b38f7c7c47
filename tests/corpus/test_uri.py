"""Stores: atomic writes, no way out, and a real S3 protocol server."""

from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture
def bucket_uri(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket on a local server that speaks the S3 protocol."""
    server_module = pytest.importorskip(
        "moto.server", reason="moto is not installed (pip install -e '.[dev]')"
    )
    import boto3

    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1").create_bucket(
        Bucket="corpora"
    )
    yield f"s3://corpora/corpus?endpoint_override={host}:{port}&scheme=http&region=us-east-1"
    server.stop()


def test_s3_round_trip(bucket_uri: str) -> None:
    store = open_store(bucket_uri)
    assert not store.exists("clips/a")
    store.write("clips/a", b"abc")
    assert store.read("clips/a") == b"abc"
    assert store.names() == ["clips/a"]
    assert store.sha256("clips/a").startswith("ba7816bf")
    store.delete("clips/a")
    assert store.names() == []
