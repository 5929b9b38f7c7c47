"""What a clip's pictures add to the fit of its landmarks: before and after, side by side.

Draws     three seconds each of heads whose coefficients are known (see face_truth.py): with the embedded
          model, whose bases the fit shares, and with ICT-FaceKit, which it does not
Peer      on real videos, Deep3D's coefficient files, another net's reading of the same frames: the head's
          angles over time, as they are and less their mean over five frames, which leaves quick movement
Prints    errors against the truth; correlations with Deep3D's angles; jitter; frames per second of one core
Run       OMP_NUM_THREADS=1 python benchmarks/photometric.py --cache DIR [--ict FILE.npz] [--data DATA];
          DATA holds coeffs/NAME.mat and clips/NAME.mp4

The weight of the pictures was chosen on the drawn clips before FIRST_TEST_PERFORMANCE.

Axes: T frames, K coefficients, N columns.
"""

import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from deep3d import FARTHEST_SHIFT, correlation
from face_truth import FIRST_TEST_PERFORMANCE, angle_deg, closure_depths, jitter, openings, specs
from rich.console import Console
from rich.table import Table

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.face.convert.camera import from_deep3d
from style2talker.face.convert.files import read_deep3d
from style2talker.face.crop import crop_frames, fomm_box, to_crop
from style2talker.face.fit import Fit, fit_clip
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.face.photometric import refine
from style2talker.media.probe import probe
from style2talker.media.video import read_frames
from style2talker.twin.truth_clips import TruthClip
from style2talker.twin.truth_embedded import embedded_clip
from style2talker.twin.truth_ict import ict_clip

NUM_FRAMES = 75
EMBEDDED, ICT = (0, 2, 4, 6, 10, 14), (2, 10)  # of the specs
LONGEST_S = 6.0
JAW_OPEN = EXPRESSION_NAMES.index("jawOpen")


def drawn(number: int, *, ict: Path | None, cache: Path) -> dict[str, np.ndarray]:
    """A drawn clip, tracked; from the cache where it was drawn before."""
    spec = specs(passing=True)[number]
    path = cache / f"photometric_{'ict' if ict else 'embedded'}_{spec.name}.npz"
    if not path.exists():
        clip = ict_clip(spec, ict) if ict else embedded_clip(spec)
        kept = {
            name: values[:NUM_FRAMES] if len(values) == len(clip.frames_thw3) else values
            for name, values in asdict(clip).items()
        }
        kept["closure_n"] = clip.closure_n[clip.closure_n < NUM_FRAMES]
        with LandmarkTracker() as tracker:
            track = tracker.track(kept["frames_thw3"])
        np.savez(
            path, **kept, landmarks=track.landmarks_tl3, scores=track.blendshapes_tk, found=track.found_t
        )
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def filmed(video: Path, cache: Path) -> dict[str, np.ndarray]:
    """The first seconds of a video as 256-px crops, tracked."""
    path = cache / f"photometric_{video.stem}.npz"
    if not path.exists():
        frames = list(read_frames(video, end_s=LONGEST_S))
        with LandmarkTracker() as tracker:
            track = tracker.track(frames)
        box = fomm_box(track.landmarks_tl3)
        assert box is not None, f"no face in {video}"
        np.savez(
            path,
            frames_thw3=np.stack(list(crop_frames(frames, box))),
            landmarks=to_crop(track.landmarks_tl3, box),
            scores=track.blendshapes_tk,
            found=track.found_t,
        )
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def before_and_after(clip: dict[str, np.ndarray]) -> tuple[Fit, Fit, float]:
    """(fit of the landmarks, the same refined, seconds of the refinement)."""
    fit = fit_clip(
        clip["landmarks"], blendshapes_tk=clip["scores"], model=embedded(), face_found_t=clip["found"]
    )
    start_s = time.perf_counter()
    refined = refine(fit, clip["frames_thw3"], model=embedded())
    return fit, refined, time.perf_counter() - start_s


def against_truth(fit: Fit, truth: TruthClip, *, own_model: bool) -> dict[str, float]:
    constant_3 = np.median(fit.rotation_t3 - truth.rotation_t3, axis=0)
    figures = {
        "rotation error, deg": np.median(angle_deg(fit.rotation_t3, truth.rotation_t3)),
        "rotation, without its constant part": np.median(
            angle_deg(fit.rotation_t3 - constant_3, truth.rotation_t3)
        ),
        "jitter over the truth's, rotation": jitter(fit.rotation_t3) / jitter(truth.rotation_t3),
    }
    if own_model:
        error_tk = fit.expression_tk - truth.expression_tk
        moving_tk = error_tk - np.median(error_tk, axis=0)
        figures |= {
            "expression, mean absolute error of 52": np.abs(error_tk).mean(),
            "expression, without its constant part": np.abs(moving_tk).mean(),
            "jitter over the truth's, expression": jitter(fit.expression_tk) / jitter(truth.expression_tk),
        }
    mouth_t, lids_t2, brows_t2 = openings(fit)
    for name, found_tn, true_tn in (
        ("lips", mouth_t[:, None], truth.mouth_t[:, None]),
        ("lids", lids_t2, truth.lids_t2),
        ("brows", brows_t2, truth.brows_t2),
    ):
        pairs = [(f_t, t_t) for f_t, t_t in zip(found_tn.T, true_tn.T, strict=True) if np.ptp(t_t) > 0.02]
        if pairs:
            figures[f"{name}: correlation"] = np.mean([correlation(*pair) for pair in pairs])
            figures[f"{name}: slope"] = np.mean([np.polyfit(t_t, f_t, 1)[0] for f_t, t_t in pairs])
    depths = list(closure_depths(mouth_t, truth.mouth_t, truth.closure_n))
    if depths:
        figures["depth of lip closures kept"] = np.median(depths)
    return {name: float(value) for name, value in figures.items()}


