"""Context: what a clip's labels rest on besides the clip itself.

Shapes: N nets, E = 8 emotions, R unit readings.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from style2talker.corpus.corrections import Correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Neutral:
    """A speaker's face and voice when nothing is felt: means over the clips that show it least.

    Attributes:
        net_ne: [N, E] geometric means of the nets' answers.
        reading_r2: [R, 2].
        voice: means of the measures of the `voice` witness; empty without it.
        num_clips: how many clips it rests on.
    """

    net_ne: np.ndarray
    reading_r2: np.ndarray
    voice: Mapping[str, float]
    num_clips: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON, to the last bit of a float32."""
        values = asdict(self)
        return values | {"net_ne": self.net_ne.tolist(), "reading_r2": self.reading_r2.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Neutral":
        arrays = {name: np.asarray(values[name], np.float32) for name in ("net_ne", "reading_r2")}
        return cls(**{**values, **arrays})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of a clip from elsewhere; each None where it is not."""

    neutral: Neutral | None = None
    given_emotion: str | None = None
    """The data set's own word: a witness, not the truth."""
    given_level: int | None = None
    correction: Correction | None = field(default=None)
    """What a person said; it wins."""
