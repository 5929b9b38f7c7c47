"""Context: what a clip's labels rest on besides the clip itself.

Shapes: N nets, E = 8 emotions, R unit readings.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from style2talker.corpus.corrections import Correction
from style2talker.emotion.face_nets import FLOOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Neutral:
    """A speaker's face and voice when nothing is felt: means over the clips that show it least.

    Attributes:
        net_ne: [N, E] geometric means of the nets' answers.
        reading_r2: [R, 2].
        voice: means of the measures of the `voice` witness; empty without it.
        clip_ids: the clips it rests on.
    """

    net_ne: np.ndarray
    reading_r2: np.ndarray
    voice: Mapping[str, float]
    clip_ids: tuple[str, ...]

    @property
    def num_clips(self) -> int:
        return len(self.clip_ids)

    def without(self, clip_id: str, net_ne: np.ndarray, reading_r2: np.ndarray) -> "Neutral | None":
        """The neutral of the other clips, for one of them: against itself a face shows nothing.

        Args:
            net_ne, reading_r2: of that clip.
        """
        if clip_id not in self.clip_ids:
            return self
        if self.num_clips == 1:
            return None
        left = self.num_clips - 1
        log_ne = np.log(self.net_ne.astype(np.float64)) * self.num_clips
        own_ne = np.log(np.maximum(net_ne, FLOOR).astype(np.float64))
        mean_r2 = (self.num_clips * self.reading_r2.astype(np.float64) - reading_r2) / left
        seen_r2 = np.where(np.isfinite(mean_r2), mean_r2, self.reading_r2)
        return Neutral(
            net_ne=np.exp((log_ne - own_ne) / left).astype(np.float32),
            reading_r2=seen_r2.astype(np.float32),
            voice=self.voice,
            clip_ids=tuple(each for each in self.clip_ids if each != clip_id),
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON, to the last bit of a float32."""
        values = asdict(self)
        return values | {"net_ne": self.net_ne.tolist(), "reading_r2": self.reading_r2.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Neutral":
        arrays = {name: np.asarray(values[name], np.float32) for name in ("net_ne", "reading_r2")}
        return cls(**{**values, **arrays, "clip_ids": tuple(values["clip_ids"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of a clip from elsewhere; each None where it is not."""

    neutral: Neutral | None = None
    given_emotion: str | None = None
    """The data set's own word: a witness, not the truth."""
    given_level: int | None = None
    correction: Correction | None = None
    """What a person said; it wins."""
