"""The official source: a plain HTTPS download that gives up fast, checks the hash, and lands atomically."""

import hashlib
import http.client
import math
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from style2talker.weights.registry import WeightFile

CONNECT_TIMEOUT_S = 5.0
_READ_TIMEOUT_S = 20.0
_BLOCK = 1 << 20
_unreachable_hosts: set[str] = set()  # so that a set of files waits once for a dead host, not once a file


class SourceError(Exception):
    """One source could not give a file; the next one is tried."""


class _Connection(http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(_READ_TIMEOUT_S)


class _Handler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


def download(
    url: str, target: Path, file: WeightFile, on_bytes: Callable[[int], None] = lambda count: None
) -> None:
    """Fetch `url` to `target`; the target appears whole and verified or not at all.

    Raises:
        SourceError: unreachable, refused, or other bytes than registered.
    """
    host = urllib.parse.urlsplit(url).netloc or url
    if host in _unreachable_hosts:
        raise SourceError(f"{host} is unreachable")
    opener = urllib.request.build_opener(_Handler)
    request = urllib.request.Request(url, headers={"User-Agent": "style2talker"})
    try:
        with opener.open(request, timeout=CONNECT_TIMEOUT_S) as response:
            copy_checked(response, target, file, host, on_bytes)
    except urllib.error.HTTPError as error:
        raise SourceError(f"{host} answered {error.code}") from error
    except urllib.error.URLError as error:
        _unreachable_hosts.add(host)
        raise SourceError(f"{host} is unreachable ({error.reason})") from error
    except (TimeoutError, http.client.HTTPException, ConnectionError) as error:
        _unreachable_hosts.add(host)
        raise SourceError(f"{host} does not answer ({error})") from error


def copy_checked(
    stream: IO[bytes] | http.client.HTTPResponse,
    target: Path,
    file: WeightFile,
    source: str,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> None:
    """Copy a stream to a temporary file beside `target`, renamed to it only if size and sha256 are right.

    Raises:
        SourceError: other bytes than registered.
        OSError: the cache cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    num_bytes = 0
    most_bytes = math.inf if file.size_bytes is None else file.size_bytes
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            while num_bytes <= most_bytes and (block := _read(stream, source)):
                digest.update(block)
                out.write(block)
                num_bytes += len(block)
                on_bytes(len(block))
            out.flush()
            os.fsync(out.fileno())
        if file.size_bytes is not None and num_bytes != file.size_bytes:
            got = f"more than {file.size_bytes}" if num_bytes > file.size_bytes else str(num_bytes)
            raise SourceError(f"{source} gave {got} bytes of {file.path}, expected {file.size_bytes}")
        if digest.hexdigest() != file.sha256:
            raise SourceError(
                f"{source} gave {file.path} with sha256 {digest.hexdigest()}, expected {file.sha256}"
            )
        os.chmod(name, 0o644)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def _read(stream: IO[bytes] | http.client.HTTPResponse, source: str) -> bytes:
    try:
        return stream.read(_BLOCK)
    except (
        OSError,
        http.client.HTTPException,
    ) as error:  # a failed read is the source's, a failed write ours
        raise SourceError(f"{source} broke off ({error})") from error


def sha256_of_file(path: Path) -> str:
    """Hexadecimal sha256 of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
