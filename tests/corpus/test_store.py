"""A store that fails: what is written is there whole or not at all, and what went wrong is one sentence.

Real faults: an S3 server that answers with errors, waits or hangs up, a small disk, a read-only one.
"""

import errno
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from style2talker.corpus import object_store, uri
from style2talker.corpus.uri import is_environment_fault, open_store
from style2talker.errors import UserError

SMALL, LARGE = b"small", os.urandom(11 << 20)
"""Arrow sends up to 10 MiB in one request, more in parts."""


@pytest.fixture
def server(faulty_s3: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(object_store, "REQUEST_TIMEOUT_S", 1.0)
    monkeypatch.setattr(uri, "SETTLE_S", 0.0)
    faulty_s3.clear()
    return faulty_s3


@pytest.mark.parametrize(
    ("content", "do", "method", "target"),
    [
        (SMALL, 500, "PUT", ""),
        (SMALL, 503, "PUT", ""),
        (SMALL, "stall", "PUT", ""),
        (SMALL, "cut", "PUT", ""),
        (LARGE, 503, "POST", "uploads"),
        (LARGE, 500, "PUT", "partNumber=2"),
        (LARGE, "cut", "PUT", "partNumber=1"),
        (LARGE, "cut", "POST", "uploadId"),
        (LARGE, "cut_answer", "POST", "uploadId"),
        (LARGE, 500, "POST", "uploadId"),
        (SMALL, 503, "POST", "uploads"),
        (SMALL, 503, "HEAD", ""),
    ],
    ids=lambda value: "large" if value is LARGE else str(value),
)
def test_an_upload_that_fails_is_sent_again_and_arrives_whole(
    server: Any, content: bytes, do: int | str, method: str, target: str
) -> None:
    fault = server.fail(do, method=method, target=target)
    open_store(server.uri()).write("a/b.parquet", content)
    assert fault.times == 0
    assert server.objects() == {"tiny/a/b.parquet": content}


@pytest.mark.parametrize("do", [500, "cut", "cut_answer"])
def test_a_download_that_fails_is_asked_for_again(server: Any, do: int | str) -> None:
    store = open_store(server.uri())
    store.write("b.parquet", LARGE)
    server.fail(do, method="GET")
    assert store.read("b.parquet") == LARGE
    server.fail(do, method="GET", target="list-type")
    assert [(name, size) for name, size, _ in store.infos()] == [("b.parquet", len(LARGE))]


@pytest.mark.parametrize("before", [None, b"what was there before"])
@pytest.mark.parametrize(
    ("do", "method", "target"),
    [
        (503, "PUT", ""),
        (500, "PUT", "partNumber=2"),
        ("cut", "PUT", "partNumber=1"),
        (500, "POST", "uploadId"),
    ],
)
def test_an_upload_that_never_succeeds_leaves_nothing_of_itself(
    server: Any, monkeypatch, before: bytes | None, do: int | str, method: str, target: str
) -> None:
    monkeypatch.setattr(object_store, "ATTEMPTS", 2)
    store = open_store(server.uri())
    if before is not None:
        store.write("b.parquet", before)
    server.fail(do, method=method, target=target, times=99)
    with pytest.raises(
        UserError, match=r"b.parquet: the store did not answer well.*what is finished is kept"
    ):
        store.write("b.parquet", LARGE)
    assert server.objects() == ({} if before is None else {"tiny/b.parquet": before})


def test_an_interrupt_in_the_middle_of_an_upload_leaves_all_of_it_or_nothing(server: Any) -> None:
    server.fail(lambda: signal.raise_signal(signal.SIGINT), method="PUT", target="partNumber=1")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job is deaf to it
    try:
        with pytest.raises(KeyboardInterrupt):
            open_store(server.uri()).write("b.parquet", LARGE)
    finally:
        signal.signal(signal.SIGINT, before)
    assert server.objects() in ({}, {"tiny/b.parquet": LARGE})


def test_an_exception_of_the_writer_uploads_nothing(server: Any) -> None:
    def write() -> None:
        with open_store(server.uri()).writing("b.parquet") as scratch:
            scratch.write_bytes(SMALL)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert server.objects() == {}


def test_a_file_that_arrives_short_is_sent_again_or_removed(server: Any, monkeypatch) -> None:
    sent, store = [], open_store(server.uri())
    send = object_store._send

    def short(filesystem, scratch: Path, target: str) -> None:
        sent.append(target)
        if len(sent) < 3:
            scratch = scratch.with_name("short")
            scratch.write_bytes(SMALL[:-1])
        send(filesystem, scratch, target)

    monkeypatch.setattr(object_store, "_send", short)
    store.write("a", SMALL)
    assert (store.read("a"), len(sent)) == (SMALL, 3)
    monkeypatch.setattr(object_store, "UPLOADS", 2)
    sent.clear()
    with pytest.raises(UserError, match="arrived with 4 of 5 bytes 2 times and was removed"):
        store.write("b", SMALL)
    assert server.objects() == {"tiny/a": SMALL}


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
def test_a_refusal_is_one_sentence_at_once(server: Any, method: str) -> None:
    store = open_store(server.uri())
    store.write("a", SMALL)
    server.seen.clear()
    server.fail(403, method=method, times=99)
    with pytest.raises(UserError, match=r"the store refuses it .*; check the credentials"):
        {"POST": lambda: store.write("b", SMALL), "GET": store.infos, "HEAD": lambda: store.size("a")}[
            method
        ]()
    assert len(server.seen) == 1


def test_a_bucket_that_is_not_there_is_one_sentence_at_once(server: Any) -> None:
    store = open_store(server.uri(bucket="nowhere"))
    with pytest.raises(UserError, match=r"there is no such bucket .*; create it or correct the URI"):
        store.write("a", LARGE)
    assert len(server.seen) == 1


def test_a_missing_object_is_a_missing_file(server: Any) -> None:
    store = open_store(server.uri())
    for ask in (store.read, store.sha256, store.open):
        with pytest.raises(FileNotFoundError):
            ask("nothing")
    assert store.size("nothing") is None


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown option 'endpoint'; did you mean 'endpoint_override'"):
        open_store("s3://corpora/tiny?endpoint=here")


def test_empty_files_travel_too(server: Any, tmp_path: Path) -> None:
    for store in (open_store(server.uri()), open_store(str(tmp_path))):
        store.write("empty", b"")
        assert store.read("empty") == b""


def test_one_of_many_creates_a_file(tmp_path: Path) -> None:
    store, together = open_store(str(tmp_path)), threading.Barrier(8)

    def create(number: int) -> bool:
        together.wait()
        return store.create("locks/lock.json", str(number).encode())

    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(create, range(8)))
    assert created.count(True) == 1
    assert store.read("locks/lock.json") == str(created.index(True)).encode()
    assert store.names() == ["locks/lock.json"]


