"""Tombstones: who was forgotten, as hashes only, so that no build brings them back and no file names them.

They lie in `forgotten.json` beside the manifest, which names the file; a manifest that is lost or damaged
does not lose them. Copied into another output before its first build, they hold there too.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from pipelines.sources import Source
from pipelines.stage import Row
from style2talker.corpus.card import Card
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
    paths: tuple[str, ...] = ()
    """sha256 of the paths that the recordings had: a reject without bytes would name them again, sorted."""

    def __len__(self) -> int:
        return len(self.speakers) + len(self.sources)

    def holds(self, source: Source) -> bool:
        return source.source_id in self.sources or self._has_speaker(source.item.speaker)

    def _has_speaker(self, speaker: str) -> bool:
        return sha256_of_name("speaker", speaker) in self.speakers

    def without(
        self, sources: Sequence[Source], rejects: Sequence[Row], card: Card
    ) -> tuple[list[Source], list[Row]]:
        """What is left; a file of a forgotten person is not even a reject, for that would name it."""
        gone = {*self.sources, *(source.source_id for source in sources if self.holds(source))}
        names = {source.uri for source in sources if self.holds(source)}
        kept = [source for source in sources if source.source_id not in gone]
        return kept, [
            reject
            for reject in rejects
            if reject["source_id"] not in gone
            and reject["source_uri"] not in names
            and not self._names(reject["source_uri"], card)
        ]

    def _names(self, uri: str, card: Card) -> bool:
        """Whether the path is one of a forgotten person, for all that the card can tell from it."""
        speaker = (card.groups_of(uri) or {}).get("speaker", PurePosixPath(uri).stem)
        return sha256_of_name("path", uri) in self.paths or self._has_speaker(speaker)

    def with_sources(self, sources: Sequence[Source], speakers: Sequence[str] = ()) -> "Tombstones":
        uris = [uri for s in sources for uri in (s.item.uri, s.item.audio_uri) if uri is not None]
        return Tombstones(
            speakers=_union(self.speakers, (sha256_of_name("speaker", speaker) for speaker in speakers)),
            sources=_union(self.sources, (source.source_id for source in sources)),
            paths=_union(self.paths, (sha256_of_name("path", uri) for uri in uris)),
        )

    def to_bytes(self) -> bytes:
        return f"{json.dumps(asdict(self), indent=1)}\n".encode()


def _union(hashes: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*hashes, *more}))


def sha256_of_name(kind: str, name: str) -> str:
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()


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
        lists = {name: data[name] for name in ("speakers", "sources", "paths")}
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
