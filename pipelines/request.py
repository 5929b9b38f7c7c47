"""Request: all that a corpus is to be made of, from the footage as it is now or as a build recorded it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.partition import WORK, recipes_of
from pipelines.readers.item import Item
from pipelines.sources import Hashed, Source, find_sources, reject_row
from pipelines.stage import Row, Stage
from pipelines.sync import as_the_card_says
from pipelines.tombstones import Tombstones, read_tombstones
from pipelines.workfile import DamagedError, opened, read_columns
from style2talker.corpus.card import Card, load_card, recorded_card
from style2talker.corpus.manifest import StageEntry, read_manifest
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import SOURCES
from style2talker.corpus.shard import parquet_writer
from style2talker.corpus.uri import Store
from style2talker.errors import UserError

OWNER = f"{WORK}/owner.json"
HASHES = f"{WORK}/hashes.parquet"
_HASHED = pa.schema(
    [
        pa.field("uri", pa.string(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("mtime_ns", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the corpus is to be made of."""

    card: Card
    profile: str
    stages: tuple[Stage, ...]
    recipes: Mapping[str, str]
    """Of the stages, see `recipes_of`."""
    entries: tuple[StageEntry, ...]
    """How the manifest and each row's provenance name the stages."""
    settings: Mapping[str, Any]
    """The config of each stage."""
    sources: tuple[Source, ...]
    rejects: tuple[Row, ...]
    """Of files that no stage sees."""
    coverage: Mapping[str, int | None]
    """Files: expected, found, missing, unreadable."""
    tombstones: Tombstones

    def forgetting(self, tombstones: Tombstones) -> "Request":
        sources, rejects = tombstones.without(self.sources, self.rejects, self.card)
        return replace(self, sources=tuple(sources), rejects=tuple(rejects), tombstones=tombstones)


def described(stages: Sequence[Stage]) -> dict[str, Any]:
    """What a request says of its stages: recipes, entries and settings."""
    return {
        "recipes": recipes_of(stages),
        "entries": tuple(stage.entry() for stage in stages),
        "settings": {stage.name: asdict(stage.config) for stage in stages},
    }


def scan(
    card_or_dir: str | Path,
    store: Store,
    *,
    profile: str,
    stages: Sequence[Stage],
    num_threads: int,
    commercial_only: bool = False,
) -> tuple[Request, dict[str, Hashed]]:
    """Read the card, list and hash its footage. Hashes of unchanged files are taken from the last build.

    Raises:
        UserError: a wrong card, no footage, damaged tombstones.
    """
    card = load_card(card_or_dir)
    stages = as_the_card_says(stages, card)
    tombstones = read_tombstones(store)
    sources, rejects, inventory, hashes = find_sources(
        card, num_threads=num_threads, known=load_hashes(store)
    )
    if commercial_only:
        barred = [source for source in sources if not source.item.commercial_use]
        sources = [source for source in sources if source.item.commercial_use]
        rejects = [*rejects, *(_barred(source) for source in barred)]
    unreadable = sum(row["kind"] in ("unreadable", "vanished", "outside_root") for row in rejects)
    request = Request(
        card=card,
        profile=Path(profile).name,  # of a file: whose folder it lies in is nobody's matter
        stages=stages,
        **described(stages),
        sources=tuple(sources),
        rejects=tuple(rejects),
        coverage={
            "expected": inventory.expected,
            "found": inventory.found,
            "missing": inventory.missing,
            "unreadable": unreadable,
        },
        tombstones=tombstones,
    )
    return request.forgetting(tombstones), hashes


def _barred(source: Source) -> Row:
    message = f"Its licence ({source.item.licence}) allows no commercial use; --commercial-only asks for it."
    row = {"source_uri": source.uri, "source_id": None}
    return reject_row(row, stage="discover", kind="not_commercial", message=message)


def recorded(store: Store) -> Request:
    """The request of the last finished build, without a look at the footage: recipes, but no stages.

    Raises:
        UserError: no finished corpus, or none with a record of its sources.
    """
    corpus = Corpus.open(store.uri)
    manifest = corpus.manifest
    entries = manifest.of_kind("sources")
    if not entries:
        raise UserError(
            f"{store.uri} has schema version {manifest.schema_version}, which does not record its sources; "
            "run the build again."
        )
    try:
        with opened(store, entries[0].path) as file:
            sources = tuple(_source(row) for row in file.read().to_pylist())
    except (DamagedError, FileNotFoundError) as error:
        raise UserError(f"{store.uri}: {error}; run the build again.") from error
    return Request(
        card=recorded_card(manifest.card, root=root_of(store) or "", source=store.uri),
        profile=manifest.profile,
        stages=(),
        recipes=manifest.config["recipes"],
        entries=manifest.stages,
        settings=manifest.config["stages"],
        sources=sources,
        rejects=tuple(row for row in corpus.rejects() if is_of_source(row)),
        coverage=manifest.coverage,
        tombstones=read_tombstones(store),
    )


def recorded_ids(store: Store) -> set[str]:
    """`source_id` of every recording that the committed corpus was made of; none where it does not say."""
    try:
        entries = read_manifest(store).of_kind("sources")
        return {row["source_id"] for e in entries for row in read_columns(store, e.path, ["source_id"])}
    except (UserError, DamagedError, FileNotFoundError):
        return set()


def is_of_source(reject: Row) -> bool:
    """Whether a reject was said before any stage ran: of a file that was not hashed, or of a copy."""
    return reject["source_id"] is None or reject["kind"] == "duplicate"


def source_row(source: Source) -> Row:
    """A row of `sources-*.parquet`."""
    spans = [{"start_s": start_s, "end_s": end_s} for start_s, end_s in source.item.spans_s]
    named = {"source_id": source.source_id, "num_bytes": source.num_bytes, "spans_s": spans}
    return {**{name: None for name in SOURCES.names}, **_item_columns(source.item), **named}


def _item_columns(item: Item) -> Row:
    values = asdict(item)
    return {"source_uri": values.pop("uri"), **{_COLUMN.get(k, k): v for k, v in values.items()}}


_COLUMN = {"emotion": "given_emotion", "level": "given_level"}


def _source(row: Row) -> Source:
    back = {column: name for name, column in _COLUMN.items()}
    values = {back.get(name, name): value for name, value in row.items()}
    source = {name: values.pop(name) for name in ("source_id", "num_bytes")}
    spans = tuple((span["start_s"], span["end_s"]) for span in values.pop("spans_s"))
    return Source(item=Item(uri=values.pop("source_uri"), spans_s=spans, **values), **source)


def root_of(store: Store) -> str | None:
    """Where the footage lay at the last build; None where that is not recorded."""
    try:
        return str(json.loads(store.read(OWNER))["root"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def load_hashes(store: Store) -> dict[str, Hashed]:
    """Hashes of the last scan by uri; none where the file is gone or damaged, for it only saves time."""
    try:
        with opened(store, HASHES) as file:
            rows: list[dict[str, Any]] = file.read().to_pylist()
    except (DamagedError, FileNotFoundError):
        return {}
    return {row.pop("uri"): Hashed(**row) for row in rows}


def save_hashes(store: Store, request: Request, hashes: Mapping[str, Hashed]) -> None:
    """Remember the hashes of the request's own files: other paths may name people who were forgotten."""
    used = {uri for s in request.sources for uri in (s.item.uri, s.item.audio_uri)}
    rows = [{"uri": uri, **asdict(hashed)} for uri, hashed in sorted(hashes.items()) if uri in used]
    with store.writing(HASHES) as scratch, parquet_writer(scratch, _HASHED) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=_HASHED))
