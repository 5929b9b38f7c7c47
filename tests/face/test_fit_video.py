"""A whole video: one person and one identity across cuts, zooms, absences and however many parts."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from style2talker.errors import Reject
from style2talker.face import fit_video, stretches
from style2talker.face.fit import fit_clip
from style2talker.face.fit_movie import view_squares
from style2talker.face.fit_video import fit_followed
from style2talker.face.follow import Track
from style2talker.face.geometry import depth, project
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS, embedded
from style2talker.face.stretches import Followed, Span, follow_video

MODEL = embedded()
JAW = EXPRESSION_NAMES.index("jawOpen")


@dataclass
class Person:
    identity_k: np.ndarray
    seed: int = 0

    def talks(self, num_frames: int, *, scale: float = 11.0) -> tuple[np.ndarray, np.ndarray]:
        """(landmarks_tl3 with 0.3 px of noise, true expression_tk)."""
        random = np.random.default_rng(self.seed)
        phase_t = np.arange(num_frames) * 0.35
        expression_tk = np.zeros((num_frames, 52))
        expression_tk[:, JAW] = 0.3 + 0.3 * np.sin(phase_t)
        rotation_t3 = np.deg2rad([5, 15, 5]) * np.sin(phase_t / 9)[:, None]
        translation_t3 = np.tile([320.0, 240.0, scale], (num_frames, 1))
        vertices_tv3 = MODEL.shape(self.identity_k, expression_tk)
        points_tv2 = project(vertices_tv3, rotation_t3, translation_t3)
        z_tv1 = -depth(vertices_tv3, rotation_t3)[..., None] * scale
        exact_tl3 = np.concatenate([points_tv2, z_tv1], axis=2)
        return exact_tl3 + random.normal(size=exact_tl3.shape) * 0.03 * scale, expression_tk


def one(seed: int = 1) -> Person:
    return Person(np.random.default_rng(seed).normal(size=len(MODEL.identity_kv3)), seed)


def video(parts: Iterable[tuple[np.ndarray, np.ndarray] | int]) -> tuple[Followed, np.ndarray]:
    """Tracked parts one after another, a number meaning so many frames without a face; true expression."""
    landmarks, truth, spans = [], [], []
    for part in parts:
        begin = sum(map(len, landmarks))
        if isinstance(part, int):
            landmarks.append(np.full((part, NUM_LANDMARKS, 3), np.nan))
            truth.append(np.full((part, 52), np.nan))
        else:
            landmarks.append(part[0])
            truth.append(part[1])
            spans.append((begin, begin + len(part[0])))
    landmarks_tl3, truth_tk = np.concatenate(landmarks), np.concatenate(truth)
    followed = Followed(
        landmarks_tl3=landmarks_tl3.astype(np.float32),
        blendshapes_tk=truth_tk.astype(np.float32),
        found_t=np.isfinite(truth_tk).all(axis=1),
        stretches=tuple(spans),
        width_px=640,
        height_px=480,
    )
    return followed, truth_tk


def test_one_stretch_is_fitted_as_a_clip_is_and_in_px_of_the_source() -> None:
    followed, _ = video([one().talks(40, scale=23.0)])
    table = fit_followed(followed, model=MODEL).table
    with threadpool_limits(1):
        clip = fit_clip(
            followed.landmarks_tl3,
            blendshapes_tk=followed.blendshapes_tk,
            model=MODEL,
            face_found_t=followed.found_t,
        )
    np.testing.assert_allclose(table.expression_tk, clip.expression_tk, atol=1e-3)
    np.testing.assert_allclose(table.translation_t3, clip.translation_t3, rtol=1e-3, atol=0.05)
    np.testing.assert_allclose(table.translation_t3[:, 2], 23.0, rtol=0.05)


def test_a_cut_and_a_zoom_leave_one_person_one_identity() -> None:
    person = one()
    followed, truth_tk = video([person.talks(60), 30, person.talks(40, scale=30.0)])
    fit = fit_followed(followed, model=MODEL)
    assert [stretch.kept for stretch in fit.stretches] == [True, True]
    known_t = fit.table.face_found_t
    np.testing.assert_array_equal(known_t, followed.found_t)
    assert np.isnan(fit.table.expression_tk[~known_t]).all()
    assert np.isnan(fit.landmarks_tl3[~known_t]).all()
    jaw_t = fit.table.expression_tk[known_t, JAW]
    assert np.abs(jaw_t - truth_tk[known_t, JAW]).mean() < 0.03
    assert max(stretch.error for stretch in fit.stretches) < 0.01


def test_another_person_is_left_out_and_named() -> None:
    followed, _ = video([one(1).talks(50), one(2).talks(80), one(1).talks(50), one(2).talks(30)])
    fit = fit_followed(followed, model=MODEL)
    assert [(stretch.begin, stretch.kept) for stretch in fit.stretches] == [
        *((0, False), (50, True)),
        *((130, False), (180, True)),
    ]
    assert fit.stretches[0].misfit > fit_video.SAME_PERSON > fit.stretches[3].misfit
    table = fit.table
    assert np.isnan(table.rotation_t3[:50]).all()
    assert np.isnan(table.error_t[130:180]).all()
    assert (table.confidence_t[130:180] == 0).all()
    assert table.face_found_t[180:].all()
    alone = fit_followed(video([one(2).talks(80)])[0], model=MODEL).table
    assert np.linalg.norm(table.identity_k - alone.identity_k) < 0.5


def test_a_video_in_parts_is_the_video_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    followed, truth_tk = video([one().talks(200), 20, one().talks(90)])
    whole = fit_followed(followed, model=MODEL).table
    monkeypatch.setattr(fit_video, "MOST_FRAMES", 80)
    parts = fit_followed(followed, model=MODEL).table
    difference_tk = np.abs(parts.expression_tk - whole.expression_tk)[followed.found_t]
    assert difference_tk.mean() < 0.01
    seam_t = np.abs(np.diff(parts.expression_tk[:200, JAW]) - np.diff(truth_tk[:200, JAW]))
    assert seam_t[[65, 66, 67, 132, 133, 134]].max() < 0.05  # three parts: no step where they meet
    np.testing.assert_allclose(
        parts.rotation_t3[followed.found_t], whole.rotation_t3[followed.found_t], atol=0.02
    )
    assert parts.identity_k.shape == whole.identity_k.shape


def test_the_view_holds_the_face_and_stays_in_the_picture() -> None:
    followed, _ = video([one().talks(20), 10, one().talks(20, scale=16.0)])
    fit = fit_followed(followed, model=MODEL)
    square_t3 = view_squares(fit)
    assert len(np.unique(square_t3, axis=0)) == 2
    low_t2, high_t2 = square_t3[:, :2] - square_t3[:, 2:] / 2, square_t3[:, :2] + square_t3[:, 2:] / 2
    assert (low_t2 >= 0).all()
    assert (high_t2 <= [640, 480]).all()
    for frame in np.flatnonzero(followed.found_t):
        points_l2 = followed.landmarks_tl3[frame, :, :2]
        assert ((points_l2 > low_t2[frame]) & (points_l2 < high_t2[frame])).all()


class FakeTracker:
    """Follows the most frequent number that the frames of a call hold; 0 is no face."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def track(self, frames: Iterable[np.ndarray]) -> Track:
        who_t = np.array([int(frame[0, 0, 0]) for frame in frames])
        self.calls.append(len(who_t))
        faces, counts = np.unique(who_t[who_t > 0], return_counts=True)
        found_t = who_t == (faces[counts.argmax()] if len(faces) else -1)
        landmarks_tl3 = np.where(found_t, who_t, np.nan)[:, None, None] * np.ones((1, NUM_LANDMARKS, 3))
        return Track(
            landmarks_tl3=landmarks_tl3.astype(np.float32),
            blendshapes_tk=np.where(found_t, 0.5, np.nan)[:, None].astype(np.float32) * np.ones((1, 52)),
            found_t=found_t,
            num_faces_t=(who_t > 0).astype(np.int32),
            rival_t=np.zeros(len(who_t), np.float32),
        )


