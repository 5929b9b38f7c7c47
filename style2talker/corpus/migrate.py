"""An older corpus read as one of today: columns that its schema lacked get the value that is true of them.

A version only ever adds columns. So migrating is filling in: old columns are never touched, and steps may be
taken one by one or all at once, before or after rows and columns are chosen.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from style2talker.corpus.schema import CLIPS, FRAMES, REJECTS, SCHEMA_VERSION, SOURCES

SCHEMAS: Mapping[str, pa.Schema] = {
    "clips": CLIPS,
    "frames": FRAMES,
    "rejects": REJECTS,
    "sources": SOURCES,
}

OLDEST_VERSION = 1
ADDED: Mapping[int, Mapping[str, Mapping[str, Any]]] = {
    2: {
        "clips": {
            "audio_uri": None,  # every source was a video with its own sound
            "redistribution": False,  # the card did not say, and nobody may assume it
            "picture_hash": None,
            "audio_hash": None,
        },
        "rejects": {"source_id": None},
    },
    3: {
        "clips": dict.fromkeys(
            (
                *("sync_offset_frames", "sync_confidence", "audio_shift_s", "hearing"),
                *("net_names", "net_probability", "unit_readings", "picture"),
                *("opinions", "agreement", "confidence", "flags", "corrected"),
                *("sentence_sources", "sentence_scores"),
            )
        ),
    },
}
"""Schema version -> kind of shard -> column that this version added -> its value in older rows."""


def added_since(kind: str, version: int) -> dict[str, Any]:
    """Columns of `kind` that a corpus of schema `version` lacks, each with its value there."""
    return {
        name: value
        for later, kinds in ADDED.items()
        if later > version
        for name, value in kinds.get(kind, {}).items()
    }


def schema_at(kind: str, version: int) -> pa.Schema:
    """The schema that shards of `kind` had at `version`."""
    missing = added_since(kind, version)
    return pa.schema([field for field in SCHEMAS[kind] if field.name not in missing])


def migrate(table: pa.Table, kind: str, *, version: int, to: int = SCHEMA_VERSION) -> pa.Table:
    """Rows of schema `version` as rows of schema `to`, with the columns in the order of that schema.

    A table with only some of the columns of `version` gets every added one too; select afterwards.
    """
    added = added_since(kind, version)
    columns = {}
    for field in schema_at(kind, to):
        if field.name in table.column_names:
            columns[field] = table.column(field.name)
        elif field.name in added:
            columns[field] = pa.repeat(pa.scalar(added[field.name], field.type), table.num_rows)
    return pa.table(list(columns.values()), schema=pa.schema(list(columns)))
