"""Estimate: how long a plan takes and what it writes, from what this output's rows have cost so far.

Two times per stage: `work`, spent inside the stage's own function, is its floor; `wall` also reads, joins,
copies and writes. Both are for one worker.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.index import Index
from pipelines.partition import Partition
from pipelines.plan import Step
from pipelines.stage import Stage
from pipelines.workfile import Footer
from style2talker.errors import Reject
from style2talker.media.footage import Footage
from style2talker.media.probe import probe

TYPICAL_S = {
    **{"discover": 0.35, "track": 0.25, "fit": 0.02, "sync": 0.01, "hear": 0.01, "transcribe": 0.043},
    **{"see": 0.071, "voice": 0.007, "words": 0.004, "judge": 0.03, "write": 0.017},
}
"""Seconds of one core per megabyte of source (discover) or second of clip, for an output without a history:
measured on the demo's corpus with two cores of an ordinary server processor."""
TYPICAL_CLIPS_S_PER_MB = 3.0
NUM_PROBED = 32
"""Sources that are opened to guess how long clips will be."""
OTHER_WALL = 1.05
"""Wall over work where nothing is measured yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Seconds of one worker per unit of `Effort.amount`."""

    work_s: float
    wall_s: float
    is_measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one stage cost, or is expected to cost, over all partitions."""

    stage: str
    num_partitions: int
    num_rows: int
    amount: float
    work_s: float
    wall_s: float
    num_bytes: int
    load_s: float = 0.0
    is_measured: bool = True


def rates_of(index: Index, stages: Sequence[Stage], partitions: Sequence[Partition]) -> dict[str, Rate]:
    """Seconds per unit of each stage, from every footer of it that computed something."""
    rates = {}
    for stage in stages:
        efforts = [f.measured for f in _footers(index, stage.name, partitions)]
        amount = sum(effort.amount for effort in efforts)
        if amount:
            rates[stage.name] = Rate(
                work_s=sum(effort.work_s for effort in efforts) / amount,
                wall_s=sum(effort.wall_s for effort in efforts) / amount,
                is_measured=True,
            )
        else:
            typical = TYPICAL_S.get(stage.name, 0.1)
            rates[stage.name] = Rate(work_s=typical, wall_s=OTHER_WALL * typical, is_measured=False)
    return rates


def _footers(index: Index, stage: str, partitions: Sequence[Partition]) -> Iterator[Footer]:
    for partition in partitions:
        for name in index.names(stage, partition.number):
            if (footer := index.footer(name)) is not None:
                yield footer


def probed_s_per_mb(partitions: Sequence[Partition], footage: Footage) -> float:
    """Seconds per megabyte of some sources, from their headers; typical ones where none can be read."""
    sources = [source for partition in partitions for source in partition.sources]
    seconds, num_bytes = 0.0, 0
    for source in sources[:: max(1, len(sources) // NUM_PROBED)] if footage.is_local else ():
        try:
            info = probe(footage.path(source.uri))
        except (Reject, OSError):
            continue  # the build will say what is wrong with it
        seconds, num_bytes = seconds + info.duration_s, num_bytes + source.num_bytes
    return 1e6 * seconds / num_bytes if num_bytes else TYPICAL_CLIPS_S_PER_MB


def estimate(
    steps: Sequence[Step],
    index: Index,
    stages: Sequence[Stage],
    partitions: Sequence[Partition],
    footage: Footage,
) -> list[Spent]:
    """What the steps will cost, by stage. Clips that are not discovered yet are guessed from megabytes."""
    rates = rates_of(index, stages, partitions)
    discovered = [f for f in _footers(index, "discover", partitions) if f.effort.num_rows == f.num_given]
    megabytes = sum(footer.effort.amount for footer in discovered)
    seconds = sum(footer.clips_s for footer in discovered)
    clips_s_per_mb = seconds / megabytes if megabytes else probed_s_per_mb(partitions, footage)
    new_mb = {step.number: step.amount for step in steps if step.stage == "discover"}
    by_stage: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        by_stage[step.stage].append(step)
    spent = []
    for stage in stages:
        mine = by_stage[stage.name]
        if not mine:
            continue
        amount = sum(
            step.amount + (clips_s_per_mb * new_mb.get(step.number, 0.0) if step.num_sources else 0.0)
            for step in mine
        )
        rate = rates[stage.name]
        spent.append(
            Spent(
                stage=stage.name,
                num_partitions=len(mine),
                num_rows=sum(step.num_rows for step in mine),
                amount=amount,
                work_s=rate.work_s * amount,
                wall_s=rate.wall_s * amount,
                num_bytes=round(amount * _bytes_per_unit(index, stage.name, partitions)),
                is_measured=rate.is_measured,
            )
        )
    return spent


def _bytes_per_unit(index: Index, stage: str, partitions: Sequence[Partition]) -> float:
    amount, num_bytes = 0.0, 0
    for partition in partitions:
        name = partition.file(stage)
        footer = index.footer(name)
        if footer is not None and footer.effort.num_rows == footer.num_rows + len(footer.rejects):
            amount, num_bytes = amount + footer.effort.amount, num_bytes + index.num_bytes(name)
    return num_bytes / amount if amount else _TYPICAL_BYTES.get(stage, 1_000.0)


_TYPICAL_BYTES: Mapping[str, float] = {"discover": 2_000, "track": 230_000, "fit": 8_000, "hear": 40_000}


def spent_since(
    before: Index, after: Index, partitions: Sequence[Partition], stages: Sequence[Stage]
) -> list[Spent]:
    """What the work files cost that are new since an earlier index."""
    result = []
    for stage in stages:
        names = [partition.file(stage.name) for partition in partitions]
        new = [name for name in names if after.state(name) != before.state(name)]
        efforts = [footer.effort for name in new if (footer := after.footer(name)) is not None]
        if new:
            result.append(
                Spent(
                    stage=stage.name,
                    num_partitions=len(new),
                    num_rows=sum(effort.num_rows for effort in efforts),
                    amount=sum(effort.amount for effort in efforts),
                    work_s=sum(effort.work_s for effort in efforts),
                    wall_s=sum(effort.wall_s for effort in efforts),
                    load_s=sum(effort.load_s for effort in efforts),
                    num_bytes=sum(after.num_bytes(name) for name in new),
                )
            )
    return result
