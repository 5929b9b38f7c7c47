"""Annotator: a witness of a clip's emotion, rows in, opinions out, as a stage of the ledger.

To add one, write a module in `pipelines/annotators/` with an `Annotator`, and name it in the profile's
`annotators`: docs/annotators.md.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import pyarrow as pa

from pipelines.stage import Row, Stage
from style2talker.emotion.opinion import Modality, Opinion
from style2talker.errors import UserError
from style2talker.media.footage import Footage

OPINION = pa.struct(
    [
        ("probability", pa.list_(pa.float32())),
        ("measures", pa.list_(pa.struct([("name", pa.string()), ("value", pa.float32())]))),
        ("text", pa.string()),
    ]
)

Ask = Callable[[Sequence[Row]], Sequence[Opinion]]
"""Rows in, as many opinions out, in the same order."""


def column_of(name: str) -> str:
    """The column of an annotator's work file."""
    return f"{name}_opinion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotator:
    """A witness. Its opinion may depend on the row alone, never on the other rows of the call.

    Attributes:
        name: of the stage, and in every row's `opinions`.
        version: raise it when the code changes what comes out.
        modality: what it goes by; witnesses of one modality share one vote.
        config: a frozen dataclass; part of the fingerprint.
        load: from the config to the function; called once per process, loads the models.
        reads: columns of earlier stages.
        weights: names in the weights registry.
        assets: name and sha256 of model files that ship with the package, or that the user brought.
        libraries: distributions whose version changes the numbers.
        needs_gpu: it shares the machine's GPUs.
        batch_size: rows of a call.
    """

    name: str
    version: int
    modality: Modality
    config: Any
    load: Callable[[Any], Ask]
    reads: Mapping[str, tuple[str, ...]]
    weights: tuple[str, ...] = ()
    assets: Callable[[], dict[str, str]] = dict
    libraries: tuple[str, ...] = ()
    needs_gpu: bool = False
    batch_size: int = 1

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]\w*", self.name):
            raise UserError(f"annotator {self.name!r}: a name is letters, digits and _, as smile_counter.")
        if self.modality not in get_args(Modality):
            known = ", ".join(get_args(Modality))
            raise UserError(f"annotator {self.name}: modality {self.modality!r} is none of {known}.")

    def stage(self) -> Stage:
        """The stage that asks it; it makes one column, see `column_of`."""
        columns = [pa.field("clip_id", pa.string(), nullable=False), pa.field(column_of(self.name), OPINION)]
        return Stage(
            name=self.name,
            version=self.version,
            schema=pa.schema(columns),
            config=self.config,
            make=_Asking(self.name, self.load, alone=self.batch_size == 1),
            reads=self.reads,
            weights=self.weights,
            assets=self.assets,
            libraries=self.libraries,
            needs_gpu=self.needs_gpu,
            batch_size=self.batch_size,
            isolated=True,
        )


@dataclass(frozen=True, slots=True)
class _Asking:
    """Makes the stage's function, which takes one row `alone` or a list of them."""

    name: str
    load: Callable[[Any], Ask]
    alone: bool

    def __call__(self, config: Any, footage: Footage) -> Any:
        ask = self.load(config)

        def work(clips: Sequence[Row]) -> list[Row]:
            try:
                opinions = [opinion.row() for opinion in ask(clips)]
            except (TypeError, AttributeError, LookupError) as error:  # of the program, not of a row
                what = f"{type(error).__name__}: {error}"
                raise UserError(
                    f"annotator {self.name} failed on clip {clips[0]['clip_id']}: {what}."
                ) from error
            if len(opinions) != len(clips):
                raise UserError(f"annotator {self.name}: {len(opinions)} opinions of {len(clips)} rows.")
            return [
                {"clip_id": clip["clip_id"], column_of(self.name): opinion}
                for clip, opinion in zip(clips, opinions, strict=True)
            ]

        return (lambda clip: work([clip])[0]) if self.alone else work