def angles_beside(coefficients: Path, video: Path, fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """(frames, Deep3D's angles in them), with the shift of rows at which the angles agree best."""
    motion = read_deep3d(coefficients).motion
    rotation_r3, _ = from_deep3d(motion.angle_t3, motion.trans_t3)
    frame_t = np.flatnonzero(np.isfinite(fit.error_t))
    row_t = np.ceil(frame_t * probe(video).video_rate_hz / FRAME_RATE_HZ - 0.5 - 1e-6).astype(int)
    candidates = []
    for shift in range(-FARTHEST_SHIFT, FARTHEST_SHIFT + 1):
        known_t = (row_t + shift >= 0) & (row_t + shift < len(rotation_r3))
        frames, theirs_t3 = frame_t[known_t], rotation_r3[row_t[known_t] + shift]
        agreement = sum(correlation(fit.rotation_t3[frames, i], theirs_t3[:, i]) for i in range(3))
        candidates.append((agreement, frames, theirs_t3))
    return max(candidates, key=lambda candidate: candidate[0])[1:]


def against_deep3d(
    fit: Fit, clip: dict[str, np.ndarray], frames: np.ndarray, theirs_t3: np.ndarray
) -> dict[str, float]:
    def quick(values_t: np.ndarray) -> np.ndarray:
        return values_t[2:-2] - np.convolve(values_t, np.full(5, 0.2), "valid")

    figures = {}
    for i, angle in enumerate(("pitch", "yaw", "roll")):
        ours_t, their_t = fit.rotation_t3[frames, i], theirs_t3[:, i]
        figures[f"{angle} with Deep3D's"] = correlation(ours_t, their_t)
        figures[f"  quick movement of {angle}"] = correlation(quick(ours_t), quick(their_t))
    figures["jitter of rotation, mrad"] = 1e3 * jitter(fit.rotation_t3[frames])
    figures["jitter of expression"] = jitter(fit.expression_tk[frames])
    figures["jawOpen with the net's score"] = correlation(
        fit.expression_tk[frames, JAW_OPEN], clip["scores"][frames, JAW_OPEN]
    )
    return figures


def side_by_side(title: str, rows: list[tuple[dict[str, float], dict[str, float]]], speed_hz: float) -> Table:
    table = Table("mean over the clips", "landmarks", "and pictures", title=f"{title}: {len(rows)} clips")
    for name in dict.fromkeys(name for before, _ in rows for name in before):
        means = [np.mean([pair[i][name] for pair in rows if name in pair[i]]) for i in range(2)]
        table.add_row(name, *(f"{mean:.4f}" for mean in means))
    table.add_row("frames per second of the refinement", "", f"{speed_hz:.0f}")
    return table


def drawn_tables(kind: str, numbers: tuple[int, ...], *, ict: Path | None, cache: Path) -> list[Table]:
    tables, every = [], specs(passing=True)
    for part, wanted in (("chosen on", True), ("held out", False)):
        rows, num_frames, spent_s = [], 0, 0.0
        for number in numbers:
            if (every[number].performance < FIRST_TEST_PERFORMANCE) != wanted:
                continue
            clip = drawn(number, ict=ict, cache=cache)
            truth = TruthClip(**{field.name: clip[field.name] for field in fields(TruthClip)})
            fit, refined, seconds = before_and_after(clip)
            rows.append(
                (
                    against_truth(fit, truth, own_model=ict is None),
                    against_truth(refined, truth, own_model=ict is None),
                )
            )
            num_frames, spent_s = num_frames + len(fit.error_t), spent_s + seconds
        tables.append(side_by_side(f"{kind}, {part}", rows, num_frames / spent_s))
    return tables


def filmed_table(data: Path, cache: Path) -> Table:
    rows, num_frames, spent_s = [], 0, 0.0
    for coefficients in sorted((data / "coeffs").glob("*.mat")):
        video = data / "clips" / f"{coefficients.stem}.mp4"
        if not video.exists():
            continue
        clip = filmed(video, cache)
        fit, refined, seconds = before_and_after(clip)
        beside = angles_beside(coefficients, video, fit)
        rows.append((against_deep3d(fit, clip, *beside), against_deep3d(refined, clip, *beside)))
        num_frames, spent_s = num_frames + len(fit.error_t), spent_s + seconds
    return side_by_side("filmed", rows, num_frames / spent_s)


def main(
    cache: Annotated[Path, typer.Option(help="Where drawn and tracked clips are kept.")],
    ict: Annotated[Path | None, typer.Option(help="Packed ICT-FaceKit face; without it only ours.")] = None,
    data: Annotated[Path | None, typer.Option(help="Videos and their Deep3D files.")] = None,
) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    tables = drawn_tables("embedded model", EMBEDDED, ict=None, cache=cache)
    if ict:
        tables += drawn_tables("ICT-FaceKit", ICT, ict=ict, cache=cache)
    if data:
        tables.append(filmed_table(data, cache))
    for table in tables:
        Console().print(table)


if __name__ == "__main__":
    typer.run(main)
