"""Footage: the files below a card's root, on this disk or in an object store, each as a path to read.

FFmpeg seeks back and forth, and a network in the middle of that is slow and breaks: a file of an object store
is fetched whole into a folder of this process, the last few are kept, and the folder goes with the process.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path, PurePosixPath
from typing import Any

from style2talker.corpus.store_errors import FULL, writing_sentences
from style2talker.corpus.uri import Store, is_environment_fault, open_store
from style2talker.errors import Reject

KEPT_FILES = 4
"""A source is two files where its speech is separate; those of the one before may still be read."""
_PREFIX = "style2talker-footage-"
_CHUNK_BYTES = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class FootageFile:
    """One file. `uri` is relative to the root, with forward slashes; `mtime_ns` is 0 where unknown."""

    uri: str
    num_bytes: int
    mtime_ns: int


class Footage:
    """Everything below `root`, a directory or an `s3://`, `gs://` or `file://` prefix.

    It can be pickled: each process opens the store and fetches its files for itself.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._store = open_store(root)
        self._fetched: dict[str, Path] = {}  # in order of use, the latest last
        self._folder: Path | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.root,))

    @property
    def is_local(self) -> bool:
        """Whether files are read where they lie."""
        return self._store.is_local

    def path(self, uri: str) -> Path:
        """Where the file can be read on this machine until `KEPT_FILES` others have been asked for.

        Raises:
            Reject: `outside_root` for a name or a link that leads out; `vanished` for an object that is gone.
                A local file is not opened.
            UserError: the object store cannot be reached or refuses, or no space is left here.
        """
        self._check_inside(uri)
        if self._store.is_local:
            return Path(self._store.path(uri))
        path = self._fetched.pop(uri, None) or self._fetch(uri)
        self._fetched[uri] = path
        while len(self._fetched) > KEPT_FILES:
            self._fetched.pop(next(iter(self._fetched))).unlink(missing_ok=True)
        return path

    def num_bytes(self, uri: str) -> int:
        """Size of the file as it is now. Raises as `path` does."""
        self._check_inside(uri)
        with _as_rejects():
            size = self._store.size(uri)
        if size is None:
            raise Reject("vanished", f"{PurePosixPath(uri).name}: the file is no longer there.")
        return size

    def state(self, uri: str) -> tuple[int, int]:
        """Bytes and time of change (ns) of the file as it is now. Raises as `path` does."""
        self._check_inside(uri)
        with _as_rejects():
            if self._store.is_local:
                status = Path(self._store.path(uri)).stat()
                return status.st_size, status.st_mtime_ns
            state = self._store.state(uri)
        if state is None:
            raise Reject("vanished", "It was listed but is gone.")
        return state

    def names(self) -> list[FootageFile]:
        """Every file, sorted by uri; hidden ones and those in hidden folders are left out.

        A broken link, pipe or device is listed too: `sha256` says what is wrong with it.
        """
        found = self._local() if self._store.is_local else self._remote()
        return sorted(
            (f for f in found if not any(part.startswith(".") for part in f.uri.split("/"))),
            key=lambda file: file.uri,
        )

    def sha256(self, uri: str) -> str:
        """Hash of the bytes; an object is streamed, not kept.

        Raises:
            Reject: `outside_root`, `vanished`, `unreadable`, or `not_media` for a pipe or a device.
        """
        self._check_inside(uri)
        with _as_rejects():
            if not self._store.is_local:
                return self._store.sha256(uri)
            path = self.path(uri)
            if path.exists() and not path.is_file():
                raise Reject("not_media", "It is a pipe, socket or device, not a file.")
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()

    def _check_inside(self, uri: str) -> None:
        inside = not uri.startswith("/") and ".." not in uri.split("/")
        if inside and self._store.is_local:
            inside = Path(self._store.path(uri)).resolve().is_relative_to(self._store.root)
        if not inside:
            raise Reject("outside_root", "It is a name or a link that leads out of the card's root.")

    def _local(self) -> Iterator[FootageFile]:
        root = self._store.root
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                try:
                    status = path.stat()
                except OSError:  # a broken link
                    status = path.lstat()
                uri = path.relative_to(root).as_posix()
                yield FootageFile(uri=uri, num_bytes=status.st_size, mtime_ns=status.st_mtime_ns)

    def _remote(self) -> Iterator[FootageFile]:
        for uri, num_bytes, mtime_ns in self._store.infos():
            yield FootageFile(uri=uri, num_bytes=num_bytes, mtime_ns=mtime_ns)

    def _fetch(self, uri: str) -> Path:
        if self._folder is None:
            self._folder = _own_folder()
        # FFmpeg looks at the suffix, messages show the name; the folder keeps equal names apart
        folder = self._folder / hashlib.sha256(uri.encode()).hexdigest()[:16]
        folder.mkdir(exist_ok=True)
        path = folder / PurePosixPath(uri).name
        with _as_rejects():
            _download(self._store, uri, path)
        return path


def _download(store: Store, uri: str, path: Path) -> None:
    with (
        store.sentences(uri),
        writing_sentences(str(path.parent), FULL),
        store.filesystem.open_input_stream(store.path(uri), compression=None) as source,
        path.open("wb") as sink,
    ):
        shutil.copyfileobj(source, sink, _CHUNK_BYTES)


@contextmanager
def _as_rejects() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Reject("vanished", "It was listed but is gone, or is a broken link.") from error
    except PermissionError as error:
        raise Reject("unreadable", "Its permissions do not let this user read it.") from error
    except OSError as error:
        if is_environment_fault(error):
            raise
        raise Reject("unreadable", f"Reading it failed: {error.strerror or error}.") from error


def _own_folder() -> Path:
    """A folder that this process holds a lock on; folders whose process is gone are removed first.

    A worker that is killed cleans up nothing, but the kernel gives its lock back.
    """
    parent = Path(tempfile.gettempdir())
    for old in parent.glob(f"{_PREFIX}*"):
        if (descriptor := _locked(old)) is not None:
            shutil.rmtree(old, ignore_errors=True)
            os.close(descriptor)
    new = Path(tempfile.mkdtemp(prefix=f"new-{_PREFIX}"))
    descriptor = _locked(new)
    folder = new.rename(parent / new.name.removeprefix("new-"))  # visible to others only with its lock
    Finalize(None, shutil.rmtree, args=(folder,), kwargs={"ignore_errors": True}, exitpriority=1)
    return folder


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock, or None where another process has it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
