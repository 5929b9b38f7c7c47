"""What a stage is: a function from one row to one row, with everything that its result depends on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import groupby
from typing import Any, Literal

import pyarrow as pa

from style2talker.corpus.manifest import StageEntry, json_sha256
from style2talker.media.footage import Footage
from style2talker.weights.resolve import sha256_of

Row = dict[str, Any]
Work = Callable[[Any], Any]
"""One row in; one row out, or a list where a source becomes clips and, as `Reject`, the parts that did not.
A row that is not kept at all raises `Reject`.

With a `batch_size`: a list of rows in, a list out with one such result, or a `Reject`, for each."""

SPAN_COLUMNS = ("clip_id", "source_id", "source_uri", "start_s", "end_s")
"""What every stage gets of each clip, and what a reject remembers of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One column group of the corpus and how it is made."""

    name: str
    version: int
    """Raise it when the code changes what comes out; exactly this stage and its readers run again."""
    schema: pa.Schema
    """Of the work file: clip_id and this stage's columns."""
    config: Any
    """A frozen dataclass; it is hashed into the fingerprint."""
    make: Callable[[Any, Footage], Work]
    """From the config and the footage to the function; called once per worker, loads the models."""
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns of earlier stages. `SPAN_COLUMNS` of discover are always there."""
    weights: tuple[str, ...] = ()
    """Names in the weights registry."""
    assets: Callable[[], dict[str, str]] = dict
    """Name and sha256 of model files that ship with the package."""
    libraries: tuple[str, ...] = ()
    """Distributions whose version changes the numbers."""
    needs_gpu: bool = False
    """Its actors share the machine's GPUs."""
    isolated: bool = False
    """The function runs in a process of its own, which a row may hang or kill (isolate.py)."""
    batch_size: int = 1
    """With more than 1, the function takes a list of about so many rows. Which rows are in it with a row may
    make no difference to what comes of it, or footage that is added would change labels that are there."""
    grain: Literal["clip", "source"] = "clip"
    """`source`: the clips of a source come in one list, as their results depend on each other, and what is
    made again is made again for all of them."""
    told: bool = False
    """Its rows rest on what lies outside the clip, and are made again when that changes; so are those of the
    stages that read it, which must say so too. Each row has it as `context` (outside.py)."""
    reads_footage: bool = False
    """Opens the source's files: they are watched while it works (unchanged.py)."""
    timeout_s: float = 600.0
    """How long a row may take before its process is ended; generous, a slow machine is no reason..."""
    timeout_per_s: float = 60.0
    """... and this much more per second of the clip, or for discover per megabyte of the source."""

    def models(self) -> dict[str, str]:
        return {**{name: sha256_of(name) for name in self.weights}, **self.assets()}

    def entry(self) -> StageEntry:
        """How the manifest and each row's provenance name this stage."""
        return StageEntry(
            name=self.name,
            version=self.version,
            config_sha256=json_sha256(asdict(self.config)),
            weights=self.models(),
            libraries={name: version(name) for name in self.libraries},
        )

    def recipe(self, inputs: Mapping[str, str]) -> str:
        """Hash of the stage's version, config, models, libraries and the recipes of what it reads."""
        return json_sha256([asdict(self.entry()), self.schema.to_string(), dict(inputs)])


def units_of(stage: Stage, rows: Sequence[Row]) -> list[list[Row]]:
    """Rows, in their order, in groups that must be computed together."""
    if stage.grain == "clip":
        return [[row] for row in rows]
    return [[*unit] for _, unit in groupby(rows, key=lambda row: row["source_id"])]
