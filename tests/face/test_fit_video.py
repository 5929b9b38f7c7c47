"""A whole video: one person and one identity across cuts, zooms, absences and however many parts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from style2talker.face import fit_video
from style2talker.face.fit import LONGEST_GAP, fit_clip
from style2talker.face.fit_movie import view_squares
from style2talker.face.fit_video import fit_followed
from style2talker.face.geometry import depth, project
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS, embedded
from style2talker.face.stretches import Followed, Span

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
        found_t=np.asarray(np.isfinite(truth_tk).all(axis=1)),
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


def without_faces(followed: Followed, frames: list[int]) -> Followed:
    """The same video with faces that nobody saw."""
    found_t = followed.found_t.copy()
    found_t[frames] = False
    (first, *_, last) = np.flatnonzero(found_t).tolist()
    return replace(
        followed,
        landmarks_tl3=np.where(found_t[:, None, None], followed.landmarks_tl3, np.nan),
        blendshapes_tk=np.where(found_t[:, None], followed.blendshapes_tk, np.nan),
        found_t=found_t,
        stretches=((first, last + 1),),
    )


@pytest.mark.parametrize("scale", [4.0, 40.0])
def test_bridged_frames_are_in_px_of_the_source_too(scale: float) -> None:
    missing = [0, 1, 2, 20, 21, 46, 47, 48, 49]
    followed = without_faces(video([one().talks(50, scale=scale)])[0], missing)
    table = fit_followed(followed, model=MODEL).table
    assert np.flatnonzero(~table.face_found_t).tolist() == missing
    np.testing.assert_allclose(table.translation_t3[:, 2], scale, rtol=0.05)
    np.testing.assert_allclose(
        table.translation_t3[:, :2], np.tile([320, 240], (50, 1)), atol=0.5 * scale
    )  # half a cm
    step_t3 = np.abs(np.diff(table.translation_t3, axis=0))
    assert (step_t3.max(axis=0) < 0.3 * scale).all()


@pytest.mark.parametrize("missing", [12, 13])
def test_longer_absences_at_the_ends_stay_empty(missing: int) -> None:
    followed, _ = video([missing, one().talks(40), missing])
    table = fit_followed(followed, model=MODEL).table
    np.testing.assert_array_equal(table.face_found_t, followed.found_t)
    empty_t = np.isnan(table.translation_t3).all(axis=1) & np.isnan(table.expression_tk).all(axis=1)
    assert empty_t.sum() == (2 * missing if missing > LONGEST_GAP else 0)


def test_a_face_in_one_part_of_a_long_video_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_video, "MOST_FRAMES", 80)
    followed, truth_tk = video([130, one().talks(100), 250])
    table = fit_followed(followed, model=MODEL).table
    np.testing.assert_array_equal(table.face_found_t, followed.found_t)
    jaw_t = table.expression_tk[followed.found_t, JAW]
    assert np.abs(jaw_t - truth_tk[followed.found_t, JAW]).mean() < 0.03


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
