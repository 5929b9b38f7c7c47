"""Forget: take a person or a recording out of a corpus, for good.

    style2talker forget corpus --speaker S07

The tombstones are written first: from then on no build brings them back. Then the partitions that held them
are made again from the rows of everybody else, which are copied. That needs no footage, no model and none of
the code that made the rows, only the work files; all other shards keep their bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.index import Index
from pipelines.ledger import run_stage
from pipelines.lock import locked
from pipelines.neutrals import Chosen, chosen_by_speaker
from pipelines.partition import OUTSIDE, Partition
from pipelines.request import Request, load_hashes, recorded, save_hashes
from pipelines.rounds import Built, bring_about, partitions_for
from pipelines.shard import write_shards
from pipelines.sources import Source, partition_of
from pipelines.stage import Row, Stage, Work
from pipelines.tombstones import FORGOTTEN, Tombstones, read_tombstones, sha256_of_name
from pipelines.workfile import DamagedError, opened
from style2talker.corpus.corrections import forget_corrections
from style2talker.corpus.manifest import NAME
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
    if not speakers and not sources:
        raise UserError("nothing to forget; give --speaker NAME or --source ID.")
    if not store.exists(NAME):
        raise UserError(f"{uri} holds no corpus ({NAME} is missing).")
    with locked(store, "style2talker forget") as lock:
        tombstones = read_tombstones(store)
        try:
            request = recorded(store)
        except UserError as error:
            _mark(store, tombstones, speakers, sources)
            raise _later(str(error)) from error
        gone = _chosen(request, tombstones, speakers, sources)
        tombstones = _mark(store, tombstones.with_sources(gone), speakers, ())
        if Corpus.open(uri).manifest.schema_version != SCHEMA_VERSION:
            raise _later(f"{uri} has an older schema.")
        forget_corrections(store, [source.source_id for source in gone])
        # who stays keeps the labels that rest on what is gone; the next build makes them from what is left
        neutrals = _neutrals(request, store)
        request = request.forgetting(tombstones)
        request = replace(request, stages=_stages_as_made(request, store))
        save_hashes(store, request, load_hashes(store))

        def run(partitions: Sequence[Partition], stages: Sequence[Stage]) -> None:
            for partition in partitions:
                _copy(partition, stages, request, store)

        built = bring_about(request, store, run=run, again=frozenset(), check=lock.check, neutrals=neutrals)
        held = {partition_of(source.source_id, request.card.num_partitions) for source in gone}
        return Forgotten(built=built, num_recordings=len(gone), num_partitions=len(held))


def _neutrals(request: Request, store: Store) -> Chosen:
    try:
        return chosen_by_speaker(partitions_for(request), store)
    except (DamagedError, FileNotFoundError) as error:
        raise _later(f"{store.uri}: {error}.") from error


def _mark(
    store: Store, tombstones: Tombstones, speakers: Sequence[str], source_ids: Sequence[str]
) -> Tombstones:
    """Write the tombstones, before anything else: from here on no build brings them back."""
    marked = tombstones.with_sources((), speakers)
    whole = [name for name in source_ids if len(name) == 64]
    marked = replace(marked, sources=tuple(sorted({*marked.sources, *whole})))
    store.write(FORGOTTEN, marked.to_bytes())
    return marked


def _later(reason: str) -> UserError:
    return UserError(
        f"{reason} They are marked as forgotten all the same ({FORGOTTEN}): run the build now, it leaves "
        "them out."
    )


def _copy(partition: Partition, stages: Sequence[Stage], request: Request, store: Store) -> None:
    try:
        for stage in stages:
            run_stage(stage, _never, partition, store)
        if stages[-1] is request.stages[-1]:
            write_shards(store, partition, request.stages, request.entries)
    except DamagedError as error:
        raise _later(f"{store.uri}: {error}.") from error


def _chosen(
    request: Request, tombstones: Tombstones, speakers: Sequence[str], sources: Sequence[str]
) -> list[Source]:
    """The recordings that are meant. Who is marked already was forgotten by a call that did not finish."""
    there = sorted({source.item.speaker for source in request.sources})
    for speaker in speakers:
        if speaker not in there and sha256_of_name("speaker", speaker) not in tombstones.speakers:
            shown = ", ".join(there[:10]) + (" ..." if len(there) > 10 else "")
            raise UserError(f"there is no speaker {speaker!r} in this corpus; it has {shown}.")
    gone = [source for source in request.sources if source.item.speaker in speakers]
    for name in sources:
        found = [s for s in request.sources if s.uri == name]
        if not found and len(name) >= LEAST_PREFIX:
            found = [s for s in request.sources if s.source_id.startswith(name)]
        if len(found) != 1 and not any(source_id.startswith(name) for source_id in tombstones.sources):
            raise UserError(
                f"{len(found)} recordings match the source {name!r}; give its path below the root, or at "
                f"least {LEAST_PREFIX} digits of its source_id."
            )
        gone += found
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
            raise _later(f"{store.uri} has no work files of {entry.name}, so nothing can be copied.")
        try:
            with opened(store, names[0]) as file:
                schema = file.schema_arrow
        except DamagedError as error:
            raise _later(f"{store.uri}: {error}.") from error
        stages.append(
            Stage(
                name=entry.name,
                version=entry.version,
                schema=schema,
                config=None,
                make=lambda config, footage: _never(),
                reads={name: () for name in footer.inputs if name not in ("discover", OUTSIDE)},
                told=OUTSIDE in footer.inputs,
            )
        )
    return tuple(stages)


def _never() -> Work:
    def work(row: Row) -> Row:
        raise _later(f"A recording has no row to copy ({row['source_id'][:12]}).")

    return work
