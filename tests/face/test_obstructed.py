"""Glasses, a hand, a face partly out of the picture, through the real tracker: the fit stays where it was."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from style2talker.face.fit import Fit, fit_clip
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import embedded
from style2talker.twin import truth_motion
from style2talker.twin.truth_embedded import embedded_clip
from style2talker.twin.truth_motion import TruthSpec

FRAMES = 12
HIDDEN = range(5, 9)  # frames in which the hand is there
RIGHT_EYE, LEFT_EYE, MOUTH = [33, 133], [362, 263], [61, 291, 152]


def fitted(frames: list[np.ndarray]) -> Fit:
    with LandmarkTracker() as tracker:
        track = tracker.track(frames)
    assert track.found_t.all()
    return fit_clip(
        track.landmarks_tl3,
        blendshapes_tk=track.blendshapes_tk,
        model=embedded(),
        face_found_t=track.found_t,
    )


@pytest.fixture(scope="module")
def seen() -> tuple[np.ndarray, np.ndarray, Fit]:
    """(frames_thw3, the true points_tv2, the fit of a clear view)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(truth_motion, "LONGEST_FRAMES", FRAMES)
        clip = embedded_clip(TruthSpec(person=0, performance=0))
    return clip.frames_thw3, clip.points_tv2, fitted(list(clip.frames_thw3))


def with_glasses(frame_hw3: np.ndarray, points_v2: np.ndarray, index: int) -> np.ndarray:
    worn_hw3 = frame_hw3.copy()
    across_px = float(np.linalg.norm(points_v2[33] - points_v2[263]))
    for eye in (RIGHT_EYE, LEFT_EYE):
        x, y = np.rint(points_v2[eye].mean(axis=0)).astype(int).tolist()
        reach = round(0.24 * across_px), round(0.19 * across_px)
        cv2.ellipse(worn_hw3, (x, y), reach, 0, 0, 360, (25, 22, 20), 2, cv2.LINE_AA)
    bridge = np.rint(points_v2[[133, 362]]).astype(int).tolist()
    return cv2.line(worn_hw3, bridge[0], bridge[1], (25, 22, 20), 2, cv2.LINE_AA)


def with_a_hand(frame_hw3: np.ndarray, points_v2: np.ndarray, index: int) -> np.ndarray:
    if index not in HIDDEN:
        return frame_hw3
    across_px = float(np.linalg.norm(points_v2[33] - points_v2[263]))
    x, y = np.rint(points_v2[MOUTH].mean(axis=0)).astype(int).tolist()
    reach = round(0.5 * across_px), round(0.35 * across_px)
    return cv2.ellipse(frame_hw3.copy(), (x, y), reach, 0, 0, 360, (200, 160, 140), -1)


def without_a_side(frame_hw3: np.ndarray, points_v2: np.ndarray, index: int) -> np.ndarray:
    return np.ascontiguousarray(frame_hw3[:, :155])  # through the subject's left eye's outer corner


def without_the_chin(frame_hw3: np.ndarray, points_v2: np.ndarray, index: int) -> np.ndarray:
    return np.ascontiguousarray(frame_hw3[:189])


@pytest.mark.parametrize("hide", [with_glasses, with_a_hand, without_a_side, without_the_chin])
def test_what_hides_part_of_a_face_moves_the_fit_little(
    seen: tuple[np.ndarray, np.ndarray, Fit], hide: Callable[[np.ndarray, np.ndarray, int], np.ndarray]
) -> None:
    frames_thw3, points_tv2, clear = seen
    hidden = fitted(
        [hide(*each, index) for index, each in enumerate(zip(frames_thw3, points_tv2, strict=True))]
    )
    assert np.rad2deg(np.abs(hidden.rotation_t3 - clear.rotation_t3)).max() < 4
    assert np.abs(hidden.expression_tk - clear.expression_tk).mean() < 0.03
    assert np.median(hidden.error_t) < 0.025
