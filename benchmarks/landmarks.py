"""What tracking a face costs, against MediaPipe's landmarker and against the landmark net alone.

Draws    a portrait that moves (or give videos): the same decoded frames for all, in turns, in one run
Prints   processor time per frame of MediaPipe with one face (it smooths) and with three (it does not), of the
         nets alone (one cut, the landmark and the blendshape net: the floor), of the tracker, and of the
         tracker with the fit; then how far landmarks wander on a picture that only moves as a whole; what two
         processes track in the time of one; and frames per second of the batched path on the CPU and, where
         there is one, on the GPU
Measured processor seconds of all threads, best of some rounds taken in turns, so a busy machine matters
         little; wall seconds where processes or a GPU are compared
Run      OMP_NUM_THREADS=1 python benchmarks/landmarks.py [VIDEO ...]

Axes: T frames.
"""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from skimage import data

from style2talker.face.crop import fomm_box, to_crop
from style2talker.face.fit import fit_clip, interocular_px
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.litert_nets import LiteRtNets
from style2talker.face.model import embedded
from style2talker.face.regions import regions_of_landmarks
from style2talker.face.track_batched import BatchedTracker
from style2talker.media.video import read_frames
from style2talker.quiet import no_native_stderr
from style2talker.weights.resolve import resolve

BATCH_SIZES = (16, 64, 256)
Frames = Sequence[np.ndarray]
console = Console()


def sway(num_frames: int, *, side_px: int = 512) -> np.ndarray:
    """Affine matrices [T, 2, 3] of a head that sways and tilts a little."""
    matrices = []
    for t in range(num_frames):
        matrix_23 = cv2.getRotationMatrix2D((165, 110), 6 * np.sin(0.11 * t), side_px / 300)
        matrix_23[:, 2] += [0.43 * side_px - 165 + 12 * np.sin(0.07 * t), 0.35 * side_px - 110]
        matrices.append(matrix_23)
    return np.stack(matrices)


def moving_portrait(num_frames: int, *, side_px: int = 512) -> list[np.ndarray]:
    """Frames uint8 [side, side, 3] of scikit-image's astronaut, who sways."""
    portrait = data.astronaut()[:300, 60:360]
    return [
        cv2.warpAffine(portrait, matrix_23, (side_px, side_px), borderMode=cv2.BORDER_REPLICATE)
        for matrix_23 in sway(num_frames, side_px=side_px)
    ]


def mediapipe_run(num_faces: int) -> Callable[[Frames], list[Any]]:
    """MediaPipe's own call, in the video mode, with blendshapes; its results, frame by frame."""
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(resolve("face_landmarker"))),
        running_mode=vision.RunningMode.VIDEO,
        num_faces=num_faces,
        output_face_blendshapes=True,
    )

    def run(frames: Frames) -> list[Any]:
        results = []
        with no_native_stderr(), vision.FaceLandmarker.create_from_options(options) as landmarker:
            for index, frame in enumerate(frames):
                image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)
                results.append(landmarker.detect_for_video(image, index * 40))
        return results

    return run


def nets_run(frames: Frames) -> Callable[[Frames], object]:
    """The floor: where the face lies is given."""
    nets = LiteRtNets(resolve("face_landmarker"))
    region_t5 = regions_of_landmarks(LandmarkTracker(nets=nets).track(frames).landmarks_tl3)

    def run(frames: Frames) -> object:
        landmarks_tl3, _ = nets.read(frames, np.arange(len(frames)), region_t5)
        return nets.blendshapes(landmarks_tl3)

    return run


def track_and_fit_run() -> Callable[[Frames], object]:
    tracker, model = LandmarkTracker(), embedded()

    def run(frames: Frames) -> object:
        track = tracker.track(frames)
        box = fomm_box(track.landmarks_tl3)
        assert box is not None
        return fit_clip(
            to_crop(track.landmarks_tl3, box),
            blendshapes_tk=track.blendshapes_tk,
            model=model,
            face_found_t=track.found_t,
        )

    return run


def print_costs(frames: Frames, *, rounds: int) -> None:
    runs = {
        "MediaPipe, 3 faces": mediapipe_run(3),
        "MediaPipe, 1 face": mediapipe_run(1),
        "the nets alone": nets_run(frames),
        "tracker": LandmarkTracker().track,
        "tracker and fit": track_and_fit_run(),
    }
    best_ms = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            start_s = time.process_time()
            run(frames)
            best_ms[name] = min(best_ms[name], 1000 * (time.process_time() - start_s) / len(frames))
    height, width = frames[0].shape[:2]
    table = Table(
        *("", "ms a frame", "frames/s and core", "of MediaPipe, 3 faces", "of the nets alone"),
        title=f"{len(frames)} frames of {width} x {height}, best of {rounds} rounds",
    )
    for name, ms in best_ms.items():
        shares = (f"{ms / best_ms[peer]:.2f}" for peer in ("MediaPipe, 3 faces", "the nets alone"))
        table.add_row(name, f"{ms:.2f}", f"{1000 / ms:.0f}", *shares)
    console.print(table)


