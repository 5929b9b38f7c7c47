"""Forget: take a person or a recording out of a corpus, for good.

    style2talker forget corpus --speaker S07

The tombstones are written first: from then on no build brings them back. Then the partitions that held them
are made again from the rows of everybody else, which are copied. That needs no footage, no model and none of
the code that made the rows, only the work files; all other shards keep their bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.build import Built, bring_about, partitions_for
from pipelines.index import Index
from pipelines.ledger import run_stage
from pipelines.lock import locked
from pipelines.partition import Partition
from pipelines.request import HASHES, Request, load_hashes, recorded, save_hashes
from pipelines.shard import write_shards
from pipelines.sources import Source, partition_of
from pipelines.stage import Row, Stage, Work
from pipelines.tombstones import FORGOTTEN
from pipelines.workfile import DamagedError, opened
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import SCHEMA_VERSION
from style2talker.corpus.uri import Store, open_store
from style2talker.errors import UserError

LEAST_PREFIX = 8
"""Hex digits of a source's id that must be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What `forget` did."""

    built: Built
    num_recordings: int
    num_partitions: int
    """That held them."""


def forget(uri: str, *, speakers: Sequence[str] = (), sources: Sequence[str] = ()) -> Forgotten:
    """Remove people by the speaker's name and recordings by their id (or its beginning) or path.

    Raises:
        UserError: nobody of that name, an ambiguous id, or an output without work files; the tombstones
            are written all the same once the names are found, and the next build honours them.
    """
    store = open_store(uri)
    with locked(store, "style2talker forget") as lock:
        request = recorded(store)
        gone = _chosen(request, speakers, sources)
        tombstones = request.tombstones.with_sources(gone, speakers)
        store.write(FORGOTTEN, tombstones.to_bytes())
        if Corpus.open(uri).manifest.schema_version != SCHEMA_VERSION:
            raise UserError(
                f"{uri} has an older schema; they are marked as forgotten: run the build now, it leaves "
                "them out."
            )
        request = replace(request.forgetting(tombstones), stages=_stages_as_made(request, store))

        def run(partitions: Sequence[Partition]) -> None:
            for partition in partitions:
                _copy(partition, request, store)

        built = bring_about(request, store, run=run, again=frozenset(), check=lock.check)
        _forget_hashes(store, gone)
        held = {partition_of(source.source_id, request.card.num_partitions) for source in gone}
        return Forgotten(built=built, num_recordings=len(gone), num_partitions=len(held))


def _copy(partition: Partition, request: Request, store: Store) -> None:
    try:
        for stage in request.stages:
            run_stage(stage, _never, partition, store)
        write_shards(store, partition, request.stages, request.entries)
    except DamagedError as error:
        raise UserError(
            f"{store.uri}: {error}; they are marked as forgotten: run the build now, it leaves them out."
        ) from error


def _chosen(request: Request, speakers: Sequence[str], sources: Sequence[str]) -> list[Source]:
    there = sorted({source.item.speaker for source in request.sources})
    for speaker in speakers:
        if speaker not in there:
            shown = ", ".join(there[:10]) + (" ..." if len(there) > 10 else "")
            raise UserError(f"there is no speaker {speaker!r} in this corpus; it has {shown}.")
    gone = [source for source in request.sources if source.item.speaker in speakers]
    for name in sources:
        found = [s for s in request.sources if s.uri == name]
        if not found and len(name) >= LEAST_PREFIX:
            found = [s for s in request.sources if s.source_id.startswith(name)]
        if len(found) != 1:
            raise UserError(
                f"{len(found)} recordings match the source {name!r}; give its path below the root, or at "
                f"least {LEAST_PREFIX} digits of its source_id."
            )
        gone += found
    if not gone:
        raise UserError("nothing to forget; give --speaker NAME or --source ID.")
    return gone


def _stages_as_made(request: Request, store: Store) -> tuple[Stage, ...]:
    """Stages that only copy, with the schemas of the work files that are there."""
    index, partitions = Index(store), partitions_for(request)
    stages = []
    for entry in request.entries if partitions else ():
        there = [(p, name) for p in partitions for name in index.names(entry.name, p.number)]
        names = [name for partition, name in there if name.startswith(partition.prefix(entry.name))]
        footer = index.footer(names[0]) if names else None
        if footer is None:
            raise UserError(
                f"{store.uri} has no work files of {entry.name}, so its shards cannot be made again without "
                "the footage; they are marked as forgotten: run the build now, it leaves them out."
            )
        try:
            with opened(store, names[0]) as file:
                schema = file.schema_arrow
        except DamagedError as error:
            raise UserError(f"{store.uri}: {error}; run the build now, it leaves them out.") from error
        stages.append(
            Stage(
                name=entry.name,
                version=entry.version,
                schema=schema,
                config=None,
                make=lambda config, footage: _never(),
                reads={name: () for name in footer.inputs if name != "discover"},
            )
        )
    return tuple(stages)


def _never() -> Work:
    def work(row: Row) -> Row:
        raise UserError(
            f"{row['source_uri']} has no row to copy; they are marked as forgotten: run the build now, it "
            "leaves them out."
        )

    return work


def _forget_hashes(store: Store, gone: Sequence[Source]) -> None:
    """The paths of the recordings may name the person too."""
    uris = {uri for source in gone for uri in (source.item.uri, source.item.audio_uri)}
    if store.exists(HASHES):
        save_hashes(store, {uri: hashed for uri, hashed in load_hashes(store).items() if uri not in uris})
