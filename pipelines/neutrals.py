"""Neutrals: the file of each speaker's neutral, `_work/neutral/KEY.json`.

The key says all that decides the content: how the evidence was made, and which clips it is taken from. So a
plan needs the keys only, and a file is made once.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from pipelines.annotator import column_of
from pipelines.partition import WORK, Partition
from pipelines.workfile import DamagedError, opened, stream_rows
from style2talker.corpus.manifest import json_sha256
from style2talker.corpus.shard import bytes_sha256
from style2talker.corpus.uri import Store
from style2talker.emotion.context import Neutral
from style2talker.emotion.neutral import Evidence, Quiet, chosen_clips, neutral_of

VERSION = 2
"""Raise it when `emotion.neutral` makes something else of the same clips."""
WITNESS = "see"
"""The stage whose evidence makes a neutral."""
_THREADS = 16
"""These are small reads that wait for the disk or the network."""
VOICE = "voice"
"""The annotator that adds to it, where a profile has it."""

Chosen = Mapping[str, tuple[str, ...]]
"""Speaker -> the clips that make their neutral."""


def file_of(key: str) -> str:
    return f"{WORK}/neutral/{key}.json"


def chosen_by_speaker(partitions: Sequence[Partition], store: Store) -> Chosen:
    """Who has a neutral, and from which clips.

    Raises:
        DamagedError, FileNotFoundError: a work file of `discover` or `see` cannot be read.
    """
    clips: dict[str, list[Quiet]] = defaultdict(list)
    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(partial(_moved, store), partitions)
    for partition, (source_of, movements) in zip(partitions, found, strict=True):
        items = {source.source_id: source.item for source in partition.sources}
        for clip_id, movement in movements.items():
            item = items[source_of[clip_id]]
            clips[item.speaker].append(Quiet(clip_id, item.emotion == "neutral", movement))
    chosen = {speaker: chosen_clips(found) for speaker, found in clips.items()}
    return {speaker: clip_ids for speaker, clip_ids in chosen.items() if clip_ids}


def _moved(store: Store, partition: Partition) -> tuple[dict[str, str], dict[str, float]]:
    """The source and the movement of each clip."""
    return (
        _column(store, partition.file("discover"), "source_id"),
        _column(store, partition.file(WITNESS), "movement"),
    )


def _column(store: Store, name: str, column: str) -> dict[str, Any]:
    with opened(store, name) as file:
        table = file.read(columns=["clip_id", column])
    return dict(zip(table.column("clip_id").to_pylist(), table.column(column).to_pylist(), strict=True))


def keys_of(chosen: Chosen, recipes: Mapping[str, str]) -> dict[str, str]:
    """Speaker -> key."""
    made_by = [VERSION, recipes[WITNESS], recipes.get(VOICE)]
    return {speaker: json_sha256([made_by, clip_ids])[:24] for speaker, clip_ids in chosen.items()}


def write_neutrals(partitions: Sequence[Partition], store: Store, chosen: Chosen | None) -> None:
    """Write the files that are missing, one partition's evidence in memory at a time.

    Args:
        chosen: None looks for them.

    Raises:
        DamagedError, FileNotFoundError: a work file cannot be read.
    """
    chosen = chosen_by_speaker(partitions, store) if chosen is None else chosen
    keys = keys_of(chosen, partitions[0].recipes) if partitions else {}
    there = {name for name, _, _ in store.infos(f"{WORK}/neutral")}
    missing = [speaker for speaker, key in keys.items() if file_of(key) not in there]
    wanted = {clip_id: speaker for speaker in missing for clip_id in chosen[speaker]}
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    for partition in partitions if wanted else ():
        for found in _evidence(partition, store, set(wanted)):
            speaker = wanted[found.clip_id]
            evidence[speaker].append(found)
            if len(evidence[speaker]) == len(chosen[speaker]):
                text = json.dumps(neutral_of(evidence.pop(speaker)).to_dict()).encode()
                store.write(file_of(keys[speaker]), bytes_sha256(text).encode() + b" " + text)


def _evidence(partition: Partition, store: Store, wanted: set[str]) -> Iterable[Evidence]:
    there = wanted & _column(store, partition.file(WITNESS), "movement").keys()
    if not there:
        return
    voices = _column(store, partition.file(VOICE), column_of(VOICE)) if VOICE in partition.recipes else {}
    columns = ["clip_id", "net_probability", "unit_readings", "frontal"]
    for row in stream_rows(store, partition.file(WITNESS), columns, there):
        opinion = voices.get(row["clip_id"])
        yield Evidence(
            clip_id=row["clip_id"],
            net_ne=row["net_probability"],
            reading_r2=whole_readings(row),
            voice={m["name"]: m["value"] for m in opinion["measures"]} if opinion else {},
        )


def whole_readings(row: Mapping[str, Any]) -> np.ndarray:
    """[R, 2], as `action_units` takes them: the trackers' rows, which the corpus keeps, and the frontal view,
    which it does not."""
    return np.concatenate([row["unit_readings"], np.asarray(row["frontal"], np.float32).reshape(-1, 2)])


def read_neutral(store: Store, key: str) -> Neutral:
    """Raises DamagedError or FileNotFoundError."""
    digest, _, text = store.read(file_of(key)).partition(b" ")
    if digest.decode("ascii", "replace") != bytes_sha256(text):
        raise DamagedError(file_of(key), "its content has another sha256")
    return Neutral.from_dict(json.loads(text))