def test_the_later_of_two_creators_of_an_object_has_it(server: Any, monkeypatch) -> None:
    first, second = open_store(server.uri()), open_store(server.uri())
    later: list[bool] = []

    def while_the_first_waits(_: float) -> None:
        monkeypatch.setattr(uri.time, "sleep", lambda _: None)
        second.write("lock", b"second")  # it had looked before the first wrote
        later.append(second.read("lock") == b"second")

    monkeypatch.setattr(uri.time, "sleep", while_the_first_waits)
    assert not first.create("lock", b"first")
    assert later == [True]
    assert not first.create("lock", b"third")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"no filesystem can be mounted here ({done.stderr.strip()})")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_sentence_and_leaves_no_part(small_disk: Path) -> None:
    store = open_store(str(small_disk / "corpus"))
    store.write("small", SMALL)
    with pytest.raises(
        UserError, match=r"large cannot be written \(No space left on device\): free some space"
    ):
        store.write("large", LARGE)
    assert store.names() == ["small"]
    assert store.read("small") == SMALL


def test_a_read_only_disk_is_one_sentence(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    store = open_store(str(small_disk / "corpus"))
    for write in (store.write, store.create):
        with pytest.raises(UserError, match=r"Read-only file system.*give another place"):
            write("small", SMALL)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match=r"Permission denied.*change its permissions"):
        open_store(str(tmp_path / "corpus")).write("small", SMALL)


def test_what_the_machine_lacks_is_no_fault_of_a_file() -> None:
    assert is_environment_fault(OSError(errno.ENOSPC, "No space left on device"))
    assert is_environment_fault(OSError(errno.EMFILE, "Too many open files"))
    assert not is_environment_fault(OSError(errno.ENOENT, "No such file or directory"))
    assert not is_environment_fault(ValueError("boom"))
