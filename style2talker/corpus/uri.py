"""Where a corpus lives: a directory or an object-store prefix, opened by pyarrow.fs, written atomically."""

import errno
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from style2talker.errors import UserError

SCHEMES = ("file", "s3", "gs")
TEMPORARY_SUFFIX = ".tmp"
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

    def exists(self, name: str) -> bool:
        return self.filesystem.get_file_info(self.path(name)).type == fs.FileType.File

    def size(self, name: str) -> int | None:
        """Bytes, or None when there is no such file."""
        info = self.filesystem.get_file_info(self.path(name))
        return info.size if info.type == fs.FileType.File else None

    def names(self, prefix: str = "") -> list[str]:
        """Every file below `prefix`, sorted."""
        base = self.path(prefix) if prefix else self.root
        found = self.filesystem.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
        return sorted(i.path[len(self.root) + 1 :] for i in found if i.type == fs.FileType.File)

    def infos(self, prefix: str) -> list[tuple[str, int, int]]:
        """Name, bytes and time of change (ns, 0 where unknown) of every file below `prefix`, sorted."""
        found = self.filesystem.get_file_info(
            fs.FileSelector(self.path(prefix), recursive=True, allow_not_found=True)
        )
        files = [info for info in found if info.type == fs.FileType.File]
        return sorted((i.path[len(self.root) + 1 :], i.size or 0, i.mtime_ns or 0) for i in files)

    def open(self, name: str) -> pa.NativeFile:
        return self.filesystem.open_input_file(self.path(name))

    def read(self, name: str) -> bytes:
        with self.filesystem.open_input_stream(self.path(name), compression=None) as stream:
            return stream.read()

    def sha256(self, name: str) -> str:
        digest = hashlib.sha256()
        with self.filesystem.open_input_stream(self.path(name), compression=None) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def delete(self, name: str) -> None:
        self.filesystem.delete_file(self.path(name))

    def write(self, name: str, content: bytes) -> None:
        """Put a small file under its name in one step: readers see the old content or the new, no part."""
        with self.writing(name) as scratch:
            scratch.write_bytes(content)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give a local scratch path; on a clean exit its content appears under `name`, whole or not at all.

        Local: write, fsync, rename, fsync of the directory. Remote: one upload, visible when it completes.
        """
        target = self.path(name)
        if not self.is_local:
            with tempfile.TemporaryDirectory(prefix="style2talker-") as folder:
                scratch = Path(folder, "part")
                yield scratch
                with scratch.open("rb") as source, self.filesystem.open_output_stream(target) as sink:
                    shutil.copyfileobj(source, sink, _CHUNK_BYTES)
            return
        folder, base = os.path.split(target)
        os.makedirs(folder, exist_ok=True)
        scratch = Path(folder, f".{base}.{uuid.uuid4().hex}{TEMPORARY_SUFFIX}")
        try:
            yield scratch
            with scratch.open("rb") as written:
                os.fsync(written.fileno())
            scratch.replace(target)
            _sync_directory(folder)
        finally:
            scratch.unlink(missing_ok=True)


def is_environment_fault(error: BaseException) -> bool:
    """Whether the machine failed, not the file: a full or read-only disk, no memory or handles left."""
    return isinstance(error, OSError) and error.errno in _ENVIRONMENT


def _sync_directory(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
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
        filesystem, root = fs.FileSystem.from_uri(uri)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{uri} cannot be opened ({error}); check the address and the credentials."
        ) from error
    return Store(uri=uri, filesystem=filesystem, root=root.rstrip("/"))
