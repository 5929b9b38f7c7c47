"""A speaker's neutral: how this face looks and this voice sounds when it shows nothing.

A friendly rest, heavy brows or a beard are the person's, not the moment's; scored against their own neutral,
two people doing the same look alike. Where the data set calls clips of a speaker neutral, those are it.
Otherwise the mean of the quieter three quarters of at least eight clips stands for it: each emotion shows in
a small part of them, so that what it moves averages out, and the loudest faces are left out. (The quietest
third would be sad: sad faces move as little as neutral ones. Of acted clips 12 to 13 of 16 are right with it,
14 to 15 with three quarters; docs/face_emotion.md.) Fewer clips tell no rest from a mood: the speaker has no
neutral.

Shapes: N nets, E = 8 emotions, R unit readings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from style2talker.emotion.action_units import intensities
from style2talker.emotion.context import Neutral
from style2talker.emotion.face_nets import FLOOR
from style2talker.emotion.unit_readings import witness_rows

LEAST_CLIPS = 8
QUIET_SHARE = 3 / 4
MOST_CLIPS = 40
"""More of them make the mean no better."""


class Quiet(NamedTuple):
    """Of a clip: whether the data set calls it neutral, how much the face does (`movement`)."""

    clip_id: str
    labelled: bool
    movement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a chosen clip says: the nets' answers [N, E], the readings [R, 2], the `voice` witness'
    measures."""

    clip_id: str
    net_ne: np.ndarray
    reading_r2: np.ndarray
    voice: Mapping[str, float]


def movement(reading_r2: np.ndarray) -> float:
    """How much a face does, from this clip alone: the length of its units' intensities. 0 without a face."""
    return float(np.linalg.norm([value for value, _ in intensities(witness_rows(reading_r2)).values()]))


def chosen_clips(clips: Sequence[Quiet]) -> tuple[str, ...]:
    """Which of a speaker's clips make the neutral, in order; none where it cannot be told."""
    labelled = sorted(clip.clip_id for clip in clips if clip.labelled)
    if labelled:
        return tuple(labelled[:MOST_CLIPS])
    if len(clips) < LEAST_CLIPS:
        return ()
    quiet = sorted(clips, key=lambda clip: (clip.movement, clip.clip_id))
    return tuple(sorted(clip.clip_id for clip in quiet[: min(MOST_CLIPS, round(QUIET_SHARE * len(quiet)))]))


def neutral_of(clips: Sequence[Evidence]) -> Neutral:
    """The neutral that the chosen clips make, in whatever order they come."""
    in_order = sorted(clips, key=lambda clip: clip.clip_id)  # sums of floats depend on their order
    logs = [np.log(np.maximum(clip.net_ne, FLOOR).astype(np.float64)) for clip in in_order]
    reading_cr2 = np.stack([clip.reading_r2.astype(np.float64) for clip in in_order])
    read_cr2 = np.isfinite(reading_cr2)
    mean_r2 = np.where(read_cr2, reading_cr2, 0).sum(axis=0) / np.maximum(read_cr2.sum(axis=0), 1)
    said = sorted({name for clip in in_order for name in clip.voice})
    voices = {name: [clip.voice[name] for clip in in_order if name in clip.voice] for name in said}
    return Neutral(
        net_ne=np.exp(np.mean(logs, axis=0)).astype(np.float32),
        reading_r2=np.where(read_cr2.any(axis=0), mean_r2, np.nan).astype(np.float32),
        voice={name: float(np.float32(np.mean(values))) for name, values in voices.items()},
        clip_ids=tuple(clip.clip_id for clip in in_order),
    )
