"""Run: partitions through the stages on Ray Data.

A row of the dataset is a partition, never a clip: Ray's own checkpoint does nothing for rows made in memory,
it drops a whole block for one bad row, and its files differ from run to run. So a stage writes its own work
file, rows carry names only, and Ray gives scheduling, actor pools, back-pressure and retries of lost workers.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import Any

from pipelines.cluster import session
from pipelines.isolate import Home, Isolated
from pipelines.ledger import run_stage
from pipelines.metrics import count_reject, count_rows
from pipelines.partition import OUTSIDE, Partition, inputs_of
from pipelines.progress_tally import Tally, shown_progress
from pipelines.reuse import Outcome
from pipelines.shard import write_shards
from pipelines.stage import Row, Stage, Work
from pipelines.unchanged import while_unchanged
from pipelines.workfile import DamagedError, Footer, read_footer
from style2talker.corpus.uri import Store, open_store
from style2talker.errors import UserError
from style2talker.media.footage import Footage


class RunStage:
    """Bring one partition through one stage, unless its work file is already right."""

    def __init__(self, stage: Stage, root: str, tally: Any, home: Home, *, later: Sequence[str] = ()) -> None:
        self._stage, self._root, self._tally, self._home = stage, root, tally, home
        self._later = tuple(later)
        self._work: Work | None = None

    def __call__(self, partition: Partition, store: Store) -> None:
        right = is_right(store, partition, self._stage)
        if not right:
            self._run(store, partition)
        self._report(store, partition, was_right=right)

    def _run(self, store: Store, partition: Partition) -> None:
        stage, add = self._stage, self._tally.add.remote
        add(stage.name, starts=True)

        def on_row(outcome: Outcome, seconds: float) -> None:
            add(stage.name, finished=1)
            count_rows(stage.name, work_s=seconds)
            for reject in outcome.rejects:
                count_reject(stage.name, reject["kind"])

        def load() -> Work:
            work = self._loaded()
            return while_unchanged(work, partition, Footage(self._root)) if stage.reads_footage else work

        run_stage(stage, load, partition, store, on_row=on_row)

    def _report(self, store: Store, partition: Partition, *, was_right: bool) -> None:
        """Announce the clips of `discover` to the later stages, and take back what a stage need not do."""
        name, add = self._stage.name, self._tally.add.remote
        num_clips = read_footer(store, partition.file("discover")).num_rows
        if name == "discover":
            if was_right:
                add(name, expected=-len(partition.sources))
            for later in self._later:
                add(later, expected=num_clips)
        elif was_right:
            add(name, expected=-num_clips)
        else:  # some of the clips that discover announced were rejected on the way
            footer = read_footer(store, partition.file(name))
            add(name, expected=footer.num_given - num_clips)

    def _loaded(self) -> Work:
        # late, so that a worker without anything to do loads no model
        if self._work is None:
            footage = Footage(self._root)
            if self._stage.isolated:
                isolated = Isolated(self._stage, footage, self._home)
                isolated.start()
                self._work = isolated
            else:
                self._work = self._stage.make(self._stage.config, footage)
        return self._work


class RunShard:
    """Write a partition's shards."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._entries = [stage.entry() for stage in stages]

    def __call__(self, partition: Partition, store: Store) -> None:
        write_shards(store, partition, self._stages, self._entries)


class Worker:
    """Bring one partition after another through some steps; models and processes are kept in between.

    A worker does one thing at a time, so it needs one core, whatever its stages. A partition whose files
    break or are missing leaves this round; the next one makes them again. What stops the build is handed to
    the driver as a row, for Ray would hand it on as its own error, without the cause.
    """

    def __init__(self, uri: str, make_steps: Callable[[], Sequence[RunStage | RunShard]]) -> None:
        self._store, self._steps = open_store(uri), make_steps()

    def __call__(self, row: Row) -> Row:
        if row["left"] or row["stopped"]:
            return row
        partition = Partition.from_json(row["partition"])
        try:
            for step in self._steps:
                step(partition, self._store)
        except DamagedError as error:
            self._store.delete(error.name)
            return {**row, "left": str(error)}
        except FileNotFoundError as error:
            return {**row, "left": str(error)}
        except UserError as error:
            return {**row, "stopped": str(error)}
        return row


def row_of(partition: Partition) -> Row:
    """What a worker is given. `left` says why it did not finish, `stopped` why the build may not go on."""
    return {"partition": partition.to_json(), "left": "", "stopped": ""}


def raise_if_stopped(row: Row) -> None:
    if row["stopped"]:
        raise UserError(row["stopped"])


