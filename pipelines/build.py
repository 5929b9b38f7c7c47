"""Build: a data card or a directory of videos becomes a corpus.

    style2talker build data_cards/folder.yaml --out corpus

discover -> track -> fit -> sync -> hear -> transcribe -> see -> annotators -> judge -> write -> shard, each
with one work file per partition; then the data card, and last, in one step, `corpus.json`. Killed anywhere
and started again, it goes on where it was and ends with the same bytes.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.commit import commit
from pipelines.doubts import doubts, refuse_collapse
from pipelines.estimate import Spent, estimate, spent_since
from pipelines.index import Index
from pipelines.ledger import TRANSIENT
from pipelines.lock import locked
from pipelines.neutrals import Chosen, chosen_by_speaker, keys_of, write_neutrals
from pipelines.output import check_out, claim, committed
from pipelines.outside import outside_of
from pipelines.partition import Partition, partitions_of
from pipelines.plan import Step, changes_of, is_current, steps_of
from pipelines.profiles import stages_of
from pipelines.request import Request, save_hashes, scan
from pipelines.run import Run, on_ray
from pipelines.shard import shard_recipe
from pipelines.stage import Stage
from pipelines.tombstones import read_tombstones
from pipelines.workfile import DamagedError
from style2talker.corpus.card import load_card
from style2talker.corpus.manifest import Manifest
from style2talker.corpus.uri import Store, open_store
from style2talker.errors import UserError
from style2talker.media.footage import Footage

ROUNDS = 5
"""A round makes again what the one before found damaged; a build that needs more has a failing disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a build would do."""

    request: Request
    partitions: tuple[Partition, ...]
    steps: tuple[Step, ...]
    index: Index
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build did."""

    manifest: Manifest
    steps: tuple[Step, ...]
    """As planned."""
    expected: tuple[Spent, ...]
    """What the plan said it would cost."""
    spent: tuple[Spent, ...]
    """As it was."""
    notes: tuple[str, ...] = ()


def build(
    card_or_dir: str | Path,
    *,
    out: str,
    profile: str = "small",
    device: str = "cpu",
    workers: int | None = None,
    address: str | None = None,
    commercial_only: bool = False,
    shrink: bool = False,
    stages: Sequence[Stage] | None = None,
) -> Built:
    """Build or go on building the corpus at `out`.

    Args:
        card_or_dir: a data card (.yaml), a directory with card.yaml, or a bare directory of videos.
        out: plain path, file://, s3:// or gs://.
        device: where faces are tracked, `cpu` or a torch device; the labels know it.
        workers: cores to use, all of this machine or of the cluster unless given; the bytes are the same.
        address: of a running Ray cluster to join.
        commercial_only: leave out what may not be used commercially.
        shrink: go on though most of the corpus' recordings are gone.
        stages: instead of the profile's.

    Raises:
        UserError: a wrong card, no footage, an `out` that belongs to something else or that another build
            is working on, a leak between the splits.
    """
    stages = stages_of(profile, device=device, fetch=True) if stages is None else stages
    store = open_store(out)
    request, hashes = scan(
        card_or_dir,
        store,
        profile=profile,
        stages=stages,
        num_threads=workers or os.cpu_count() or 1,
        commercial_only=commercial_only,
    )
    check_out(store, request)
    with locked(store, f"style2talker build {card_or_dir}") as lock:
        # while the footage was hashed, another build or `forget` may have finished
        request = request.forgetting(read_tombstones(store))
        check_out(store, request)
        if not shrink:
            refuse_collapse(request, store)
        said = doubts(request, store)
        claim(store, request)
        save_hashes(store, request, hashes)

        def check() -> None:
            lock.check()
            check_unchanged(request)

        root = request.card.root
        with on_ray(request.stages, uri=out, root=root, workers=workers, address=address) as run:
            built = bring_about(request, store, run=run, again=TRANSIENT, check=check, footage=Footage(root))
    return replace(built, notes=(*said, *_notes(card_or_dir, request)))


def _notes(card_or_dir: str | Path, request: Request) -> tuple[str, ...]:
    try:
        if load_card(card_or_dir) == request.card:
            return ()
        what = "changed"
    except UserError as error:
        what = f"cannot be read any more ({error})"
    return (f"The card {card_or_dir} {what}; the corpus is that of the card at the build's start.",)


def make_plan(
    card_or_dir: str | Path,
    *,
    out: str,
    profile: str = "small",
    device: str = "cpu",
    workers: int = 1,
    commercial_only: bool = False,
    stages: Sequence[Stage] | None = None,
) -> Plan:
    """Hash the footage and look up what is finished; runs no stage and writes nothing."""
    chosen = tuple(stages) if stages is not None else stages_of(profile, device=device)
    store = open_store(out)
    request, _ = scan(
        card_or_dir,
        store,
        profile=profile,
        stages=chosen,
        num_threads=workers,
        commercial_only=commercial_only,
    )
    check_out(store, request)
    return replace(plan_of(request, store, again=TRANSIENT), notes=tuple(doubts(request, store)))


