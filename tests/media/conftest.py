"""Small synthetic files: every frame carries its own number, and the sound clicks at known times."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

NUM_BITS = 10
BIT_PX = 16
TICKS_HZ = 90_000

FrameWriter = Callable[..., Path]


def numbered_frame(number: int, *, height_px: int = 96) -> np.ndarray:
    """uint8 RGB [96, 160, 3]: the number in binary as ten stripes, with a red mark at the top left."""
    bits = [(number >> bit) & 1 for bit in range(NUM_BITS)]
    row = np.repeat(np.array(bits, np.uint8) * 215 + 20, BIT_PX)
    frame = np.repeat(np.tile(row, (height_px, 1))[:, :, None], 3, axis=2)
    frame[:BIT_PX, :BIT_PX] = (220, 20, 20)
    return frame


def frame_number(frame_hw3: np.ndarray) -> int:
    """The number that `numbered_frame` wrote, read from the middle row."""
    row = frame_hw3[frame_hw3.shape[0] // 2, :, 1]
    stripe = len(row) / NUM_BITS
    return sum((row[int((bit + 0.5) * stripe)] > 128) << bit for bit in range(NUM_BITS))


@pytest.fixture
def make_media(tmp_path: Path) -> FrameWriter:
    """Write a file with frames numbered 0... shown at `times_s`, and clicks of sound at `clicks_s`."""

    def write(
        name: str = "source.mp4",
        *,
        times_s: Sequence[float] = (),
        clicks_s: Sequence[float] = (),
        audio_s: tuple[float, float] | None = None,
        audio_rate_hz: int = 44_100,
        rotation_deg: int = 0,
        codec: str = "libx264",
        audio_codec: str = "aac",
        rate_hz: float | None = None,
        gop: int = 12,
        pixel_aspect: Fraction | None = None,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            video = audio = None
            if rate_hz is None:
                rate_hz = (len(times_s) - 1) / (times_s[-1] - times_s[0]) if len(times_s) > 1 else 25
            rate = Fraction(rate_hz).limit_denominator(100)
            if len(times_s):
                video = container.add_stream(codec, rate=rate)
                video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
                video.codec_context.gop_size = gop
                if codec != "mpeg1video":
                    video.codec_context.time_base = Fraction(1, TICKS_HZ if codec == "libx264" else 12_800)
                if pixel_aspect is not None:
                    video.codec_context.sample_aspect_ratio = pixel_aspect
                if rotation_deg:
                    video.set_display_rotation(rotation_deg)
            if audio_s is not None:
                audio = container.add_stream(audio_codec, rate=audio_rate_hz, layout="mono")
            if video is not None:
                for number, time_s in enumerate(times_s):
                    frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
                    frame.time_base = video.codec_context.time_base or 1 / rate
                    frame.pts = round(time_s / frame.time_base)
                    container.mux(video.encode(frame))
                container.mux(video.encode(None))
            if audio is not None and audio_s is not None:
                _write_clicks(container, audio, audio_s, clicks_s, audio_rate_hz)
        return path

    return write


def _write_clicks(container, audio, audio_s, clicks_s, rate_hz) -> None:
    start_s, end_s = audio_s
    sound_n = np.zeros(round((end_s - start_s) * rate_hz), np.float32)
    burst_n = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(round(0.02 * rate_hz)) / rate_hz)
    for click_s in clicks_s:
        first = round((click_s - start_s) * rate_hz)
        sound_n[first : first + len(burst_n)] = burst_n
    form = audio.codec_context.format.name
    if form.startswith("s16"):
        sound_n = (sound_n * 32767).astype(np.int16)
    elif form.startswith("s32"):
        sound_n = (sound_n * (2**31 - 128)).astype(np.int32)
    step = 1024
    for first in range(0, len(sound_n), step):
        frame = av.AudioFrame.from_ndarray(sound_n[None, first : first + step], format=form, layout="mono")
        frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
        frame.pts = first + round(start_s * rate_hz)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def click_times(audio_n: np.ndarray, *, rate_hz: int = 16_000) -> list[float]:
    """When each burst begins: where it first passes a tenth of full scale after 50 ms of quiet."""
    loud = np.flatnonzero(np.abs(audio_n) > 0.1)
    if not len(loud):
        return []
    return [float(loud[0]) / rate_hz] + [
        float(b) / rate_hz for a, b in pairwise(loud) if b - a > 0.05 * rate_hz
    ]


@pytest.fixture
def numbers_of() -> Callable[[Iterable[np.ndarray]], np.ndarray]:
    """Read the number that each frame carries."""
    return lambda frames: np.array([frame_number(frame) for frame in frames])


@pytest.fixture
def clicks_of() -> Callable[[np.ndarray], list[float]]:
    """Find the clicks in 16 kHz sound, in seconds."""
    return click_times