def followed_faces(who: list[int], monkeypatch: pytest.MonkeyPatch) -> tuple[Followed, list[int]]:
    """What is followed where the video shows person `who[t]` at frame t."""
    frames = [np.full((90, 160, 3), 90, np.uint8) for _ in who]
    for frame, number in zip(frames, who, strict=True):
        frame[0, 0, 0] = number  # too little for a cut

    def read_frames(path: str, *, start_s: float, end_s: float | None) -> Iterable[np.ndarray]:
        yield from frames[round(start_s * 25) : None if end_s is None else round(end_s * 25)]

    monkeypatch.setattr(stretches, "read_frames", read_frames)
    monkeypatch.setattr(stretches, "_num_frames", lambda *_, **__: len(frames))
    tracker = FakeTracker()
    return follow_video("a.mp4", tracker, start_s=0.0), tracker.calls  # type: ignore[arg-type]


def test_who_is_not_followed_at_first_is_tracked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    who = [40] * 60 + [41] * 100 + [0] * 30 + [42] * 40 + [0] * 5 + [41] * 5
    followed, calls = followed_faces(who, monkeypatch)
    assert followed.stretches == ((0, 60), (60, 160), (190, 230))
    assert calls[0] == len(who)
    assert sum(calls[1:]) == 100  # only what nobody followed: both other people
    assert (followed.width_px, followed.height_px) == (160, 90)
    np.testing.assert_array_equal(followed.found_t[[0, 100, 170, 200, 232, 238]], [1, 1, 0, 1, 0, 0])
    assert np.isnan(followed.landmarks_tl3[~followed.found_t]).all()


def test_a_cut_parts_what_the_tracker_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [40] * 50 + [0] * 10 + [40] * 40
    assert followed_faces(frames, monkeypatch)[0].stretches == ((0, 100),)
    monkeypatch.setattr(stretches.CutFinder, "cuts", lambda self: [1.2])
    assert followed_faces(frames, monkeypatch)[0].stretches == ((0, 30), (30, 100))


def test_nobody_for_half_a_second_is_a_reject(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    followed, _ = followed_faces([40] * 5 + [0] * 60, monkeypatch)
    assert followed.stretches == ()
    monkeypatch.setattr(fit_video, "follow_video", lambda *_, **__: followed)
    with pytest.raises(Reject, match="none of 65 frames shows a face for half a second"):
        fit_video.fit_video(tmp_path / "a.mp4", model=MODEL)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 100)], [[(0, 100)]]),
        ([(0, 80), (90, 110), (120, 210)], [[(0, 80), (90, 110)], [(120, 210)]]),
        ([(5, 255)], [[(5, 88)], [(88, 172)], [(172, 255)]]),
    ],
)
def test_parts_are_solved_in_batches_that_fit(
    spans: list[Span], expected: list[list[Span]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_video, "MOST_FRAMES", 100)
    assert list(fit_video._batches(list(fit_video._parts(spans)))) == expected
