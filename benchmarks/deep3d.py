"""Our fit against Deep3D's coefficients of the same videos: mouth opening over time, and head pose.

Claim     mouth opening follows Deep3D's at a correlation of at least 0.8; its angles are ours, sign by sign
Peer      the published coefficient files of StyleTalk and DreamTalk (Deep3DFaceRecon, BFM 2009)
Measured  per clip; pose and expression per frame, on the same frame of the same video
Run       python benchmarks/deep3d.py DATA; DATA holds coeffs/NAME.mat and, in any folder, NAME.mp4

Deep3D's files hold 64 expression coefficients and no landmarks, and BFM's basis is under a licence form. But
a BFM mesh is linear in them, so the gap between its lips is one fixed direction w of those 64 numbers plus a
constant of the person. w is read out by ridge regression onto our own opening over ALL OTHER clips, each with
its mean removed; then w, which never saw the clip, is correlated with our opening in it. The stricter figure
leaves out every clip of the speaker. Two controls: the same read-out against our opening half a clip later
must show next to nothing (MEAD's actors all say one sentence, so another clip would); and the first principal
component of Deep3D's expression inside the clip, which is fitted to nothing of ours.

Which row of the file belongs to which frame is found from the head's angles alone (one shift for all clips of
a folder), never from the mouth. Tracks are kept in a temporary folder.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.evaluate.motion import lip_measures
from style2talker.face.convert.camera import from_deep3d
from style2talker.face.convert.deep3d import MotionRows
from style2talker.face.convert.files import read_deep3d
from style2talker.face.convert.square import out_of_square, squares
from style2talker.face.crop import fomm_box, from_crop, to_crop
from style2talker.face.fit import fit_clip
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import embedded
from style2talker.media.probe import probe
from style2talker.media.video import read_frames

RIDGE = 10.0  # 0.1 to 100 move the medians by at most 0.006
FARTHEST_SHIFT = 6  # rows
FARTHEST_LAG = 5  # frames at 25 Hz


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One video on our 25 Hz grid: T frames of ours, R rows of Deep3D's."""

    name: str
    folder: str
    rate_hz: float
    opening_t: np.ndarray  # % of the interocular distance
    rotation_t3: np.ndarray
    translation_t3: np.ndarray  # source px
    motion: MotionRows
    their_translation_r3: np.ndarray  # source px

    @property
    def speaker(self) -> str:
        return self.name.removeprefix("styletalk_").split("_")[0]

    def paired(self, shift: int) -> tuple[np.ndarray, np.ndarray]:
        """(frames, rows) that show the same picture when source frame f has row f + shift."""
        frame_t = np.arange(len(self.opening_t))
        # The source frame nearest to each grid instant, ties to the earlier one, as media/video.py draws it.
        row_t = np.ceil(frame_t * self.rate_hz / FRAME_RATE_HZ - 0.5 - 1e-6).astype(int) + shift
        known_t = (row_t >= 0) & (row_t < len(self.motion.angle_t3)) & np.isfinite(self.opening_t)
        return frame_t[known_t], row_t[known_t]


def read_clip(coefficients: Path, video: Path, cache: Path) -> Clip:
    """Track (or take the track from the cache), fit, and read Deep3D's file."""
    saved = cache / f"{video.stem}-{video.stat().st_size}.npz"
    if not saved.exists():
        with LandmarkTracker() as tracker:
            track = tracker.track(read_frames(video))
        np.savez(saved, landmarks=track.landmarks_tl3, blendshapes=track.blendshapes_tk, found=track.found_t)
    tracked = np.load(saved)
    box = fomm_box(tracked["landmarks"])
    assert box is not None, f"no face in {video}"
    fit = fit_clip(
        to_crop(tracked["landmarks"], box),
        blendshapes_tk=tracked["blendshapes"],
        model=embedded(),
        face_found_t=tracked["found"],
    )
    theirs = read_deep3d(coefficients)
    assert theirs.transform_t5 is not None, f"{coefficients} has no transform_params"
    _, translation_r3 = from_deep3d(theirs.motion.angle_t3, theirs.motion.trans_t3)
    own_t3 = fit.translation_t3.astype(np.float64)
    place_t2 = from_crop(own_t3[:, :2], box)
    return Clip(
        name=video.stem,
        folder=video.parent.name,
        rate_hz=probe(video).video_rate_hz,
        opening_t=lip_measures(embedded(), fit.identity_k, fit.expression_tk)[:, 0],
        rotation_t3=fit.rotation_t3,
        translation_t3=np.concatenate([place_t2, own_t3[:, 2:] * box[2] / 256], axis=1),
        motion=theirs.motion,
        their_translation_r3=out_of_square(translation_r3, squares(theirs.transform_t5)),
    )


