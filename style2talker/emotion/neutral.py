"""A speaker's neutral: how this face looks to the nets and the trackers when it shows nothing.

A friendly rest, heavy brows or a beard are the person's, not the moment's; scored against their own neutral,
two people doing the same look alike. Where the data set calls clips of a speaker neutral, those are it.
Otherwise the quietest third of at least five clips stands for it: who talks for long shows little most of
the time. Fewer clips than that tell no rest from a mood, and the speaker has no neutral.

Shapes: N nets, E = 8 emotions, R unit readings.
"""

from collections.abc import Sequence

import numpy as np

from style2talker.emotion.context import Neutral

LEAST_CLIPS = 5
QUIET_SHARE = 1 / 3
_LEAST_PROBABILITY = 0.01
Evidence = tuple[str, bool, np.ndarray, np.ndarray]
"""Of a clip: its id, whether the data set calls it neutral, the nets' answers [N, E], the readings [R, 2]."""


def neutral_of(clips: Sequence[Evidence]) -> Neutral | None:
    """The neutral of one speaker from all of their clips, in whatever order they come."""
    in_order = sorted(clips, key=lambda clip: clip[0])  # sums of floats depend on their order
    chosen = [clip for clip in in_order if clip[1]]
    labelled = bool(chosen)
    if not labelled:
        if len(in_order) < LEAST_CLIPS:
            return None
        quiet = sorted(in_order, key=lambda clip: (_movement(clip[3]), clip[0]))
        chosen = sorted(quiet[: round(QUIET_SHARE * len(quiet))], key=lambda clip: clip[0])
    logs = [np.log(np.maximum(net_ne, _LEAST_PROBABILITY).astype(np.float64)) for _, _, net_ne, _ in chosen]
    readings = [reading_r2.astype(np.float64) for *_, reading_r2 in chosen]
    return Neutral(
        net_ne=np.exp(np.mean(logs, axis=0)).astype(np.float32),
        reading_r2=np.mean(readings, axis=0).astype(np.float32),
        num_clips=len(chosen),
        labelled=labelled,
    )


def _movement(reading_r2: np.ndarray) -> float:
    """How much a face does: the mean over all readings of the side that does more."""
    return float(reading_r2.max(axis=1).mean())
