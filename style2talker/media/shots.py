"""Find hard cuts: frames after which both the colours and the picture are different.

A talking head moves little between frames, so a cut stands out twice: against a fixed floor and against the
change of the neighbouring frames. A flash or a single broken frame returns to what was there and is no cut.
"""

from array import array
from collections import deque
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from style2talker.errors import Reject
from style2talker.media.container import open_media, origin_s, video_stream
from style2talker.media.video import DECODE_THREADS, decode_from

THUMB_WIDTH_PX, THUMB_HEIGHT_PX = 48, 27
COLOUR_LEVELS = 8
MIN_CHANGE = 0.11  # two people on one blue screen differ by 0.17; heads that move change by up to 0.06
MIN_PIXEL_CHANGE = 0.04  # plain colours can leave their histogram cells all at once in a slow fade
MIN_RATIO = 3.0  # a cut changes this much more than the frames around it
NEIGHBOURS = 3  # frames looked at on each side


def shot_boundaries(path: str | Path) -> list[float]:
    """Times in seconds at which a new shot begins, ascending; [] for one shot. 0.0 is never among them.

    Every source frame is decoded once and looked at as a 48 x 27 thumbnail; its memory is that of
    three numbers per frame.

    Raises:
        Reject: see `open_media`; `no_video`; `decode_failed`.
    """
    with open_media(path) as container:
        video = video_stream(container)
        if video is None:
            raise Reject("no_video", f"{Path(path).name}: audio only")
        video.thread_type = "AUTO"
        video.codec_context.thread_count = DECODE_THREADS
        origin = origin_s(container)
        reformatter = VideoReformatter()
        finder = CutFinder()
        for time_s, frame in decode_from(container, video, origin):
            finder.add(time_s - origin, _thumbnail(frame, reformatter))
        return finder.cuts()


class CutFinder:
    """Feed (time, thumbnail) in order; `cuts()` gives the times of the first frames of new shots."""

    def __init__(self) -> None:
        self._recent: deque[np.ndarray] = deque(maxlen=2)
        # three numbers per frame are kept: a film has some hundred thousand
        self._times_s, self._change, self._change_over_two = array("d"), array("d"), array("d")

    def add(self, time_s: float, thumb_hw3: np.ndarray) -> None:
        """Append one uint8 RGB thumbnail [H, W, 3] shown from `time_s` on."""
        recent = self._recent
        self._times_s.append(time_s)
        self._change.append(picture_change(recent[-1], thumb_hw3) if recent else 0.0)
        self._change_over_two.append(picture_change(recent[-2], thumb_hw3) if len(recent) > 1 else 0.0)
        recent.append(thumb_hw3)

    def cuts(self) -> list[float]:
        """Ascending times in seconds."""
        change, over_two = np.asarray(self._change), self._change_over_two
        found = []
        for i in np.flatnonzero(change >= MIN_CHANGE):
            around = np.concatenate([change[max(i - NEIGHBOURS, 1) : i], change[i + 1 : i + 1 + NEIGHBOURS]])
            stands_out = not len(around) or change[i] >= MIN_RATIO * np.median(around)
            broken_frame_begins = i + 1 < len(change) and over_two[i + 1] < MIN_CHANGE / 2
            broken_frame_ends = i > 1 and over_two[i] < MIN_CHANGE / 2
            if stands_out and not broken_frame_begins and not broken_frame_ends:
                found.append(self._times_s[i])
        return found


def picture_change(a_hw3: np.ndarray, b_hw3: np.ndarray) -> float:
    """Geometric mean of the colour histograms' distance and the mean pixel difference, both in [0, 1].

    0 where the pixels alone show no new picture.
    """
    pixels = float(np.abs(a_hw3.astype(np.int16) - b_hw3).mean()) / 255
    if pixels < MIN_PIXEL_CHANGE:
        return 0.0
    colours = 0.5 * float(np.abs(_histogram(a_hw3) - _histogram(b_hw3)).sum())
    return (pixels * colours) ** 0.5


def _histogram(thumb_hw3: np.ndarray) -> np.ndarray:
    level = (thumb_hw3 // (256 // COLOUR_LEVELS)).reshape(-1, 3).astype(np.int32)
    cell = (level[:, 0] * COLOUR_LEVELS + level[:, 1]) * COLOUR_LEVELS + level[:, 2]
    return np.bincount(cell, minlength=COLOUR_LEVELS**3) / len(cell)


def _thumbnail(frame: av.VideoFrame, reformatter: VideoReformatter) -> np.ndarray:
    return reformatter.reformat(
        frame,
        width=THUMB_WIDTH_PX,
        height=THUMB_HEIGHT_PX,
        format="rgb24",
        interpolation=Interpolation.AREA,
    ).to_ndarray()
