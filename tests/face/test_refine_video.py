"""A fitted video and its pictures are gone through side by side, without keeping the pictures."""

import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from style2talker.face import refine_video
from style2talker.face.fit import Fit, interocular_px
from style2talker.face.fit_video import Stretch, VideoFit, fit_followed
from style2talker.face.geometry import depth, project
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS, embedded
from style2talker.face.stretches import Followed
from style2talker.face.table import FaceTable

FRAMES, SIDE_PX = 60, 64
FACE = slice(44, 56)


def fitted() -> VideoFit:
    """A face in the frames of FACE, in a square of the picture's middle."""
    found_t = np.zeros(FRAMES, bool)
    found_t[FACE] = True
    known_t1 = np.where(found_t, 1.0, np.nan).astype(np.float32)[:, None]
    landmarks_l3 = np.random.default_rng(0).uniform(20, 44, (NUM_LANDMARKS, 3))
    return VideoFit(
        table=FaceTable(
            face_found_t=found_t,
            expression_tk=np.zeros((FRAMES, 52), np.float32) * known_t1,
            rotation_t3=np.zeros((FRAMES, 3), np.float32) * known_t1,
            translation_t3=np.array([32, 32, 2], np.float32) * known_t1,
            error_t=0.01 * known_t1[:, 0],
            confidence_t=found_t.astype(np.float32),
            visibility_t=found_t.astype(np.float32),
            expression_names=EXPRESSION_NAMES,
            identity_k=np.zeros(len(embedded().identity_kv3), np.float32),
            face_model="embedded",
            face_model_sha256="0" * 64,
            rate_hz=25.0,
            width_px=SIDE_PX,
            height_px=SIDE_PX,
        ),
        landmarks_tl3=landmarks_l3 * known_t1[..., None],
        stretches=(Stretch(begin=FACE.start, end=FACE.stop, error=0.01, misfit=1.0, kept=True),),
    )


def test_parts_without_a_face_are_passed_by_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[np.ndarray]] = []
    most_alive, looked_at = 0, []

    def read_frames(path: str, *, start_s: float, end_s: float | None) -> Iterator[np.ndarray]:
        nonlocal most_alive
        for number in range(FRAMES):
            frame_hw3 = np.full((SIDE_PX, SIDE_PX, 3), number, np.uint8)
            made.append(weakref.ref(frame_hw3))
            most_alive = max(most_alive, sum(frame() is not None for frame in made))
            yield frame_hw3

    def refine(fit: Fit, frames: Iterator[np.ndarray], **_: object) -> Fit:
        looked_at.append([int(frame_hw3[128, 128, 0]) for frame_hw3 in frames])
        assert len(looked_at[-1]) == len(fit.error_t)
        return fit

    monkeypatch.setattr(refine_video, "read_frames", read_frames)
    monkeypatch.setattr(refine_video, "refine", refine)
    monkeypatch.setattr(refine_video, "MOST_FRAMES", 20)
    before = fitted()
    after = refine_video.refine_video(Path("a.mp4"), before, model=embedded())
    assert looked_at == [list(range(40, 60))]
    assert most_alive <= 3
    np.testing.assert_allclose(after.table.translation_t3, before.table.translation_t3, rtol=1e-5)
    assert after.table.photometric
    np.testing.assert_array_equal(np.isnan(after.table.error_t), ~before.table.face_found_t)


def test_the_measures_are_those_of_the_coefficients_beside_them() -> None:
    """Of a fit that landmarks made they are what the fit said; moved by 2 px, the mesh lies 2 px away."""
    model = embedded()
    expression_tk = np.random.default_rng(1).uniform(0, 0.4, (20, 52))
    rotation_t3 = np.linspace([0.0, -0.6, 0.0], [0.1, 0.6, 0.1], 20)
    translation_t3 = np.tile([64.0, 60.0, 9.0], (20, 1))
    vertices_tv3 = model.shape(np.ones(len(model.identity_kv3)), expression_tk)
    landmarks_tl3 = np.dstack(
        [project(vertices_tv3, rotation_t3, translation_t3), -9 * depth(vertices_tv3, rotation_t3)]
    )
    followed = Followed(
        landmarks_tl3=landmarks_tl3,
        blendshapes_tk=expression_tk,
        found_t=np.arange(20) != 7,
        stretches=((0, 20),),
        width_px=128,
        height_px=128,
    )
    fit = fit_followed(followed, model=model)
    again = refine_video._measured(fit, model)
    for name in ("error_t", "visibility_t", "confidence_t"):
        np.testing.assert_allclose(getattr(again.table, name), getattr(fit.table, name), atol=1e-3)
    shift_t3 = fit.table.translation_t3 + np.array([2, 0, 0], np.float32)
    moved = refine_video._measured(replace(fit, table=replace(fit.table, translation_t3=shift_t3)), model)
    apart_px_t = moved.table.error_t * interocular_px(fit.landmarks_tl3)
    np.testing.assert_allclose(apart_px_t[fit.table.face_found_t], 2, atol=0.2)
    assert moved.stretches[0].error > 3 * fit.stretches[0].error
    assert (moved.table.confidence_t <= moved.table.visibility_t).all()
