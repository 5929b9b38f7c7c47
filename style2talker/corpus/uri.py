"""Where a corpus lives: a directory or an object-store prefix, opened by pyarrow.fs, written atomically."""

import errno
import hashlib
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from style2talker.corpus.object_store import open_s3, upload
from style2talker.corpus.store_errors import FULL, remote_sentences, writing_sentences
from style2talker.errors import UserError

SCHEMES = ("file", "s3", "gs")
TEMPORARY_SUFFIX = ".tmp"
SETTLE_S = 2.0
"""After which a file that was created twice in an object store is seen to be the later one's."""
_CHUNK_BYTES = 1 << 22
_ENVIRONMENT = (
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One corpus location. Names are relative to it, with forward slashes."""

    uri: str
    filesystem: fs.FileSystem
    root: str

    @property
    def is_local(self) -> bool:
        return isinstance(self.filesystem, fs.LocalFileSystem)

    def path(self, name: str) -> str:
        """The name as the filesystem wants it; a name that leaves the location is refused."""
        if name.startswith("/") or ".." in name.split("/"):
            raise UserError(
                f"{self.uri} refers to {name!r}, which lies outside it; the corpus is not to be trusted."
            )
        return f"{self.root}/{name}"

    def sentences(self, name: str) -> AbstractContextManager[None]:
        """Inside, what an object store refuses or fails at is raised as `UserError`.

        For those who read on from `open`; the other methods do it themselves.
        """
        return nullcontext() if self.is_local else remote_sentences(f"{self.uri}: {name or 'its files'}")

    def exists(self, name: str) -> bool:
        with self.sentences(name):
            return self.filesystem.get_file_info(self.path(name)).type == fs.FileType.File

    def size(self, name: str) -> int | None:
        """Bytes, or None when there is no such file."""
        state = self.state(name)
        return None if state is None else state[0]

    def state(self, name: str) -> tuple[int, int] | None:
        """Bytes and time of change (ns, 0 where unknown), or None when there is no such file."""
        with self.sentences(name):
            info = self.filesystem.get_file_info(self.path(name))
        return (info.size or 0, info.mtime_ns or 0) if info.type == fs.FileType.File else None

    def names(self, prefix: str = "") -> list[str]:
        """Every file below `prefix`, sorted."""
        return [name for name, _, _ in self.infos(prefix)]

    def infos(self, prefix: str = "") -> list[tuple[str, int, int]]:
        """Name, bytes and time of change (ns, 0 where unknown) of every file below `prefix`, sorted."""
        base = self.path(prefix) if prefix else self.root
        with self.sentences(prefix):
            found = self.filesystem.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
        files = [info for info in found if info.type == fs.FileType.File]
        return sorted((i.path[len(self.root) + 1 :], i.size or 0, i.mtime_ns or 0) for i in files)

    def open(self, name: str) -> pa.NativeFile:
        with self.sentences(name):
            return self.filesystem.open_input_file(self.path(name))

    def read(self, name: str) -> bytes:
        with (
            self.sentences(name),
            self.filesystem.open_input_stream(self.path(name), compression=None) as stream,
        ):
            return stream.read()

    def sha256(self, name: str) -> str:
        digest = hashlib.sha256()
        with (
            self.sentences(name),
            self.filesystem.open_input_stream(self.path(name), compression=None) as stream,
        ):
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def delete(self, name: str) -> None:
        """Remove a file, if it is there."""
        with (
            suppress(FileNotFoundError),
            self.sentences(name),
            writing_sentences(f"{self.uri}: {name}"),
        ):
            self.filesystem.delete_file(self.path(name))

    def create(self, name: str, content: bytes) -> bool:
        """Put a small file under its name unless there is one; whether this call did.

        On a disk exactly one of several callers succeeds. Arrow knows no such step of an object store: there
        it is written and, after `SETTLE_S`, read back, so the last of several writers has it, and each must
        write something of its own.
        """
        if not self.is_local:
            if self.exists(name):
                return False
            self.write(name, content)
            time.sleep(SETTLE_S)
            return self.read(name) == content
        with self._scratch(name) as scratch:
            scratch.write_bytes(content)
            _sync(scratch)
            try:
                os.link(scratch, self.path(name))
            except FileExistsError:
                return False
            _sync(scratch.parent)
            return True

    def write(self, name: str, content: bytes) -> None:
        """Put a small file under its name in one step: readers see the old content or the new, no part."""
        with self.writing(name) as scratch:
            scratch.write_bytes(content)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give a local scratch path; on a clean exit its content appears under `name`, whole or not at all.

        Local: write, fsync, rename, fsync of the directory. Remote: one upload, visible when it completes.
        """
        if not self.is_local:
            with tempfile.TemporaryDirectory(prefix="style2talker-") as folder:
                scratch = Path(folder, "part")
                with writing_sentences(f"{folder} (for {self.uri})", FULL):
                    yield scratch
                with self.sentences(name):
                    upload(self.filesystem, scratch, self.path(name))
            return
        with self._scratch(name) as scratch:
            yield scratch
            _sync(scratch)
            scratch.replace(self.path(name))
            _sync(scratch.parent)

    @contextmanager
    def _scratch(self, name: str) -> Iterator[Path]:
        """An empty file beside the local `name`, gone at the end."""
        target, what = Path(self.path(name)), f"{self.uri}: {name}"
        scratch = target.with_name(f".{target.name}.{uuid.uuid4().hex}{TEMPORARY_SUFFIX}")
        with writing_sentences(what):
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch.touch()
        try:
            with writing_sentences(what, FULL):
                yield scratch
        finally:
            scratch.unlink(missing_ok=True)


def is_environment_fault(error: BaseException) -> bool:
    """Whether the machine failed, not the file: a full or read-only disk, no memory or handles left."""
    return isinstance(error, OSError) and error.errno in _ENVIRONMENT


def _sync(path: Path) -> None:
    """A file's bytes, or a folder's names, are on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_store(uri: str) -> Store:
    """Open `file://`, `s3://`, `gs://` or a plain path; nothing is created.

    Object-store options ride in the URI's query (`s3://bucket/corpus?endpoint_override=host:9000&scheme=http`).

    Raises:
        UserError: an unknown scheme, or a location that the filesystem refuses.
    """
    scheme = urlsplit(uri).scheme
    if "://" not in uri:
        return Store(uri=uri, filesystem=fs.LocalFileSystem(), root=str(Path(uri).expanduser().resolve()))
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise UserError(f"{uri} has the scheme {scheme!r}; give a plain path or one of {known}.")
    try:
        filesystem, root = open_s3(uri) if scheme == "s3" else fs.FileSystem.from_uri(uri)
        if isinstance(filesystem, fs.LocalFileSystem):
            root = str(Path(root).resolve())
    except UserError:
        raise
    except (OSError, ValueError) as error:
        raise UserError(
            f"{uri} cannot be opened ({error}); check the address and the credentials."
        ) from error
    return Store(uri=uri, filesystem=filesystem, root=root.rstrip("/"))
