import hashlib
import socket
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from style2talker.weights import download, registry, resolve
from style2talker.weights.registry import PackageSource, Weight, WeightFile


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and a process that remembers nothing."""
    home = tmp_path / "home"
    monkeypatch.setenv("STYLE2TALKER_HOME", str(home))
    for variable in ("STYLE2TALKER_OFFLINE", "STYLE2TALKER_ACCEPT_NONCOMMERCIAL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(download, "_unreachable_hosts", set())
    monkeypatch.setattr(resolve, "_verified", set())
    return home


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any attempt to reach out fails the test loudly."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)


@dataclass
class Publisher:
    """A loopback web server. `pages` maps a path to what it serves; `requests` records what was asked for."""

    address: str
    pages: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def put(self, path: str, data: bytes) -> str:
        self.pages[path] = data
        return f"{self.address}{path}"


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append(self.path)
            data = site.pages.get(self.path)
            self.send_response(404 if data is None else 200)
            self.end_headers()
            with suppress(ConnectionError):  # the client may hang up early
                self.wfile.write(data or b"")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Publisher(address=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Weight]:
    """Adds an entry `toy` to the registry for one test; `contents` maps file names to bytes."""

    def add(
        contents: dict[str, bytes],
        *,
        urls: dict[str, tuple[str, ...]] | None = None,
        package: PackageSource | None = None,
        commercial_use: bool = True,
        optional: bool = False,
    ) -> Weight:
        files = tuple(
            WeightFile(
                path=path,
                sha256=hashlib.sha256(data).hexdigest(),
                size_bytes=len(data),
                urls=(urls or {}).get(path, ()),
                member=f"toy/{path}",
            )
            for path, data in contents.items()
        )
        weight = Weight(
            name="toy",
            version="1",
            summary="a toy",
            licence="MIT" if commercial_use else "CC-BY-NC-4.0",
            commercial_use=commercial_use,
            files=files,
            package=package,
            optional=optional,
        )
        monkeypatch.setitem(registry.ENTRIES, "toy", weight)
        return weight

    return add


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], PackageSource]:
    """Builds toy-1.0 as a wheel in a local package index, the only one pip may look at."""

    def build(members: dict[str, bytes]) -> PackageSource:
        index = tmp_path / "index"
        index.mkdir(exist_ok=True)
        path = index / "toy-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
            archive.writestr("toy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
            archive.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr("toy-1.0.dist-info/RECORD", "")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(index))
        return PackageSource(
            kind="pypi", name="toy", version="1.0", sha256=hashlib.sha256(path.read_bytes()).hexdigest()
        )

    return build