def plan_of(
    request: Request,
    store: Store,
    *,
    again: frozenset[str],
    told_again: frozenset[str] | None = None,
    neutrals: Chosen | None = None,
    heal: bool = False,
) -> Plan:
    """What is left to do for a request; arguments as for `bring_about`.

    Args:
        told_again: `again` of the stages that are told, if another.
        heal: delete evidence that is damaged, so that it is made again; else it is taken as it stands.
    """
    while True:
        index, partitions = Index(store), partitions_for(request)
        try:
            partitions = told(partitions, request.stages, index, store, neutrals)
        except DamagedError as error:
            if heal:
                store.delete(error.name)
                continue
        break
    changed = changes_of(request, committed(store))
    kinds = {s.name: again if told_again is None or not s.told else told_again for s in request.stages}
    steps = steps_of(partitions, request.stages, index, changed=changed, again=kinds)
    return Plan(request=request, partitions=tuple(partitions), steps=tuple(steps), index=index)


def partitions_for(request: Request) -> list[Partition]:
    return partitions_of(
        request.sources,
        request.recipes,
        num_partitions=request.card.num_partitions,
        shard_recipe=shard_recipe,
    )


def told(
    partitions: Sequence[Partition],
    stages: Sequence[Stage],
    index: Index,
    store: Store,
    neutrals: Chosen | None,
) -> list[Partition]:
    """The partitions with what their clips are told from outside, once all that it rests on is finished.

    Raises:
        DamagedError: a file that it rests on is broken where nobody else would look.
    """
    first = [stage for stage in stages if not stage.told]
    if len(first) == len(stages):
        return list(partitions)
    index.read_all([partition.file(stage.name) for partition in partitions for stage in first])
    for partition in partitions if len(first) < len(stages) else ():
        for stage in first:
            footer = index.footer(partition.file(stage.name))
            if footer is None or not is_current(footer, partition, stage, index):
                return list(partitions)
    chosen = chosen_by_speaker(partitions, store) if neutrals is None else neutrals
    keys = keys_of(chosen, partitions[0].recipes) if partitions else {}
    outside = outside_of(partitions, store, neutrals=keys)
    return [replace(p, outside=each) for p, each in zip(partitions, outside, strict=True)]


def bring_about(
    request: Request,
    store: Store,
    *,
    run: Run,
    again: frozenset[str],
    check: Callable[[], None],
    footage: Footage | None = None,
    neutrals: Chosen | None = None,
) -> Built:
    """Plan, run, and plan again until nothing is left; then commit.

    Args:
        again: kinds of rejects that are tried again, once.
        check: raises if this build may not commit.
        footage: to estimate from what the work will cost; None estimates nothing.
        neutrals: of the speakers, instead of those that the request's own clips show.
    """
    first = plan = plan_of(request, store, again=again, neutrals=neutrals, heal=True)
    expected = (
        estimate(first.steps, first.index, request.stages, first.partitions, footage) if footage else []
    )
    first_stages = [stage for stage in request.stages if not stage.told]
    told_again = again
    for _ in range(ROUNDS):
        if not plan.steps:
            break
        # what is told of a speaker rests on all of their clips: it is known when these are finished
        if any(step.stage in {stage.name for stage in first_stages} for step in plan.steps):
            run(_todo(plan, again), first_stages)
            again = frozenset()
        else:
            try:
                write_neutrals(plan.partitions, store, neutrals)
            except DamagedError as error:
                store.delete(error.name)
            else:
                run(_todo(plan, told_again), request.stages)
                told_again = frozenset()
        plan = plan_of(request, store, again=again, told_again=told_again, neutrals=neutrals, heal=True)
    else:
        left = "; ".join(f"{step.stage} of partition {step.number}: {step.why}" for step in plan.steps[:3])
        raise UserError(
            f"{store.uri}: after {ROUNDS} rounds there is still something to do ({left}); check the disk."
        )
    manifest = commit(store, request, plan.partitions, plan.index, check=check)
    return Built(
        manifest=manifest,
        steps=first.steps,
        expected=tuple(expected),
        spent=tuple(spent_since(first.index, plan.index, plan.partitions, request.stages)),
    )


def _todo(plan: Plan, again: frozenset[str]) -> list[Partition]:
    numbers = {step.number for step in plan.steps}
    return [plan.index.with_older(p, again) for p in plan.partitions if p.number in numbers]


def check_unchanged(request: Request) -> None:
    """Refuse to commit what was made of files that are no longer those that were hashed."""
    now = {file.uri: (file.num_bytes, file.mtime_ns) for file in Footage(request.card.root).names()}
    files = [file for source in request.sources for file in source.files]
    changed = [uri for uri, size, mtime_ns in files if uri in now and now[uri] != (size, mtime_ns)]
    if changed:
        raise UserError(
            f"{len(changed)} files changed while they were read (such as {changed[0]}); run the build again."
        )