def centred(values_t: np.ndarray) -> np.ndarray:
    return values_t - values_t.mean(axis=0)


def correlation(a_t: np.ndarray, b_t: np.ndarray) -> float:
    a_t, b_t = centred(a_t), centred(b_t)
    return float((a_t * b_t).sum() / np.sqrt((a_t**2).sum() * (b_t**2).sum()))


def clock_shift(clips: list[Clip]) -> int:
    """The shift in rows at which the angles of all clips agree best, each by its share of the movement."""

    def agreement(shift: int) -> float:
        ours_3, both_3 = np.zeros(3), np.zeros(3)
        for clip in clips:
            frames, rows = clip.paired(shift)
            ours_t3, theirs_t3 = centred(clip.rotation_t3[frames]), centred(clip.motion.angle_t3[rows])
            both_3 += (ours_t3 * theirs_t3).sum(axis=0)
            ours_3 += np.sqrt((ours_t3**2).sum(axis=0) * (theirs_t3**2).sum(axis=0))
        return both_3.sum() / ours_3.sum()

    return max(range(-FARTHEST_SHIFT, FARTHEST_SHIFT + 1), key=agreement)


def read_out(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The direction [64] of Deep3D's expression that follows our opening, from (expression_tk, opening_t)."""
    expression_nk = np.concatenate([centred(expression_tk) for expression_tk, _ in pairs]).astype(np.float64)
    opening_n = np.concatenate([centred(opening_t) for _, opening_t in pairs])
    gram_kk = expression_nk.T @ expression_nk + RIDGE * np.eye(expression_nk.shape[1])
    return np.linalg.solve(gram_kk, expression_nk.T @ opening_n)


def lag_of(theirs_t: np.ndarray, ours_t: np.ndarray) -> int:
    """Frames by which theirs follows ours."""

    def at(lag: int) -> float:
        end = len(ours_t) - abs(lag)
        return correlation(theirs_t[max(lag, 0) :][:end], ours_t[max(-lag, 0) :][:end])

    return max(range(-FARTHEST_LAG, FARTHEST_LAG + 1), key=at)


def mouth(clips: list[Clip], shift_of: dict[str, int]) -> None:
    pairs = []
    for clip in clips:
        frames, rows = clip.paired(shift_of[clip.folder])
        pairs.append((clip.motion.expression_tk[rows], clip.opening_t[frames]))
    title = "mouth opening, correlation with ours"
    typer.echo(f"\n{title:42} clip out  speaker out  lag  control  their 1st PC")
    table = []
    for index, clip in enumerate(clips):
        expression_tk, opening_t = pairs[index]
        others = [pair for other, pair in enumerate(pairs) if other != index]
        strangers = [pair for other, pair in zip(clips, pairs, strict=True) if other.speaker != clip.speaker]
        theirs_t = expression_tk @ read_out(others)
        first_pc_k = np.linalg.svd(centred(expression_tk), full_matrices=False)[2][0]
        row = (
            correlation(theirs_t, opening_t),
            correlation(expression_tk @ read_out(strangers), opening_t),
            lag_of(theirs_t, opening_t),
            correlation(theirs_t, np.roll(opening_t, len(opening_t) // 2)),
            abs(correlation(expression_tk @ first_pc_k, opening_t)),
        )
        table.append(row)
        typer.echo(f"  {clip.name:40} {row[0]:9.3f} {row[1]:12.3f} {row[2]:4d} {row[3]:8.2f} {row[4]:13.2f}")
    median, worst = np.median(table, axis=0), np.min(table, axis=0)
    typer.echo(
        f"  {'median of ' + str(len(table)):40} {median[0]:9.3f} {median[1]:12.3f} {median[2]:4.0f} "
        f"{median[3]:8.2f} {median[4]:13.2f}"
    )
    typer.echo(f"  {'lowest (the target is 0.8)':40} {worst[0]:9.3f} {worst[1]:12.3f}")


def pose(clips: list[Clip], shift_of: dict[str, int]) -> None:
    typer.echo(
        "\nhead pose           correlation within clips  slope of ours on theirs  ours - theirs, degrees"
    )
    ours, theirs, places = [], [], []
    for clip in clips:
        frames, rows = clip.paired(shift_of[clip.folder])
        ours.append(clip.rotation_t3[frames].astype(np.float64))
        theirs.append(clip.motion.angle_t3[rows].astype(np.float64))
        own_t3, their_t3 = clip.translation_t3[frames], clip.their_translation_r3[rows]
        away_t2 = (own_t3[:, :2] - their_t3[:, :2]) / their_t3[:, 2:]
        places.append(np.median(np.column_stack([away_t2, own_t3[:, 2] / their_t3[:, 2]]), axis=0))
    for axis, name in enumerate(("pitch", "yaw", "roll")):
        own_n = np.concatenate([centred(clip_t3[:, axis]) for clip_t3 in ours])
        their_n = np.concatenate([centred(clip_t3[:, axis]) for clip_t3 in theirs])
        slope = (own_n * their_n).sum() / (their_n**2).sum()
        away_c = np.degrees([np.median((a - b)[:, axis]) for a, b in zip(ours, theirs, strict=True)])
        low, high = np.percentile(away_c, [10, 90])
        typer.echo(
            f"  {name:20}{correlation(own_n, their_n):22.3f} {slope:24.2f} {np.median(away_c):13.1f}"
            f" (clips: {low:.1f} to {high:.1f})"
        )
    x_cm, y_cm, ratio = np.median(places, axis=0)
    spread = np.std(places, axis=0)
    typer.echo(
        f"  our origin lies {x_cm:+.1f} cm right and {y_cm:+.1f} cm below theirs (spread {spread[0]:.1f} and "
        f"{spread[1]:.1f}); our px per cm is {ratio:.2f} of theirs (spread {spread[2]:.2f})"
    )


def main(
    data: Annotated[Path, typer.Argument(help="Folder with coeffs/*.mat and the videos of the same names.")],
    cache: Annotated[Path | None, typer.Option(help="Where tracks are kept.")] = None,
) -> None:
    cache = cache or Path(tempfile.gettempdir()) / "style2talker-deep3d"
    cache.mkdir(parents=True, exist_ok=True)
    clips = []
    for coefficients in sorted((data / "coeffs").glob("*.mat")):
        for video in sorted(data.glob(f"*/{coefficients.stem}.mp4")):
            clips.append(read_clip(coefficients, video, cache))
    by_folder: dict[str, list[Clip]] = {}
    for clip in clips:
        by_folder.setdefault(clip.folder, []).append(clip)
    shift_of = {folder: clock_shift(group) for folder, group in by_folder.items()}
    for folder, group in by_folder.items():
        rates = sorted({clip.rate_hz for clip in group})
        shift = f"row is source frame {shift_of[folder]:+d} (from the pose)"
        typer.echo(f"{folder}: {len(group)} clips at {rates} Hz, {shift}")
    mouth(clips, shift_of)
    pose(clips, shift_of)


if __name__ == "__main__":
    typer.run(main)
