"""Opinion: what one witness says of one clip.

Shapes: E = 8 emotions in the order of `emotion.taxonomy.EMOTIONS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from style2talker.emotion.taxonomy import EMOTIONS

Modality = Literal["face", "voice", "words", "picture", "label"]
"""What a witness goes by: the face's movement, how it is said, what is said, the whole picture, or the data
set's own label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a witness says.

    Attributes:
        probability_e: [E], adds up to one; None from a witness that does not speak of emotions, or that had
            nothing to go by.
        measures: numbers by name, units in the names.
        text: a description, of a witness that writes one.

    Raises:
        ValueError: the probabilities are not [E] numbers that add up to one.
    """

    probability_e: np.ndarray | None = None
    measures: Mapping[str, float] = field(default_factory=dict)
    text: str = ""

    def __post_init__(self) -> None:
        if self.probability_e is None:
            return
        given = np.asarray(self.probability_e)
        if given.shape != (len(EMOTIONS),) or not np.isclose(given.sum(), 1, atol=1e-3) or (given < 0).any():
            raise ValueError(
                f"opinion: got probabilities {np.array2string(given, precision=3)}, expected "
                f"{len(EMOTIONS)} that add up to 1, in the order {', '.join(EMOTIONS)}; normalise them."
            )

    def row(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "probability": None if self.probability_e is None else np.asarray(self.probability_e, np.float32),
            "measures": [{"name": name, "value": float(value)} for name, value in self.measures.items()],
            "text": self.text,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Opinion":
        """The opinion that `row` made."""
        probability = row["probability"]
        return cls(
            probability_e=None if probability is None else np.asarray(probability, np.float32),
            measures={measure["name"]: measure["value"] for measure in row["measures"]},
            text=row["text"],
        )
