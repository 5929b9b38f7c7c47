"""Write H.264 + AAC mp4 at 25 fps."""

import os
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from style2talker.corpus.schema import AUDIO_RATE_HZ, FRAME_RATE_HZ
from style2talker.errors import UserError

SAMPLES_PER_FRAME = AUDIO_RATE_HZ // FRAME_RATE_HZ
BT709 = 1
PLAIN_KEYS = {"title", "artist", "author", "comment", "copyright", "description", "date", "genre", "album"}


class VideoWriter:
    """Write frames one by one; the file appears under its name only when the `with` block ends well.

    The same frames, sound and metadata give the same bytes with the same FFmpeg build: the thread count is
    fixed and no time or version is written. Colour is BT.709, limited range, and says so.

    Args:
        path: the mp4 to write; an existing file is replaced.
        width: frame width in px, even (4:2:0 chroma).
        height: frame height in px, even.
        audio: 16 kHz mono float [n] in [-1, 1] or None; its length may differ from the frames' by one frame.
        metadata: container tags, for example {"comment": "AI-generated"}.
        crf: x264 constant rate factor; 18 is visually lossless.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        width: int,
        height: int,
        audio: np.ndarray | None = None,
        metadata: Mapping[str, str] | None = None,
        crf: int = 18,
    ) -> None:
        if width % 2 or height % 2 or width < 2 or height < 2:
            raise UserError(f"video size {width}x{height}: both must be even; crop or scale by a pixel")
        self.path = Path(path)
        self.width, self.height, self.num_frames = width, height, 0
        self._part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self._audio = None if audio is None else np.clip(np.asarray(audio, np.float32), -1, 1)
        self._sent = 0
        tags = dict(metadata or {})
        flags = "+faststart" if tags.keys() <= PLAIN_KEYS else "+faststart+use_metadata_tags"
        options = {"movflags": flags, "fflags": "+bitexact"}
        self._container = av.open(str(self._part), "w", format="mp4", options=options)
        self._container.metadata.update(tags)
        self._video = self._container.add_stream("libx264", rate=FRAME_RATE_HZ)
        self._video.width, self._video.height, self._video.pix_fmt = width, height, "yuv420p"
        context = self._video.codec_context
        context.time_base = Fraction(1, FRAME_RATE_HZ)
        # x264's macroblock tree gives other bytes from run to run, even with one thread
        x264 = {"crf": str(crf), "preset": "veryfast", "threads": "2", "x264-params": "mbtree=0"}
        context.options = x264 | {"flags": "+bitexact"}
        context.colorspace, context.color_range = BT709, 1
        context.color_primaries, context.color_trc = BT709, BT709
        self._reformatter = VideoReformatter()
        self._sound = None
        if self._audio is not None:
            self._sound = self._container.add_stream("aac", rate=AUDIO_RATE_HZ, layout="mono")
            self._sound.codec_context.bit_rate = 96_000
            self._sound.codec_context.options = {"flags": "+bitexact"}

    def write(self, frame_hw3: np.ndarray) -> None:
        """Append one uint8 RGB frame [height, width, 3]."""
        if frame_hw3.shape != (self.height, self.width, 3) or frame_hw3.dtype != np.uint8:
            raise UserError(
                f"frame {self.num_frames} is {frame_hw3.dtype} {frame_hw3.shape}, expected uint8"
                f" {(self.height, self.width, 3)}; convert it before writing"
            )
        frame = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(frame_hw3), format="rgb24"),
            format="yuv420p",
            dst_colorspace=BT709,
            dst_color_range=1,
        )
        frame.pts, frame.time_base = self.num_frames, Fraction(1, FRAME_RATE_HZ)
        self._container.mux(self._video.encode(frame))
        self.num_frames += 1
        self._send_audio(self.num_frames * SAMPLES_PER_FRAME)

    def close(self) -> None:
        """Finish the file and give it its name. `with` calls this."""
        if not self.num_frames:
            self._discard()
            raise UserError(f"no frame was written to {self.path.name}; write at least one")
        excess = 0 if self._audio is None else len(self._audio) - self.num_frames * SAMPLES_PER_FRAME
        if self._audio is not None and abs(excess) > SAMPLES_PER_FRAME:
            self._discard()
            raise UserError(
                f"{self.num_frames} frames are {self.num_frames / FRAME_RATE_HZ:.2f} s but the audio is"
                f" {len(self._audio) / AUDIO_RATE_HZ:.2f} s; pad or cut one of them to within one frame"
            )
        self._container.mux(self._video.encode(None))
        if self._audio is not None and self._sound is not None:
            self._send_audio(len(self._audio))
            self._container.mux(self._sound.encode(None))
        self._container.close()
        os.replace(self._part, self.path)

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._discard()

    def _send_audio(self, until: int) -> None:
        if self._audio is None or self._sound is None:
            return
        chunk_n = self._audio[self._sent : until]
        if not chunk_n.size:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk_n)[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE_HZ, self._sent, Fraction(1, AUDIO_RATE_HZ)
        self._container.mux(self._sound.encode(frame))
        self._sent += chunk_n.size

    def _discard(self) -> None:
        self._container.close()
        self._part.unlink(missing_ok=True)


def write_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    audio: np.ndarray | None = None,
    metadata: Mapping[str, str] | None = None,
) -> int:
    """Write uint8 RGB frames [H, W, 3] and 16 kHz mono audio [n] to an mp4; returns the number of frames.

    Raises:
        UserError: no frames, odd size, frames of several sizes, or audio off by more than one frame.
    """
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise UserError(f"no frames for {Path(path).name}; pass at least one")
    with VideoWriter(
        path, width=first.shape[1], height=first.shape[0], audio=audio, metadata=metadata
    ) as writer:
        writer.write(first)
        for frame_hw3 in iterator:
            writer.write(frame_hw3)
        return writer.num_frames
