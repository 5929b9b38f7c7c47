"""Open a media file, or say in one `Reject` why it cannot be opened; and the clock that both streams share.

The clock: time 0 is the presentation time of the first video frame (of the first audio sample where there is
no video). Every `start_s` and `end_s` of this package is on that clock: a stream that starts late stays late.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.errors import Reject

LFS_HEADER = b"version https://git-lfs"
# Pictures and text that FFmpeg would play as video.
STILL_DEMUXERS = ("image2", "_pipe", "gif", "apng", "tty")
TAIL_S = 5.0
LEAST_BYTES_PER_S = 20  # the thinnest speech codec has 80; below this the timestamps are damaged


@contextmanager
def open_media(path: str | Path) -> Iterator[InputContainer]:
    """Open `path` for demuxing; only the file itself is read, never a URL or playlist it names.

    Raises:
        Reject: `vanished`, `unreadable`, `empty_file`, `git_lfs_pointer` or `not_media`; `decode_failed` when
            FFmpeg gives up inside the `with` block.
    """
    _look(Path(path))
    try:
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"})
    except av.error.FFmpegError as error:
        raise Reject("not_media", f"{Path(path).name}: no audio or video in it ({error.strerror})") from error
    with container:
        if any(part in container.format.name for part in STILL_DEMUXERS):
            raise Reject("not_media", f"{Path(path).name}: a still picture or text ({container.format.name})")
        try:
            yield container
        except av.error.FFmpegError as error:
            raise Reject("decode_failed", f"{Path(path).name}: {error.strerror}") from error


def _look(path: Path) -> None:
    try:
        with open(path, "rb") as file:
            head = file.read(len(LFS_HEADER))
    except FileNotFoundError as error:
        raise Reject("vanished", f"{path.name}: the file was listed and is no longer there") from error
    except IsADirectoryError as error:
        raise Reject("not_media", f"{path.name}: a directory, not a file") from error
    except OSError as error:
        raise Reject("unreadable", f"{path.name}: cannot be read ({error.strerror})") from error
    if not head:
        raise Reject("empty_file", f"{path.name}: 0 bytes")
    if head == LFS_HEADER:
        raise Reject("git_lfs_pointer", f"{path.name}: a Git LFS pointer; `git lfs pull` gets the bytes")


def video_stream(container: InputContainer) -> VideoStream | None:
    """The moving picture, or None: cover art in a music file does not count."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.codec_context is not None:
            return stream
    return None


def audio_stream(container: InputContainer) -> AudioStream | None:
    """The first sound track that can be decoded, or None."""
    for stream in container.streams.audio:
        if stream.codec_context is not None and stream.codec_context.sample_rate:
            return stream
    return None


def seekable(container: InputContainer) -> bool:
    """Whether timestamps after a seek can be trusted: MPEG program streams come back up to a frame off."""
    return container.format.name != "mpeg"


def decoded(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[Any]:
    """Frames from here on. Packets that fail before the first frame are what a seek into a group leaves."""
    any_frame = False
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            if any_frame:
                raise
            continue
        for frame in frames:
            any_frame = True
            yield frame


def origin_s(container: InputContainer) -> float:
    """Source time of the clock's zero, in the container's own seconds."""
    stream = video_stream(container) or audio_stream(container)
    if stream is None or stream.start_time is None or stream.time_base is None:
        return 0.0
    return float(stream.start_time * stream.time_base)


def stream_end_s(container: InputContainer, stream: VideoStream | AudioStream) -> float:
    """Where `stream` really ends, in the container's own seconds; leaves the container at an unknown place.

    Headers lie (MPEG-1 loses the last frame, a cut-off download keeps the full length), so the last packets
    are read. Costs a seek and the demuxing of 5 s, or of the whole file where the seek finds nothing.

    Raises:
        Reject: `decode_failed` for an end that the file is far too small for.
    """
    hint_s = float(container.duration or 0) / av.time_base + float(container.start_time or 0) / av.time_base
    if hint_s > 2 * TAIL_S:
        try:
            container.seek(int((hint_s - TAIL_S) * av.time_base))
            end = _last_packet_s(container, stream)
        except av.error.FFmpegError:
            end = 0.0
        if end > 0:
            return _plausible(container, end)
    container.seek(int(container.start_time or 0))
    return _plausible(container, _last_packet_s(container, stream))


def _plausible(container: InputContainer, end: float) -> float:
    if container.size / max(end - origin_s(container), 1) < LEAST_BYTES_PER_S:
        raise Reject(
            "decode_failed",
            f"{Path(container.name).name}: timestamps reach {end:.0f} s in {container.size} bytes, under"
            f" {LEAST_BYTES_PER_S} bytes per second",
        )
    return end


def _last_packet_s(container: InputContainer, stream: VideoStream | AudioStream) -> float:
    end, frame_s = 0.0, 0.0
    if isinstance(stream, VideoStream):
        frame_s = 1 / float(stream.average_rate or stream.guessed_rate or FRAME_RATE_HZ)
    try:
        for packet in container.demux(stream):
            time = packet.pts if packet.pts is not None else packet.dts
            if packet.size and time is not None:
                length_s = float(packet.duration * packet.time_base) if packet.duration else frame_s
                end = max(end, float(time * packet.time_base) + length_s)
    except av.error.FFmpegError:
        return end  # a damaged tail: what came before it still counts
    return end
