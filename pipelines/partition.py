"""Partition: the sources that are worked on together, and the names of their work files.

A name says all that decides a file's content: `_work/STAGE/pNNNNN-RECIPE-SOURCES.parquet`, with the hash of
how the stage and all before it work, and the hash of the sources. A file of the same recipe and other
sources still holds rows that are right: they are copied, not computed (`reuse.py`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.sources import Source, partition_of
from pipelines.stage import Stage
from style2talker.corpus.manifest import json_sha256

WORK = "_work"
SHARD = "shard"
"""The last step, which has records instead of work files."""
OUTSIDE = "outside"
"""What a footer calls the digest of what its stage was told."""
_HEX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One partition of a build. `again` are kinds of rejects that are not taken as said once and for all."""

    number: int
    sources: tuple[Source, ...]
    sources_sha256: str
    recipes: Mapping[str, str]
    """Hash per stage; that of `shard` also covers the labels of the sources."""
    older: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Work files of the same recipe by stage, this one's own among them, from which rows may be copied."""
    again: frozenset[str] = frozenset()
    outside: Mapping[str, Any] | None = None
    """What stages that are `told` are told, see outside.py; None while it is not known yet."""

    @property
    def outside_sha256(self) -> str:
        """Of all that is told, the labels of the sources among it."""
        said = [[s.source_id, s.item.speaker, s.item.emotion, s.item.level] for s in self.sources]
        return json_sha256([self.outside, said])

    def file(self, stage: str) -> str:
        suffix = "json" if stage == SHARD else "parquet"
        return f"{self.prefix(stage)}{self.sources_sha256[:_HEX]}.{suffix}"

    def prefix(self, stage: str) -> str:
        """What the names of this partition's files of the same recipe begin with."""
        return f"{WORK}/{stage}/p{self.number:05d}-{self.recipes[stage][:_HEX]}-"

    @property
    def num_bytes(self) -> int:
        return sum(source.num_bytes for source in self.sources)

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "again": sorted(self.again)})

    @classmethod
    def from_json(cls, text: str) -> "Partition":
        data = json.loads(text)
        sources = tuple(Source.from_dict(source) for source in data["sources"])
        older = {stage: tuple(names) for stage, names in data["older"].items()}
        return cls(**{**data, "sources": sources, "older": older, "again": frozenset(data["again"])})


def recipes_of(stages: Sequence[Stage]) -> dict[str, str]:
    """Hash per stage of its version, config, models and libraries and of the recipes of what it reads."""
    recipes: dict[str, str] = {}
    for stage in stages:
        recipes[stage.name] = stage.recipe({name: recipes[name] for name in inputs_of(stage)})
    return recipes


def inputs_of(stage: Stage) -> tuple[str, ...]:
    """The stages whose work files a stage reads; every one but the first reads the clips' spans."""
    return () if stage.name == "discover" else tuple(sorted({"discover", *stage.reads}))


def partitions_of(
    sources: Sequence[Source],
    recipes: Mapping[str, str],
    *,
    num_partitions: int,
    shard_recipe: Callable[[Sequence[Source], Mapping[str, str]], str],
) -> list[Partition]:
    """The partitions that have sources, in order. Reads nothing."""
    groups: dict[int, list[Source]] = {}
    for source in sources:
        groups.setdefault(partition_of(source.source_id, num_partitions), []).append(source)
    partitions = []
    for number, members in sorted(groups.items()):
        members.sort(key=lambda source: source.source_id)
        partitions.append(
            Partition(
                number=number,
                sources=tuple(members),
                sources_sha256=json_sha256([source.identity() for source in members]),
                recipes={**recipes, SHARD: shard_recipe(members, recipes)},
            )
        )
    return partitions
