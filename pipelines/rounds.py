"""Rounds: plan, run, and plan again until nothing is left to do; then commit.

What a stage that is `told` rests on is known only when the stages before it are finished everywhere, and what
is found damaged on the way is made again: both take another round.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipelines.commit import commit
from pipelines.estimate import Spent, estimate, spent_since
from pipelines.index import Index
from pipelines.neutrals import Chosen, chosen_by_speaker, keys_of, write_neutrals
from pipelines.output import committed
from pipelines.outside import outside_of
from pipelines.partition import Partition, partitions_of
from pipelines.plan import Step, changes_of, is_current, steps_of
from pipelines.request import Request
from pipelines.run import Run
from pipelines.shard import shard_recipe
from pipelines.stage import Stage
from pipelines.workfile import DamagedError
from style2talker.corpus.manifest import Manifest
from style2talker.corpus.uri import Store
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
    for partition in partitions:
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
