"""Plan: what is not done yet, and why. `build --plan` and the build itself ask the same question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.index import Index
from pipelines.outside import digests
from pipelines.partition import OUTSIDE, SHARD, Partition, inputs_of
from pipelines.request import Request
from pipelines.stage import Stage
from pipelines.workfile import Footer
from style2talker.corpus.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One work file, or one partition's shards, to be made."""

    stage: str
    number: int
    why: str
    num_rows: int
    """Rows to compute: those of files that wait for discover are not known and count as none."""
    amount: float
    """Seconds of clips, for discover megabytes of sources; see `Effort`."""
    num_sources: int = 0
    """New sources whose clips are not counted yet."""


def steps_of(
    partitions: Sequence[Partition],
    stages: Sequence[Stage],
    index: Index,
    *,
    changed: Mapping[str, Sequence[str]],
    again: Mapping[str, frozenset[str]],
) -> list[Step]:
    """Everything that is to be made, by partition, in the order of the stages.

    Args:
        changed: by stage, what changed since the committed corpus; see `changes_of`.
        again: by stage, kinds of rejects that are looked at again.
    """
    names = [*(stage.name for stage in stages), SHARD]
    index.read_all([partition.file(name) for partition in partitions for name in names])
    steps = []
    for partition in partitions:
        for stage in stages:
            kinds = again[stage.name]
            why = _why(partition, stage, index, changed.get(stage.name, ()), kinds)
            if why:
                steps.append(_step(partition, stage, index, why, kinds))
        if not is_sharded(partition, stages, index):
            why = "labels or clips changed" if index.names(SHARD, partition.number) else "new"
            steps.append(Step(stage=SHARD, number=partition.number, why=why, num_rows=0, amount=0.0))
    return steps


def _why(
    partition: Partition, stage: Stage, index: Index, changed: Sequence[str], again: frozenset[str]
) -> str | None:
    """Why a work file has to be made; None if it need not."""
    name = partition.file(stage.name)
    footer = index.footer(name)
    if footer is not None:
        if sum(reject["kind"] in again for reject in footer.rejects):
            return "failures are tried again"
        if is_current(footer, partition, stage, index):
            return None
        if is_told_otherwise(footer, partition, stage):
            return "a speaker's neutral, a label or a correction changed"
        return "rows it reads came or went"
    if index.exists(name):
        return "its file is damaged, or of another version of the program"
    names = index.names(stage.name, partition.number)
    if any(n.startswith(partition.prefix(stage.name)) for n in names):
        return "sources came or went"
    if names and changed:
        return "; ".join(changed)
    return "new"


def is_current(footer: Footer, partition: Partition, stage: Stage, index: Index) -> bool:
    """Whether the files it was made from hold the same clips as then, and it is told the same."""
    if is_told_otherwise(footer, partition, stage):
        return False
    for name in inputs_of(stage):
        now = index.footer(partition.file(name))
        if now is None or now.clips_sha256 != footer.inputs[name]:
            return False
    return True


def is_told_otherwise(footer: Footer, partition: Partition, stage: Stage) -> bool:
    """Whether what a stage is told has changed since; as long as that is not known, it has not."""
    known = stage.told and partition.outside is not None
    return known and footer.inputs.get(OUTSIDE) != partition.outside_sha256


def is_sharded(partition: Partition, stages: Sequence[Stage], index: Index) -> bool:
    """Whether the partition's record is that of its work files of now, and its shards are there."""
    record = index.record(partition.file(SHARD))
    if record is None or not index.has(record):
        return False
    footers = {stage.name: index.footer(partition.file(stage.name)) for stage in stages}
    return all(f is not None and f.clips_sha256 == record.inputs.get(name) for name, f in footers.items())


def _step(partition: Partition, stage: Stage, index: Index, why: str, again: frozenset[str]) -> Step:
    same = [
        n for n in index.names(stage.name, partition.number) if n.startswith(partition.prefix(stage.name))
    ]
    footers = [footer for footer in map(index.footer, same) if footer is not None]
    said = {content for footer in footers for content in footer.sources}
    failed = sum(reject["kind"] in again for footer in footers for reject in footer.rejects)
    discovered = index.footer(partition.file("discover"))
    if stage.name == "discover":
        new = [source for source in partition.sources if source.content() not in said]
        megabytes = sum(source.num_bytes for source in new) / 1e6
        rows = len(new) + failed
        return Step(stage=stage.name, number=partition.number, why=why, num_rows=rows, amount=megabytes)
    if discovered is None:
        new = _new_sources(partition, index)
        return Step(
            stage=stage.name,
            number=partition.number,
            why=why,
            num_rows=0,
            amount=0.0,
            num_sources=len(new),
        )
    if stage.told and partition.outside is not None:
        there = [name for name in inputs_of(stage) if index.exists(partition.file(name))]
        clips = index.given(partition, there)
        wanted = digests(partition, clips)
        seconds = sum(c["end_s"] - c["start_s"] for c in clips if wanted[c["clip_id"]] not in said)
        num_rows = sum(wanted[clip["clip_id"]] not in said for clip in clips)
        return Step(stage=stage.name, number=partition.number, why=why, num_rows=num_rows, amount=seconds)
    copied = max((footer.num_rows + len(footer.rejects) - failed for footer in footers), default=0)
    num_rows = max(discovered.num_rows - copied, failed)
    seconds = discovered.clips_s * num_rows / discovered.num_rows if discovered.num_rows else 0.0
    return Step(stage=stage.name, number=partition.number, why=why, num_rows=num_rows, amount=seconds)


def _new_sources(partition: Partition, index: Index) -> list[str]:
    prefix = partition.prefix("discover")
    names = [n for n in index.names("discover", partition.number) if n.startswith(prefix)]
    footers = [footer for footer in map(index.footer, names) if footer is not None]
    said = {content for footer in footers for content in footer.sources}
    return [source.uri for source in partition.sources if source.content() not in said]


def changes_of(request: Request, previous: Manifest | None) -> dict[str, list[str]]:
    """By stage, what is not as in the committed corpus: version, settings, models, libraries, inputs."""
    old_entries = {entry.name: entry for entry in previous.stages} if previous else {}
    reads = {stage.name: inputs_of(stage) for stage in request.stages}
    changes: dict[str, list[str]] = {}
    for now in request.entries:
        old = old_entries.get(now.name)
        if previous is None or old is None:
            changes[now.name] = ["the stage is new"] if previous else []
            continue
        said = [f"version {old.version} -> {now.version}"] if old.version != now.version else []
        said += _differences(previous.config["stages"].get(now.name, {}), request.settings[now.name])
        said += [f"model {text}" for text in _differences(_short(old.weights), _short(now.weights))]
        said += [f"library {text}" for text in _differences(old.libraries, now.libraries)]
        said += [f"reads {name}, which changed" for name in reads.get(now.name, ()) if changes.get(name)]
        changes[now.name] = said
    return changes


def _short(hashes: Mapping[str, str]) -> dict[str, str]:
    return {name: sha256[:8] for name, sha256 in hashes.items()}


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    names: Iterable[str] = dict.fromkeys([*old, *new])
    return [
        f"{name}: {old.get(name, 'none')} -> {new.get(name, 'none')}"
        for name in names
        if old.get(name) != new.get(name)
    ]
