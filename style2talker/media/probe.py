"""What a source file holds: length, rates, size as it is seen."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from style2talker.errors import Reject
from style2talker.media.container import audio_stream, open_media, origin_s, stream_end_s, video_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """Facts of one source file.

    Attributes:
        duration_s: from the first video frame to the end of the last one (of the sound, without video).
        video_rate_hz: average frame rate, 0.0 without video.
        width_px: width as seen: after rotation and with square pixels; 0 without video.
        height_px: height as seen; 0 without video.
        audio_rate_hz: the source's own sample rate, 0 without sound.
        rotation_deg: counter-clockwise turn that the file asks for, one of 0, 90, 180, 270.
        has_video: whether there is a moving picture.
        has_audio: whether there is a sound track (it may be silent).
    """

    duration_s: float
    video_rate_hz: float
    width_px: int
    height_px: int
    audio_rate_hz: int
    rotation_deg: int
    has_video: bool
    has_audio: bool


def probe(path: str | Path, *, need_video: bool = True) -> MediaInfo:
    """Measure the file at `path` by its packets; one frame is decoded.

    Raises:
        Reject: `empty_file`, `git_lfs_pointer`, `vanished`, `unreadable`, `not_media`, `decode_failed`, and
            `no_video` unless `need_video` is False.
    """
    with open_media(path) as container:
        video, audio = video_stream(container), audio_stream(container)
        name = Path(path).name
        if video is None and audio is None:
            raise Reject("not_media", f"{name}: neither an audio nor a video stream that can be decoded")
        if video is None and need_video:
            raise Reject("no_video", f"{name}: audio only")
        origin = origin_s(container)
        rotation, (width, height) = 0, (0, 0)
        if video is not None:
            rotation = _rotation(container, video, name)
            width, height = seen_size(video, rotation_deg=rotation)
        main = video or audio
        assert main is not None
        duration = stream_end_s(container, main) - origin
        if duration <= 0:
            raise Reject("decode_failed", f"{name}: no packet can be read from the {main.type} stream")
        return MediaInfo(
            duration_s=round(duration, 6),
            video_rate_hz=float(video.average_rate or video.guessed_rate or 0) if video else 0.0,
            width_px=width,
            height_px=height,
            audio_rate_hz=audio.codec_context.sample_rate if audio else 0,
            rotation_deg=rotation,
            has_video=video is not None,
            has_audio=audio is not None,
        )


def seen_size(video: VideoStream, *, rotation_deg: int) -> tuple[int, int]:
    """(width_px, height_px) with square pixels, after turning by `rotation_deg`."""
    width, height = video.codec_context.width, video.codec_context.height
    aspect = video.sample_aspect_ratio or Fraction(1)
    if Fraction(1, 3) < aspect < 3:  # beyond that the header is broken, not the pixel
        width = round(width * aspect)
    return (height, width) if rotation_deg % 180 else (width, height)


def quarter_turns(rotation_deg: float) -> int:
    """Counter-clockwise quarter turns nearest to a display matrix's angle."""
    return round(rotation_deg / 90) % 4


def _rotation(container: InputContainer, video: VideoStream, name: str) -> int:
    for frame in container.decode(video):
        return 90 * quarter_turns(frame.rotation)
    raise Reject("decode_failed", f"{name}: not one video frame can be decoded")
