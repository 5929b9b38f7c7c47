"""Models that the user brings: a directory as its publisher made it, known by the hash of every file."""

from functools import lru_cache
from pathlib import Path

from style2talker.errors import UserError
from style2talker.weights.download import sha256_of_file

_NO_PART_OF_A_MODEL = (".md", ".gitattributes", ".lock", ".metadata", ".png", ".jpg")


def local_model(directory: str | Path, *, needs: tuple[str, ...], publisher: str) -> Path:
    """The directory, if it holds the files.

    Args:
        directory: as the user gave it.
        needs: file names; of each at least one file that the pattern fits.
        publisher: who makes such directories, for the sentence.

    Raises:
        UserError: it is no directory, or a file is missing.
    """
    path = Path(directory).expanduser()
    missing = [name for name in needs if not any(path.glob(name))]
    if missing:
        raise UserError(
            f"model {directory}: {path} holds no {' and no '.join(missing)}; give a directory as {publisher} "
            f"makes it, for instance by `hf download NAME --local-dir {path}`."
        )
    return path


def file_hashes(directory: Path) -> dict[str, str]:
    """Name and sha256 of every file that can change what the model says. A file is hashed once a process."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        f"{directory.name}/{path.relative_to(directory).as_posix()}": _sha256(
            path, path.stat().st_mtime_ns, path.stat().st_size
        )
        for path in files
        if not path.name.endswith(_NO_PART_OF_A_MODEL) and ".cache" not in path.relative_to(directory).parts
    }


@lru_cache(maxsize=4096)
def _sha256(path: Path, mtime_ns: int, size_bytes: int) -> str:
    return sha256_of_file(path)
