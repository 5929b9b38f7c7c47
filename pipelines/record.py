"""Record: what a finished partition consists of; a small JSON file, written after its shards."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pipelines.workfile import DamagedError
from style2talker.corpus.manifest import ShardEntry, json_sha256
from style2talker.corpus.uri import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a finished partition consists of, and the digests of the work files that it was made from."""

    num_clips: int
    duration_s: float
    inputs: Mapping[str, str]
    shards: tuple[ShardEntry, ...]

    def to_json(self) -> bytes:
        """With its own hash: JSON with a flipped bit is JSON all the same, and the manifest copies it."""
        content = asdict(self)
        return json.dumps({"record": content, "sha256": json_sha256(content)}, sort_keys=True).encode()


def read_record(store: Store, name: str) -> Record:
    """A partition's record.

    Raises:
        FileNotFoundError: there is none.
        DamagedError: it is cut or foreign, or a bit of it changed.
    """
    content = store.read(name)
    try:
        written = json.loads(content)
        data = written["record"]
        if json_sha256(data) != written["sha256"]:
            raise DamagedError(name, "its content has another sha256")
        shards = tuple(ShardEntry(**entry) for entry in data["shards"])
        return Record(**{**data, "shards": shards})
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(name, str(error)) from error
