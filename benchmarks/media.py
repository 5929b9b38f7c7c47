"""Decode to upright 25 fps RGB at 256 px, against PyAV alone on the same file in the same run.

Claim     the grid, rotation, square pixels and colour add next to nothing to the bare decode
Peer      PyAV: `frame.reformat(256 px, rgb24).to_ndarray()` for every source frame, same threads
Measured  CPU seconds of all threads, best of 5 rounds taken in turns, so a busy machine matters little
Run       python benchmarks/media.py [video]
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import av
import numpy as np
import typer

from style2talker.media.encode import write_video
from style2talker.media.probe import probe
from style2talker.media.video import DECODE_THREADS, read_frames

ROUNDS = 5


def synthetic(path: Path, *, num_frames: int = 500, side_px: int = 512) -> Path:
    """A moving pattern with some noise: 20 s of 512 px."""
    rng = np.random.default_rng(0)
    base = rng.integers(0, 255, (side_px // 16, side_px // 16, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    noise = rng.integers(0, 12, base.shape, np.uint8)
    write_video(
        path, (np.roll(base, 3 * k, axis=1) // 2 + np.roll(noise, k, axis=0) for k in range(num_frames))
    )
    return path


def bare(path: Path, *, height_px: int, width_px: int) -> int:
    """Decode and scale every source frame with PyAV."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = DECODE_THREADS
        count = 0
        for frame in container.decode(stream):
            frame.reformat(
                width=width_px, height=height_px, format="rgb24", interpolation="AREA"
            ).to_ndarray()
            count += 1
        return count


def timed(decode: Callable[[], int], seconds: list[float]) -> int:
    """Run `decode`, note its CPU seconds and return the number of frames."""
    start_s = time.process_time()
    count = decode()
    seconds.append(time.process_time() - start_s)
    return count


def main(video: Annotated[Path | None, typer.Argument(help="A video; default is synthetic.")] = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = video or synthetic(Path(folder) / "synthetic.mp4")
        info = probe(path)
        scale = 256 / min(info.width_px, info.height_px)
        height_px, width_px = round(info.height_px * scale), round(info.width_px * scale)
        ours_s: list[float] = []
        peer_s: list[float] = []
        num_ours = num_peer = 0
        for _ in range(ROUNDS):
            num_ours = timed(lambda: sum(1 for _ in read_frames(path, size_px=256)), ours_s)
            num_peer = timed(lambda: bare(path, height_px=height_px, width_px=width_px), peer_s)
    size = f"{info.width_px}x{info.height_px}"
    typer.echo(f"{path.name}: {info.duration_s:.1f} s, {size}, {info.video_rate_hz:.2f} fps")
    for name, count, seconds in (("read_frames", num_ours, ours_s), ("PyAV alone", num_peer, peer_s)):
        typer.echo(f"{name:12} {count} frames in {min(seconds):.3f} CPU s")
    typer.echo(f"ratio        {min(peer_s) / min(ours_s):.2f} of PyAV's speed over the same seconds of video")


if __name__ == "__main__":
    typer.run(main)