def is_right(store: Store, partition: Partition, stage: Stage) -> bool:
    """Whether a work file is there, made from the clips that its inputs hold now, with nothing to try again.

    Raises:
        DamagedError, FileNotFoundError: an input cannot be read.
    """
    try:
        footer = read_footer(store, partition.file(stage.name))
    except (DamagedError, FileNotFoundError):
        return False
    if stage.told and footer.inputs.get(OUTSIDE) != partition.outside_sha256:
        return False
    inputs: dict[str, Footer] = {n: read_footer(store, partition.file(n)) for n in inputs_of(stage)}
    return all(now.clips_sha256 == footer.inputs[name] for name, now in inputs.items()) and not any(
        reject["kind"] in partition.again for reject in footer.rejects
    )


Run = Callable[[Sequence[Partition], Sequence[Stage]], None]
"""Makes the work files of some stages, and with the last stage the shards."""


@contextmanager
def on_ray(
    stages: Sequence[Stage], *, uri: str, root: str, workers: int | None, address: str | None = None
) -> Iterator[Run]:
    """The function that brings partitions through stages on Ray, the largest first.

    Ray starts with the first call and stays until the block ends.

    Args:
        stages: all of the build's.
        root: of the footage.
        workers: cores to use; all of them by default. Stages that need a GPU have workers of their own.
        address: of a running Ray cluster; None starts a Ray on this machine.

    Raises:
        UserError: a worker could not start its stage (missing weights and the like) or could not write.
        KeyboardInterrupt: passed on after Ray has stopped; what is finished stays.
    """
    on_gpu = any(stage.needs_gpu for stage in stages)
    ray: Any = None
    with ExitStack() as sessions:

        def run(partitions: Sequence[Partition], chosen: Sequence[Stage]) -> None:
            nonlocal ray
            if ray is None:
                start = session(workers or os.cpu_count() or 1, address=address, on_gpu=on_gpu)
                ray = sessions.enter_context(start)
            _run(ray, partitions, chosen, stages=stages, uri=uri, root=root, workers=workers)

        yield run


def _run(
    ray: Any,
    partitions: Sequence[Partition],
    chosen: Sequence[Stage],
    *,
    stages: Sequence[Stage],
    uri: str,
    root: str,
    workers: int | None,
) -> None:
    tally = ray.remote(num_cpus=0)(Tally).remote()
    largest_first = sorted(partitions, key=lambda p: (-p.num_bytes, p.number))
    items = [row_of(partition) for partition in largest_first]
    dataset = ray.data.from_items(items, override_num_blocks=len(items))
    resources = ray.cluster_resources()
    pool_size = min(workers or int(resources.get("CPU", 1)), len(items))
    on_gpu = any(stage.needs_gpu for stage in chosen)
    gpu_share = _gpu_share(resources.get("GPU", 0.0), pool_size) if on_gpu else 0.0
    groups = [[*group] for _, group in groupby(chosen, key=lambda stage: stage.needs_gpu)]
    # all pools together claim one CPU per worker: with whole CPUs the second pool would wait for ever
    share = 0.8 / len(groups)
    for group in groups:
        dataset = dataset.map(
            Worker,
            fn_constructor_args=(uri, steps_of(group, chosen, stages, root, tally)),
            compute=ray.data.ActorPoolStrategy(size=pool_size, max_tasks_in_flight_per_actor=1),
            num_cpus=share,
            num_gpus=gpu_share if group[0].needs_gpu else 0,
        )
    num_sources = sum(len(partition.sources) for partition in partitions)
    with shown_progress(ray, tally, num_sources, [stage.name for stage in chosen]):
        try:
            for row in dataset.iter_rows():
                raise_if_stopped(row)
        except ray.exceptions.RayError as error:
            raise _explained(error) from error


def steps_of(
    group: Sequence[Stage], chosen: Sequence[Stage], stages: Sequence[Stage], root: str, tally: Any
) -> Callable[[], list[RunStage | RunShard]]:
    """What makes the steps of a worker, over there."""
    later = [stage.name for stage in chosen if stage.name != "discover"]

    def make() -> list[RunStage | RunShard]:
        home = Home()
        steps: list[RunStage | RunShard] = [
            RunStage(stage, root, tally, home, later=later if stage.name == "discover" else ())
            for stage in group
        ]
        return [*steps, RunShard(stages)] if group[-1] is stages[-1] else steps

    return make


def _gpu_share(num_gpus: float, num_actors: int) -> float:
    """What each actor claims, so that all of them start: with more, the last would wait for ever."""
    if not num_gpus:
        raise UserError("Ray sees no GPU, but a stage needs one; build with --device cpu.")
    return min(1.0, math.floor(1e4 * num_gpus / num_actors) / 1e4)


def _explained(error: BaseException) -> BaseException:
    """The stage's own error behind Ray's wrappers."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, UserError):
            return UserError(str(getattr(seen, "cause", seen)))
        seen = getattr(seen, "cause", None) or seen.__cause__
    return error
