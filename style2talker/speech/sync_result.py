"""What is found of a clip's sync, and when it counts as off. Light: stages name it before they load."""

from dataclasses import dataclass

IN_SYNC_FRAMES = 2.0
"""80 ms. Broadcasters allow 40 ms of early and 60 ms of late sound (EBU R37); the rest is for what is found a
little wrongly, and for real mouths, which open up to a frame before they are heard."""
SURE = 0.9
"""Confidence from which an offset is acted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """Sound against picture.

    Attributes:
        offset_frames: at 25 fps, positive where the sound is later than the picture.
        confidence: probability that this is right within one frame; 0 where there is nothing to go by.
    """

    offset_frames: float
    confidence: float

    def is_off(self, *, largest_frames: float = IN_SYNC_FRAMES, least_confidence: float = SURE) -> bool:
        """Surely out of sync."""
        return self.confidence >= least_confidence and abs(self.offset_frames) > largest_frames


UNKNOWN = Sync(offset_frames=0.0, confidence=0.0)
