"""Sources: the footage that a card names, each with the sha256 of its bytes; the rest is rejects."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pipelines.readers import Inventory, Item, read_items
from pipelines.stage import Row
from style2talker.corpus.card import VIDEO_SUFFIXES, Card
from style2talker.corpus.manifest import json_sha256
from style2talker.errors import Reject, UserError
from style2talker.media.footage import Footage, FootageFile
from style2talker.progress import track


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One recording: a video file, its separate sound if it has one, and what the card says of it."""

    item: Item
    source_id: str
    """sha256 of the video's bytes; with separate sound, of both hashes."""
    num_bytes: int
    files: tuple[tuple[str, int, int], ...] = ()
    """Name, bytes and time of change (ns) of each file when it was hashed; unknown where it is empty."""

    @property
    def uri(self) -> str:
        return self.item.uri

    def content(self) -> str:
        """What clips are cut from, whatever the files are called."""
        return json_sha256([self.source_id, self.item.spans_s])

    def identity(self) -> list[Any]:
        """All that the rows of a work file may depend on."""
        return [self.item.uri, self.item.audio_uri, self.item.spans_s, self.source_id]

    def row(self) -> Row:
        """What discover is given."""
        return {
            "source_uri": self.item.uri,
            "source_id": self.source_id,
            "audio_uri": self.item.audio_uri,
            "spans_s": self.item.spans_s,
            "num_bytes": self.num_bytes,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Source":
        """The source from its `asdict`, maybe through JSON."""
        item = {**data["item"], "spans_s": tuple((start, end) for start, end in data["item"]["spans_s"])}
        known = {f.name for f in fields(Item)}
        files = tuple((uri, num_bytes, mtime_ns) for uri, num_bytes, mtime_ns in data["files"])
        return cls(**{**data, "files": files, "item": Item(**{k: v for k, v in item.items() if k in known})})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """A file's hash and the state of the file that it was taken of."""

    num_bytes: int
    mtime_ns: int
    sha256: str


def partition_of(source_id: str, num_partitions: int) -> int:
    """Where a source's clips are kept: decided by its bytes alone, so it never moves."""
    return int(source_id[:8], 16) % num_partitions


def reject_row(row: Row, *, stage: str, kind: str, message: str, attempts: int = 1) -> Row:
    """A row of `rejects` for a source or a clip."""
    return {
        "source_uri": row["source_uri"],
        "source_id": row.get("source_id"),
        "clip_id": row.get("clip_id"),
        "start_s": row.get("start_s"),
        "end_s": row.get("end_s"),
        "stage": stage,
        "kind": kind,
        "message": message,
        "attempts": attempts,
    }


def find_sources(
    card: Card, *, num_threads: int, known: Mapping[str, Hashed] | None = None
) -> tuple[list[Source], list[Row], Inventory, dict[str, Hashed]]:
    """Every recording that the card's reader finds, with the hashes of its files.

    Args:
        known: hashes of an earlier call by uri; a file of the same size and time of change is not read again.

    Returns:
        Sources in the order of their paths; rejects of the kinds empty_file, not_media, unreadable, vanished,
        outside_root, duplicate (the same bytes under another path; the first path is kept) and those of the
        reader; the reader's inventory; the hashes by uri.

    Raises:
        UserError: not one file.
    """
    footage = Footage(card.root)
    files = {file.uri: file for file in footage.names()}
    closed = [] if "://" in card.root else closed_folders(Path(card.root))
    inventory = read_items(card, files)
    if not inventory.items and not inventory.rejects and not closed:
        raise UserError(
            f"{card.root} is empty for this card: {len(files)} files, none {_asked_for(card)}; check the "
            "root and the glob."
        )
    rejects = [
        *(
            _reject(folder, "unreadable", "A folder that this user may not list; what is in it is unknown.")
            for folder in closed
        ),
        *inventory.rejects,
    ]
    wanted = [u for item in inventory.items for u in (item.uri, item.audio_uri) if u is not None]
    hashed = _hash_all(footage, [files[uri] for uri in wanted], known or {}, num_threads)
    sources: list[Source] = []
    first_path: dict[str, str] = {}
    for item in inventory.items:
        source = _source(item, hashed)
        if isinstance(source, Reject):
            rejects.append(_reject(item.uri, source.kind, source.message))
        elif source.source_id in first_path:
            message = f"It has the same bytes as {first_path[source.source_id]}."
            rejects.append(_reject(item.uri, "duplicate", message, source_id=source.source_id))
        else:
            first_path[source.source_id] = item.uri
            sources.append(source)
    return sources, rejects, inventory, {u: h for u, h in hashed.items() if isinstance(h, Hashed)}


def _asked_for(card: Card) -> str:
    return f"matches {card.glob!r}" if card.glob else f"has a video suffix ({', '.join(VIDEO_SUFFIXES)})"


def _reject(uri: str, kind: str, message: str, *, source_id: str | None = None) -> Row:
    row = {"source_uri": uri, "source_id": source_id}
    return reject_row(row, stage="discover", kind=kind, message=message)


def _hash_all(
    footage: Footage, files: list[FootageFile], known: Mapping[str, Hashed], num_threads: int
) -> dict[str, Hashed | Reject]:
    def hashed(file: FootageFile) -> Hashed | Reject:
        before = known.get(file.uri)
        if before and (before.num_bytes, before.mtime_ns) == (file.num_bytes, file.mtime_ns) != (0, 0):
            return before
        try:
            return Hashed(num_bytes=file.num_bytes, mtime_ns=file.mtime_ns, sha256=footage.sha256(file.uri))
        except Reject as reject:
            return reject

    with ThreadPoolExecutor(num_threads) as pool:
        results = track(pool.map(hashed, files), "hash", total=len(files), unit="files")
        return {file.uri: result for file, result in zip(files, results, strict=True)}


def _source(item: Item, hashed: Mapping[str, Hashed | Reject]) -> Source | Reject:
    parts = [hashed[uri] for uri in (item.uri, item.audio_uri) if uri is not None]
    for part in parts:
        if isinstance(part, Reject):
            return part
        if part.num_bytes == 0:
            return Reject("empty_file", "It has 0 bytes.")
    files = [part for part in parts if isinstance(part, Hashed)]
    digests = [file.sha256 for file in files]
    return Source(
        item=item,
        source_id=digests[0] if len(digests) == 1 else json_sha256(digests),
        num_bytes=sum(file.num_bytes for file in files),
        files=files_of(item, {uri: part for uri, part in hashed.items() if isinstance(part, Hashed)}),
    )


def files_of(item: Item, hashed: Mapping[str, Hashed]) -> tuple[tuple[str, int, int], ...]:
    """`Source.files` from the hashes by uri; empty where one is not known."""
    uris = [uri for uri in (item.uri, item.audio_uri) if uri is not None]
    if not all(uri in hashed for uri in uris):
        return ()
    return tuple((uri, hashed[uri].num_bytes, hashed[uri].mtime_ns) for uri in uris)


def closed_folders(root: Path) -> list[str]:
    """Folders below the root that cannot be listed; a walk passes over them without a word.

    Raises:
        UserError: the root itself is one of them.
    """
    closed: list[str] = []
    for _ in os.walk(root, onerror=lambda error: closed.append(error.filename)):
        pass
    if str(root) in closed:
        raise UserError(f"{root} cannot be listed by this user; check its permissions.")
    return _visible(Path(folder).relative_to(root) for folder in closed)


def _visible(paths: Iterable[Path]) -> list[str]:
    return sorted(p.as_posix() for p in paths if not any(part.startswith(".") for part in p.parts))
