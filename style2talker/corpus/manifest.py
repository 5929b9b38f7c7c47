"""`corpus.json`: the one file that says what a corpus is. Written last, in one step; all readers trust it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from style2talker.corpus.migrate import OLDEST_VERSION
from style2talker.corpus.schema import SCHEMA_VERSION
from style2talker.corpus.splits import SPLITS
from style2talker.corpus.uri import Store
from style2talker.errors import UserError

NAME = "corpus.json"
KINDS = ("clips", "frames", "rejects", "sources", "forgotten", "card")
"""`card` only up to schema version 1."""


class NewerSchemaError(UserError):
    """A corpus of a later program: it must be neither read nor overwritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardEntry:
    """One file of the corpus. `kind` is one of `KINDS`; only clips and frames have a split."""

    path: str
    kind: str
    split: str
    partition: int
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEntry:
    """What produced a group of columns: code version, config, weights by sha256, libraries by version."""

    name: str
    version: int
    config_sha256: str
    weights: dict[str, str]
    libraries: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The content of `corpus.json`. No time, host or absolute path: equal builds give equal bytes."""

    schema_version: int
    name: str
    made_with: str
    profile: str
    card: dict[str, Any]
    card_sha256: str
    config: dict[str, Any]
    config_sha256: str
    num_sources: int
    num_clips: int
    duration_s: float
    stages: tuple[StageEntry, ...]
    shards: tuple[ShardEntry, ...]
    coverage: dict[str, int | None] = field(default_factory=dict)
    """Files of the card: expected, found, missing, unreadable. Empty in schema version 1."""

    def of_kind(self, kind: str, *, split: str | None = None) -> list[ShardEntry]:
        return [s for s in self.shards if s.kind == kind and split in (None, s.split)]


def canonical_json(value: Any) -> str:
    """One text per value: sorted keys, no spaces. The thing to hash."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def json_sha256(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def write_manifest(store: Store, manifest: Manifest) -> None:
    """Commit the corpus: before this it does not exist, after it it is whole."""
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False, allow_nan=False)
    store.write(NAME, f"{text}\n".encode())


def read_manifest(store: Store) -> Manifest:
    """Read and check `corpus.json`.

    Raises:
        UserError: no manifest, a cut or foreign one, or a schema that is newer than this reader.
    """
    try:
        content = store.read(NAME)
    except FileNotFoundError as error:
        raise UserError(
            f"{store.uri} holds no corpus ({NAME} is missing); give the --out of a finished build."
        ) from error
    except OSError as error:
        raise UserError(
            f"{store.uri}/{NAME} cannot be read ({error}); check the address and access."
        ) from error
    try:
        data = json.loads(content)
    except ValueError as error:
        raise UserError(
            f"{store.uri}/{NAME} is damaged ({len(content)} bytes, not JSON: {error}); run the build again."
        ) from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"{store.uri} has schema version {version}, this program reads up to {SCHEMA_VERSION}; "
            "upgrade style2talker."
        )
    try:
        return _parse(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(
            f"{store.uri}/{NAME} is not a corpus manifest, or a damaged one (problem with {error}); "
            "run the build again."
        ) from error


def _parse(data: Mapping[str, Any]) -> Manifest:
    values = {f.name: data[f.name] for f in fields(Manifest) if f.name != "coverage"}
    values["coverage"] = data["coverage"] if data["schema_version"] > 1 else {}
    values["stages"] = tuple(StageEntry(**entry) for entry in data["stages"])
    values["shards"] = tuple(ShardEntry(**entry) for entry in data["shards"])
    manifest = Manifest(**values)
    if manifest.schema_version < OLDEST_VERSION:
        raise ValueError(f"schema version {manifest.schema_version}")
    for shard in manifest.shards:
        # a reader asks for shards by kind and split: one under a name that nobody asks for would be lost
        splits = SPLITS if shard.kind in ("clips", "frames") else ("",)
        if shard.kind not in KINDS or shard.split not in splits:
            raise ValueError(f"a {shard.kind!r} shard of the split {shard.split!r}")
    return manifest
