"""Decode video onto the 25 fps grid.

Policy: grid frame k of a span shows the source frame whose presentation time is nearest to start_s + k / 25:
the time error is at most half a source frame interval and never accumulates. An exact tie (12.5 fps), known
only to half a tick of the file's time base, goes to the earlier frame, so rounding cannot make it alternate.
A grid frame exists when its middle lies inside the video: round(duration_s * 25) frames.
"""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.errors import Reject
from style2talker.media.container import decoded, open_media, origin_s, seekable, video_stream
from style2talker.media.probe import quarter_turns, seen_size

# Transport streams seek to a packet, not to a key frame.
SEEK_MARGINS_S = (0.0, 4.0, 16.0, 64.0, float("inf"))
DECODE_THREADS = 2
HD_HEIGHT_PX = 720  # untagged video from here on is BT.709, below it is BT.601: the convention of players


def read_frames(
    path: str | Path, *, start_s: float = 0.0, end_s: float | None = None, size_px: int | None = None
) -> Iterator[np.ndarray]:
    """Yield the RGB frames of [start_s, end_s) at 25 fps, turned upright and with square pixels.

    Args:
        path: a video file.
        start_s: first grid instant, on the clock of `media.container`.
        end_s: end of the span; None is the end of the video. Frames past the video's end are not made up.
        size_px: shorter side of the result, aspect ratio kept; None keeps the source's size.

    Yields:
        uint8 [H, W, 3]; round((end_s - start_s) * 25) of them where material exists. Memory is bounded by a
        few frames, whatever the length of the file.

    Raises:
        Reject: see `open_media`; `no_video`; `decode_failed` for damage or when nothing lies in the span.
    """
    with open_media(path) as container:
        video = video_stream(container)
        if video is None:
            raise Reject("no_video", f"{Path(path).name}: audio only")
        wanted = None if end_s is None else round((end_s - start_s) * FRAME_RATE_HZ)
        video.thread_type = "AUTO"
        video.codec_context.thread_count = DECODE_THREADS
        origin = origin_s(container)
        tie_s = 0.5 * float(video.time_base or 0) + 1e-6
        picture = Picture(video, size_px=size_px)
        done = 0
        held: tuple[float, av.VideoFrame] | None = None
        shown: np.ndarray | None = None  # `held` as RGB, kept while it is shown again
        stop_s = 0.0
        for time_s, frame in decode_from(container, video, origin + start_s):
            time_s -= origin
            while held is not None and done != wanted:
                instant_s = start_s + done / FRAME_RATE_HZ
                if instant_s > (held[0] + time_s) / 2 + tie_s:
                    break
                shown = picture(held[1]) if shown is None else shown.copy()
                yield shown
                done += 1
            if done == wanted:
                return
            held, shown = (time_s, frame), None
            stop_s = time_s + frame_duration_s(frame, video)
        while held is not None and done != wanted:
            if start_s + (done + 0.5) / FRAME_RATE_HZ > stop_s + tie_s:
                break
            shown = picture(held[1]) if shown is None else shown.copy()
            yield shown
            done += 1
        if not done and wanted != 0:
            raise Reject("decode_failed", f"{Path(path).name}: no video frame from {start_s:.2f} s on")


class Picture:
    """Decoded frame to upright RGB; one scaler is kept for all frames of a video."""

    def __init__(self, video: VideoStream, *, size_px: int | None) -> None:
        width, height = seen_size(video, rotation_deg=0)
        scale = 1.0 if size_px is None else size_px / min(width, height)
        self.width_px, self.height_px = round(width * scale), round(height * scale)
        self.source_height_px = min(width, height)
        self.reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """uint8 [H, W, 3] of `frame`, C-contiguous."""
        shrinks = self.height_px < frame.height or self.width_px < frame.width
        untagged = frame.colorspace not in (1, 4, 5, 6, 7, 9)
        rgb = self.reformatter.reformat(
            frame,
            width=self.width_px,
            height=self.height_px,
            format="rgb24",
            src_colorspace=(1 if self.source_height_px >= HD_HEIGHT_PX else 5) if untagged else None,
            interpolation=Interpolation.AREA if shrinks else Interpolation.BICUBIC,
        )
        return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), quarter_turns(frame.rotation)))


def frame_duration_s(frame: av.VideoFrame, video: VideoStream) -> float:
    """How long `frame` is shown: its own duration, else one interval of the stream's rate."""
    if frame.duration:
        return float(frame.duration * frame.time_base)
    return 1 / float(video.average_rate or video.guessed_rate or FRAME_RATE_HZ)


def decode_from(
    container: InputContainer, video: VideoStream, from_s: float
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield (container seconds, frame) in order of presentation, from a key frame at or before `from_s`."""
    first_s = origin_s(container)
    for margin_s in SEEK_MARGINS_S if seekable(container) else SEEK_MARGINS_S[-1:]:
        target_s = max(from_s - margin_s, first_s)
        if target_s > first_s:
            container.seek(int(target_s / video.time_base), stream=video)
        elif margin_s > 0:
            container.seek(int(first_s / video.time_base), stream=video)
        frames = _timed(container, video, wait_for_key=target_s > first_s)
        head = next(frames, None)
        if head is not None and (head[0] <= from_s or target_s <= first_s):
            yield head
            yield from frames
            return
        video.codec_context.flush_buffers()


def _timed(
    container: InputContainer, video: VideoStream, *, wait_for_key: bool
) -> Iterator[tuple[float, av.VideoFrame]]:
    last_s = float("-inf")
    for frame in decoded(container, video):
        wait_for_key = wait_for_key and not frame.key_frame
        if wait_for_key:
            continue  # its references lie before the seek point
        if frame.pts is not None:
            time_s = float(frame.pts * frame.time_base)
        else:
            time_s = (
                last_s + frame_duration_s(frame, video) if last_s > float("-inf") else origin_s(container)
            )
        if time_s > last_s:
            yield time_s, frame
            last_s = time_s