def print_steadiness(num_frames: int) -> None:
    """How far landmarks wander on a picture that only moves as a whole: by noise, delay and the cut."""
    frames, matrix_t23 = moving_portrait(num_frames), sway(num_frames)
    height, width = frames[0].shape[:2]
    tracks = {"tracker": LandmarkTracker().track(frames).landmarks_tl3}
    tracks["batched"] = (
        BatchedTracker(nets=LiteRtNets(resolve("face_landmarker"))).track(frames).landmarks_tl3
    )
    for num_faces in (1, 3):
        faces = [result.face_landmarks[0] for result in mediapipe_run(num_faces)(frames)]
        points = np.array([[(p.x * width, p.y * height, p.z) for p in face] for face in faces])
        tracks[f"MediaPipe, {num_faces} face{'s' if num_faces > 1 else ''}"] = points
    heads = "from its mean place", "from frame to frame"
    table = Table("", *heads, title="wandering of a landmark, % of the eyes' distance, median")
    for name, landmarks_tl3 in tracks.items():
        still_tl2 = (landmarks_tl3[..., :2] - matrix_t23[:, None, :, 2]) @ np.linalg.inv(
            matrix_t23[:, :, :2]
        ).transpose(0, 2, 1)
        still_tl2 = 100 * still_tl2[10:] / np.median(interocular_px(still_tl2))
        away_tl = np.linalg.norm(still_tl2 - still_tl2.mean(axis=0), axis=2)
        step_tl = np.linalg.norm(np.diff(still_tl2, axis=0), axis=2)
        table.add_row(name, f"{np.median(away_tl):.2f}", f"{np.median(step_tl):.2f}")
    console.print(table)


def _work(kind: str, seed: int, frames: Frames, start: Any, seconds: Any) -> None:
    cv2.setNumThreads(1)  # as in the workers of a build: two threads of two processes wait for each other
    run = mediapipe_run(3) if kind == "MediaPipe" else LandmarkTracker().track
    shifted = [np.ascontiguousarray(np.roll(frame, 3 * seed, axis=1)) for frame in frames]
    run(shifted[:5])
    start.wait()
    start_s, start_processor_s = time.perf_counter(), time.process_time()
    run(shifted)
    seconds.put((time.perf_counter() - start_s, time.process_time() - start_processor_s))


def seconds_of(kind: str, num_processes: int, frames: Frames) -> tuple[float, float]:
    """Wall and processor seconds of the slowest of some processes that track a clip each at the same time."""
    spawn = multiprocessing.get_context("spawn")
    start, seconds = spawn.Barrier(num_processes), spawn.Queue()
    workers = [
        spawn.Process(target=_work, args=(kind, seed, frames, start, seconds))
        for seed in range(num_processes)
    ]
    for worker in workers:
        worker.start()
    times = [seconds.get() for _ in workers]
    for worker in workers:
        worker.join()
    wall_s, processor_s = (max(column) for column in zip(*times, strict=True))
    return wall_s, processor_s


def print_processes(frames: Frames, *, rounds: int) -> None:
    """The ratio by wall time is what a user sees, by processor time what an otherwise idle machine gives."""
    heads = "1 process, frames/s", "2 processes, frames/s", "ratio by wall time", "by processor time"
    table = Table("", *heads, title="each process its own clip, best of the rounds")
    for kind in ("MediaPipe", "tracker"):
        times = np.array([[seconds_of(kind, count, frames) for count in (1, 2)] for _ in range(rounds)])
        (one_s, one_processor_s), (two_s, two_processor_s) = times.min(axis=0)
        rates = f"{len(frames) / one_s:.0f}", f"{2 * len(frames) / two_s:.0f}"
        table.add_row(
            kind, *rates, f"{2 * one_s / two_s:.2f}", f"{2 * one_processor_s / two_processor_s:.2f}"
        )
    console.print(table)


def print_batched(frames: Frames) -> None:
    table = Table("", "frames a batch", "frames/s", title="wall time, frames in memory")

    def add(name: str, batch_size: int, run: Callable[[Frames], object], many: Frames) -> None:
        run(many[: 2 * batch_size])
        start_s = time.perf_counter()
        run(many)
        table.add_row(name, str(batch_size), f"{len(many) / (time.perf_counter() - start_s):.0f}")

    add("MediaPipe, 3 faces", 1, mediapipe_run(3), frames)
    add("tracker", 1, LandmarkTracker().track, frames)
    add("batched, cpu", 16, BatchedTracker(device="cpu", batch_size=16).track, frames)
    if torch.cuda.is_available():
        for batch_size in BATCH_SIZES:
            tracker = BatchedTracker(device="cuda", batch_size=batch_size)
            add("batched, cuda", batch_size, tracker.track, [*frames] * 10)
    console.print(table)


def main(
    videos: Annotated[list[Path] | None, typer.Argument(help="Videos; default is drawn.")] = None,
    num_frames: Annotated[int, typer.Option(help="Frames of each.")] = 100,
    rounds: Annotated[int, typer.Option(help="Rounds; the best counts.")] = 3,
) -> None:
    clips = [list(islice(read_frames(video), num_frames)) for video in videos or []]
    for frames in clips or [moving_portrait(num_frames)]:
        print_costs(frames, rounds=rounds)
    frames = clips[0] if clips else moving_portrait(num_frames)
    print_steadiness(num_frames)
    print_processes(frames, rounds=rounds)
    print_batched(frames)


if __name__ == "__main__":
    typer.run(main)
