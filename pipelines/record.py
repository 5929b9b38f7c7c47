"""Record: what a finished partition consists of; a small JSON file, written after its shards."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.workfile import DamagedError
from style2talker.corpus.manifest import ShardEntry
from style2talker.corpus.uri import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a finished partition consists of, and the digests of the work files that it was made from."""

    num_clips: int
    duration_s: float
    inputs: Mapping[str, str]
    shards: tuple[ShardEntry, ...]


def read_record(store: Store, name: str) -> Record:
    """A partition's record.

    Raises:
        FileNotFoundError: there is none.
        DamagedError: it is cut or foreign.
    """
    content = store.read(name)
    try:
        data = json.loads(content)
        shards = tuple(ShardEntry(**entry) for entry in data["shards"])
        return Record(**{**data, "shards": shards})
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(name, str(error)) from error
