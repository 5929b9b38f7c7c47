"""Work files: what a stage made of a partition. Kept rows are its Parquet rows, all else is in its footer.

Rejected rows sit in the same file as the kept ones, so the two cannot part. The footer also holds a digest of
the clips that the stage was given and of those it kept: a file is right only as long as its inputs still hold
what it was made from, and that is seen without reading a row.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.stage import Row
from style2talker.corpus.intact import read_group
from style2talker.corpus.reader import rows_of
from style2talker.corpus.shard import bytes_sha256
from style2talker.corpus.uri import Store, is_environment_fault

FOOTER_KEY = b"style2talker.footer"


class DamagedError(Exception):
    """A work file that cannot be read as what it was written. It is deleted and made again."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is damaged ({reason})")
        self.name, self.reason = name, reason

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.name, self.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What the rows cost that were computed, not copied."""

    num_rows: int = 0
    amount: float = 0.0
    """Seconds of the clips; of `discover`, megabytes of the sources."""
    work_s: float = 0.0
    """Inside the stage's own function: its floor."""
    wall_s: float = 0.0
    """All in all, without `load_s`."""
    load_s: float = 0.0
    """Loading the stage's models, by a worker's first partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What a work file says about itself."""

    num_rows: int
    num_given: int
    """Rows that the stage was given."""
    clips_sha256: str
    """Digest of the ids of the kept clips, in order."""
    inputs: Mapping[str, str]
    """The same digest of each file that was read."""
    sources: tuple[str, ...] = ()
    """What the outcomes rest on besides their rows: of `discover` `Source.content()` of every source that was
    looked at, of a stage that takes sources whole the digest of each source's clips."""
    clips_s: float = 0.0
    """Only of `discover`: seconds of the kept clips."""
    rejects: tuple[Row, ...] = ()
    effort: Effort = field(default_factory=Effort)
    """Of this file's own computed rows."""
    measured: Effort = field(default_factory=Effort)
    """The same, or where all rows were copied, that of the file they came from: what estimates rest on."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Footer":
        data = json.loads(text)
        listed = {"sources": tuple(data["sources"]), "rejects": tuple(data["rejects"])}
        efforts = {name: Effort(**data[name]) for name in ("effort", "measured")}
        return cls(**{**data, **listed, **efforts})


def footer_text(footer: Footer) -> str:
    """What is stored of a footer: Parquet guards its pages with checksums, but not its metadata."""
    text = footer.to_json()
    return f"{bytes_sha256(text.encode())} {text}"


def ids_sha256(clip_ids: Iterable[str]) -> str:
    """Digest of clip ids in their order."""
    return hashlib.sha256("\n".join(clip_ids).encode()).hexdigest()


@contextmanager
def opened(store: Store, name: str) -> Iterator[pq.ParquetFile]:
    """A work file with its checksums verified page by page.

    Raises:
        FileNotFoundError: there is none.
        DamagedError: it is cut, or a bit of it changed; also from within the block.
        UserError: the store is away or refuses.
    """
    try:
        with (
            store.sentences(name),  # a bucket that is away for a moment damages nothing
            pq.ParquetFile(store.open(name), page_checksum_verification=True) as file,
        ):
            yield file
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if is_environment_fault(error):
            raise
        raise DamagedError(name, str(error).splitlines()[0]) from error


def read_footer(store: Store, name: str) -> Footer:
    """Raises as `opened` does."""
    with opened(store, name) as file:
        stored = (file.metadata.metadata or {}).get(FOOTER_KEY, b"")
    digest, _, text = stored.partition(b" ")
    if digest.decode("ascii", "replace") != bytes_sha256(text):
        raise DamagedError(name, "its footer is not what was written")
    try:
        return Footer.from_json(text)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(name, f"no footer of ours: {error}") from error


def read_columns(store: Store, name: str, columns: Sequence[str]) -> list[Row]:
    """Some small columns of every row."""
    with opened(store, name) as file:
        return file.read(columns=list(columns)).to_pylist()


def stream_rows(store: Store, name: str, columns: Sequence[str] | None, wanted: set[str]) -> Iterator[Row]:
    """The rows of the wanted clips in the order of the file, one row group in memory at a time."""
    chosen = pa.array(sorted(wanted), pa.string())
    with opened(store, name) as file:
        # the ids first: the rest of a row may be two megabytes of pictures
        chosen_n = pc.is_in(file.read(columns=["clip_id"]).column(0), value_set=chosen)
        first = 0
        for group in range(file.num_row_groups):
            mask = chosen_n.slice(first, file.metadata.row_group(group).num_rows)
            first += len(mask)
            if not pc.any(mask).as_py():
                continue
            yield from rows_of(read_group(file, group, columns).filter(mask))
