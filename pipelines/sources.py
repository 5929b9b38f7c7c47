"""Sources: the files a card names, each with the sha256 of its bytes. What cannot be read is a reject."""

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipelines.stage import Row
from style2talker.corpus.card import VIDEO_SUFFIXES, Card
from style2talker.errors import Reject, UserError
from style2talker.progress import track


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of footage. `uri` is relative to the card's root, `source_id` the sha256 of the bytes."""

    uri: str
    source_id: str
    num_bytes: int


def partition_of(source_id: str, num_partitions: int) -> int:
    """Where a source's clips are kept: decided by its bytes alone, so it never moves."""
    return int(source_id[:8], 16) % num_partitions


def reject_row(row: Row, *, stage: str, kind: str, message: str) -> Row:
    """A row of `rejects` for a source or a clip."""
    return {
        "source_uri": row["source_uri"],
        "clip_id": row.get("clip_id"),
        "start_s": row.get("start_s"),
        "end_s": row.get("end_s"),
        "stage": stage,
        "kind": kind,
        "message": message,
        "attempts": 1,
    }


def find_sources(card: Card, *, num_threads: int) -> tuple[list[Source], list[Row]]:
    """Hash every file that the card names.

    Returns:
        Sources in the order of their paths, and rejects of the kinds empty_file, not_media, unreadable,
        vanished, outside_root and duplicate (the same bytes under another path; the first path is kept).

    Raises:
        UserError: not one file.
    """
    rejects = [
        reject_row(
            {"source_uri": folder},
            stage="discover",
            kind="unreadable",
            message="A folder that this user may not list; what is in it is unknown.",
        )
        for folder in closed_folders(card)
    ]
    paths = list_files(card)
    if not paths and not rejects:
        what = f"matches {card.glob!r}" if card.glob else f"has a video suffix ({', '.join(VIDEO_SUFFIXES)})"
        raise UserError(f"{card.root} is empty for this card: no file {what}; check the root and the glob.")
    sources: list[Source] = []
    first_path: dict[str, str] = {}
    with ThreadPoolExecutor(num_threads) as pool:
        found = pool.map(lambda path: _hash(card.root, path), paths)
        for path, result in zip(paths, track(found, "hash", total=len(paths), unit="files"), strict=True):
            if isinstance(result, Reject):
                kind, message = result.kind, result.message
            elif result.source_id in first_path:
                kind, message = "duplicate", f"It has the same bytes as {first_path[result.source_id]}."
            else:
                first_path[result.source_id] = path
                sources.append(result)
                continue
            rejects.append(reject_row({"source_uri": path}, stage="discover", kind=kind, message=message))
    return sources, rejects


def list_files(card: Card) -> list[str]:
    """Relative paths with forward slashes, sorted; hidden files and folders are left out."""
    entries: Iterable[Path] = card.root.glob(card.glob) if card.glob else _walk(card.root)
    relative = {
        path.relative_to(card.root)
        for path in entries
        if (card.glob or path.suffix.lower() in VIDEO_SUFFIXES) and not path.is_dir()
    }
    return _visible(relative)


def _visible(paths: Iterable[Path]) -> list[str]:
    return sorted(p.as_posix() for p in paths if not any(part.startswith(".") for part in p.parts))


def closed_folders(card: Card) -> list[str]:
    """Folders below the root that cannot be listed; a walk passes over them without a word.

    Raises:
        UserError: the root itself is one of them.
    """
    closed: list[str] = []
    for _ in os.walk(card.root, onerror=lambda error: closed.append(error.filename)):
        pass
    if str(card.root) in closed:
        raise UserError(f"{card.root} cannot be listed by this user; check its permissions.")
    return _visible(Path(folder).relative_to(card.root) for folder in closed)


def _walk(root: Path) -> Iterable[Path]:
    for folder, _, names in os.walk(root):
        yield from (Path(folder, name) for name in names)


def _hash(root: Path, uri: str) -> Source | Reject:
    path = root / uri
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            return Reject("outside_root", "It is a link to a file outside the card's root.")
        if path.exists() and not path.is_file():
            return Reject("not_media", "It is a pipe, socket or device, not a file.")
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            num_bytes = stream.tell()
    except FileNotFoundError:
        return Reject("vanished", "It was listed but is gone, or is a broken link.")
    except PermissionError:
        return Reject("unreadable", "Its permissions do not let this user read it.")
    except OSError as error:
        return Reject("unreadable", f"Reading it failed: {error.strerror or error}.")
    if num_bytes == 0:
        return Reject("empty_file", "It has 0 bytes.")
    return Source(uri=uri, source_id=digest, num_bytes=num_bytes)
