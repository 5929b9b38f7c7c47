"""Run: partitions through the stages on Ray Data.

A row of the dataset is a partition, never a clip: Ray's own checkpoint does nothing for rows made in memory,
it drops a whole block for one bad row, and its files differ from run to run. So a stage writes its own work
file, rows carry names only, and Ray gives scheduling, actor pools, back-pressure and retries of lost workers.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipelines.cluster import session
from pipelines.ledger import PartitionPlan, clip_rows, is_done, num_rows, run_partition
from pipelines.progress_tally import Tally, shown_progress
from pipelines.shard import read_record, write_shards
from pipelines.stage import Row, Stage, Work
from style2talker.corpus.card import Card
from style2talker.corpus.uri import Store, open_store
from style2talker.errors import UserError
from style2talker.media.footage import Footage


class RunStage:
    """Bring one partition through one stage, unless its work file is already there."""

    def __init__(self, stage: Stage, uri: str, root: Path, tally: Any, *, later: Sequence[str] = ()) -> None:
        self._stage, self._uri, self._root, self._tally, self._later = stage, uri, root, tally, tuple(later)
        self._work: Work | None = None

    def __call__(self, row: Row) -> Row:
        plan = PartitionPlan.from_json(row["plan"])
        store = open_store(self._uri)
        stage = self._stage
        if not is_done(store, plan, stage.name):
            add = self._tally.add.remote
            add(stage.name, starts=True)
            processed = 0

            def on_row() -> None:
                nonlocal processed
                processed += 1
                add(stage.name, finished=1)

            rows = self._input(store, plan)
            run_partition(stage, self._loaded(), rows, store, plan.file(stage.name), on_row=on_row)
            if stage.name != "discover":  # some of the clips that discover announced were rejected on the way
                add(stage.name, expected=processed - num_rows(store, plan.file("discover")))
        if stage.name == "discover":
            self._announce(store, plan)
        return row

    def _announce(self, store: Store, plan: PartitionPlan) -> None:
        num_clips = num_rows(store, plan.file("discover"))
        for name in self._later:
            if not is_done(store, plan, name):
                self._tally.add.remote(name, expected=num_clips)

    def _input(self, store: Store, plan: PartitionPlan) -> Iterable[Row]:
        if self._stage.name == "discover":
            return [{"source_uri": s.uri, "source_id": s.source_id} for s in plan.sources]
        return clip_rows(store, plan, self._stage.reads)

    def _loaded(self) -> Work:
        # late, so that a worker without anything to do loads no model
        if self._work is None:
            self._work = self._stage.make(self._stage.config, Footage(str(self._root)))
        return self._work


class RunShard:
    """Write a partition's shards, unless its record is already there."""

    def __init__(self, stages: Sequence[Stage], uri: str, card: Card) -> None:
        self._stages, self._uri, self._card = stages, uri, card

    def __call__(self, row: Row) -> Row:
        plan = PartitionPlan.from_json(row["plan"])
        store = open_store(self._uri)
        if read_record(store, plan) is None:
            write_shards(store, plan, self._stages, self._card)
        return {"partition": plan.partition}


def run_partitions(
    plans: Sequence[PartitionPlan], stages: Sequence[Stage], *, uri: str, card: Card, workers: int
) -> None:
    """Make every work file and shard of `plans`, the largest partitions first.

    Raises:
        UserError: a worker could not start its stage (missing weights and the like).
        KeyboardInterrupt: passed on after Ray has stopped; what is finished stays.
    """
    on_gpu = any(stage.needs_gpu for stage in stages)
    with session(workers, on_gpu=on_gpu) as ray:
        tally = ray.remote(num_cpus=0)(Tally).remote()
        largest_first = sorted(plans, key=lambda p: (-sum(s.num_bytes for s in p.sources), p.partition))
        items = [{"plan": plan.to_json()} for plan in largest_first]
        dataset = ray.data.from_items(items, override_num_blocks=len(items))
        # all pools together claim one CPU per worker: with whole CPUs the second pool would wait for ever
        share = 0.8 / (1 + sum(stage.has_actors for stage in stages))
        pool_size = min(workers, len(items))
        gpu_share = _gpu_share(ray.cluster_resources().get("GPU", 0.0), pool_size) if on_gpu else 0.0
        names = [stage.name for stage in stages]
        for index, stage in enumerate(stages):
            later = names[index + 1 :] if stage.name == "discover" else []
            if stage.has_actors:
                dataset = dataset.map(
                    RunStage,
                    fn_constructor_args=(stage, uri, card.root, tally),
                    compute=ray.data.ActorPoolStrategy(size=pool_size, max_tasks_in_flight_per_actor=1),
                    num_cpus=share,
                    num_gpus=gpu_share if stage.needs_gpu else 0,
                )
            else:
                dataset = dataset.map(
                    _task(RunStage(stage, uri, card.root, tally, later=later)), num_cpus=share
                )
        dataset = dataset.map(_task(RunShard(stages, uri, card)), num_cpus=share)
        store = open_store(uri)
        num_sources = sum(len(p.sources) for p in plans if not is_done(store, p, "discover"))
        with shown_progress(ray, tally, num_sources, names):
            try:
                for _ in dataset.iter_rows():
                    pass
            except ray.exceptions.RayError as error:
                raise _explained(error) from error


def _gpu_share(num_gpus: float, num_actors: int) -> float:
    """What each actor claims, so that all of them start: with more, the last would wait for ever."""
    if not num_gpus:
        raise UserError("Ray sees no GPU, but a stage needs one; build with --device cpu.")
    return min(1.0, math.floor(1e4 * num_gpus / num_actors) / 1e4)


def _task(run: RunStage | RunShard) -> Any:
    """A plain function, which Ray Data runs in tasks; it would refuse an instance."""

    def stage(row: Row) -> Row:
        return run(row)

    stage.__name__ = type(run).__name__
    return stage


def _explained(error: BaseException) -> BaseException:
    """The stage's own error behind Ray's wrappers."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, UserError):
            return UserError(str(getattr(seen, "cause", seen)))
        seen = getattr(seen, "cause", None) or seen.__cause__
    return error
