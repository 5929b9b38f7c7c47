"""Tombstones: who was forgotten, as hashes only, so that no build brings them back and no file names them.

They lie in `forgotten.json` beside the manifest, which names the file; a manifest that is lost or damaged
does not lose them. Copied into another output before its first build, they hold there too.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pipelines.sources import Source
from pipelines.stage import Row
from style2talker.corpus.manifest import NAME, read_manifest
from style2talker.corpus.uri import Store
from style2talker.errors import UserError

FORGOTTEN = "forgotten.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstones:
    """The forgotten people and recordings."""

    speakers: tuple[str, ...] = ()
    """sha256 of the speaker's name as the card gives it, sorted."""
    sources: tuple[str, ...] = ()
    """`source_id` of every recording, so that it does not come back under another name either, sorted."""

    def __len__(self) -> int:
        return len(self.speakers) + len(self.sources)

    def holds(self, source: Source) -> bool:
        return source.source_id in self.sources or speaker_sha256(source.item.speaker) in self.speakers

    def without(self, sources: Sequence[Source], rejects: Sequence[Row]) -> tuple[list[Source], list[Row]]:
        """What is left; a copy of a forgotten recording is not even a reject, for that would name it."""
        gone = {*self.sources, *(source.source_id for source in sources if self.holds(source))}
        names = {source.uri for source in sources if self.holds(source)}
        kept = [source for source in sources if source.source_id not in gone]
        return kept, [r for r in rejects if r["source_id"] not in gone and r["source_uri"] not in names]

    def with_sources(self, sources: Sequence[Source], speakers: Sequence[str] = ()) -> "Tombstones":
        hashes = {*self.speakers, *(speaker_sha256(speaker) for speaker in speakers)}
        ids = {*self.sources, *(source.source_id for source in sources)}
        return Tombstones(speakers=tuple(sorted(hashes)), sources=tuple(sorted(ids)))

    def to_bytes(self) -> bytes:
        return f"{json.dumps(asdict(self), indent=1)}\n".encode()


def speaker_sha256(speaker: str) -> str:
    return hashlib.sha256(f"speaker:{speaker}".encode()).hexdigest()


def read_tombstones(store: Store) -> Tombstones:
    """The output's tombstones, none for a new one.

    Raises:
        UserError: the file is damaged, or the manifest names it and it is gone: going on would bring back
            people who were to be forgotten.
    """
    try:
        content = store.read(FORGOTTEN)
    except (FileNotFoundError, NotADirectoryError):
        if _is_named(store):
            raise UserError(
                f"{store.uri} has lost {FORGOTTEN}, which says who must not come back; restore it from "
                "a copy."
            ) from None
        return Tombstones()
    try:
        data = json.loads(content)
        lists = {name: data[name] for name in ("speakers", "sources")}
        if not all(isinstance(text, str) and len(text) == 64 for texts in lists.values() for text in texts):
            raise ValueError("a value that is no sha256")
        return Tombstones(**{name: tuple(sorted(texts)) for name, texts in lists.items()})
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{store.uri}/{FORGOTTEN} is damaged ({error}); it says who must not come back, so restore it "
            "from a copy before you build."
        ) from error


def _is_named(store: Store) -> bool:
    if not store.exists(NAME):
        return False
    try:
        return bool(read_manifest(store).of_kind("forgotten"))
    except UserError:
        return False  # a damaged manifest is made anew
