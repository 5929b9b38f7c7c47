"""Outside: what the labels of a partition's clips rest on besides the clips, by partition.

A stage that is `told` gets it as `row["context"]`: the speaker's neutral, the data set's own label, and what
a person said in review. All of it is known only when `see` is finished everywhere, so a build runs the
stages that are not told first. A row is made again when what it is told changes, and only then.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, partial
from typing import Any

from pipelines.neutrals import read_neutral
from pipelines.partition import Partition
from pipelines.stage import Row
from style2talker.corpus.corrections import Correction, read_corrections
from style2talker.corpus.manifest import json_sha256
from style2talker.corpus.uri import Store
from style2talker.emotion.context import Context


def outside_of(
    partitions: Sequence[Partition], store: Store, *, neutrals: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """What to tell the clips of each partition, as JSON takes it.

    Args:
        neutrals: key of each speaker's neutral.

    Raises:
        UserError: the corrections are damaged.
    """
    said: dict[str, list[Correction]] = defaultdict(list)
    for correction in read_corrections(store).values():
        said[correction.source_id].append(correction)
    return [_told(partition, neutrals, said) for partition in partitions]


def _told(
    partition: Partition, neutrals: Mapping[str, str], said: Mapping[str, Sequence[Correction]]
) -> Mapping[str, Any]:
    speakers = sorted({source.item.speaker for source in partition.sources} & neutrals.keys())
    mine = [each for source in partition.sources for each in said.get(source.source_id, ())]
    return {
        "neutrals": {speaker: neutrals[speaker] for speaker in speakers},
        "corrections": {each.clip_id: each.row() for each in sorted(mine, key=lambda each: each.clip_id)},
    }


def digests(partition: Partition, clips: Sequence[Row]) -> dict[str, str]:
    """Hash of what each clip is told, by clip_id; of the clip's own id too, so that it names the clip."""
    neutrals, corrections = _parts(partition)
    items = {source.source_id: source.item for source in partition.sources}
    found = {}
    for clip in clips:
        item, correction = items[clip["source_id"]], corrections.get(clip["clip_id"])
        told = [neutrals.get(item.speaker), item.emotion, item.level, correction]
        found[clip["clip_id"]] = json_sha256([clip["clip_id"], told])
    return found


def neutral_keys(partition: Partition) -> Collection[str]:
    """Of the speakers' neutrals that its clips are told."""
    return _parts(partition)[0].values()


def corrections_of(partition: Partition) -> dict[str, Correction]:
    """What people said of its clips, by clip_id."""
    return {clip_id: Correction.from_row(row) for clip_id, row in _parts(partition)[1].items()}


def contexts(partition: Partition, store: Store) -> Callable[[Row], Context]:
    """The function that finds a clip's context.

    It raises DamagedError or FileNotFoundError where a neutral cannot be read.
    """
    neutrals, _ = _parts(partition)
    items = {source.source_id: source.item for source in partition.sources}
    corrections = corrections_of(partition)
    read = cache(partial(read_neutral, store))

    def context_of(clip: Row) -> Context:
        item = items[clip["source_id"]]
        key = neutrals.get(item.speaker)
        return Context(
            neutral=read(key) if key else None,
            given_emotion=item.emotion,
            given_level=item.level,
            correction=corrections.get(clip["clip_id"]),
        )

    return context_of


def _parts(partition: Partition) -> tuple[Mapping[str, str], Mapping[str, Row]]:
    outside = partition.outside or {"neutrals": {}, "corrections": {}}
    return outside["neutrals"], outside["corrections"]
