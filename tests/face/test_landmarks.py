"""Tracking: one face of several is followed, and a clip gives the same numbers whatever came before it."""

import cv2
import numpy as np
import pytest
from skimage import data

from style2talker.face.landmarks import LandmarkTracker, _Face, _most_prominent
from style2talker.face.model import EXPRESSION_NAMES


@pytest.fixture(scope="module")
def tracker():
    with LandmarkTracker() as tracker:
        yield tracker


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return data.astronaut()[:300, 60:380]


def face_at(x: float, size: float = 10.0) -> _Face:
    corners = np.array([[x, 0, 0], [x + size, size, 0]], np.float32)
    return _Face(landmarks_l3=corners, blendshapes_k=np.zeros(52, np.float32))


def test_a_portrait_has_478_points_and_a_smile(tracker, portrait):
    landmarks_l3, blendshapes_k = tracker.detect_image(portrait)
    score = dict(zip(EXPRESSION_NAMES, blendshapes_k, strict=True))
    assert landmarks_l3.shape == (478, 3)
    assert score["mouthSmileLeft"] > 0.5
    assert score["mouthSmileRight"] > 0.5
    assert score["tongueOut"] == 0


def test_a_picture_without_a_face_gives_none(tracker):
    assert tracker.detect_image(np.full((200, 200, 3), 128, np.uint8)) is None


def test_missing_frames_are_nan_and_the_face_is_found_again(tracker, portrait):
    blank = np.zeros_like(portrait)
    track = tracker.track([portrait] * 4 + [blank] * 4 + [portrait] * 4)
    np.testing.assert_array_equal(track.found_t, [True] * 4 + [False] * 4 + [True] * 4)
    assert np.isnan(track.landmarks_tl3[~track.found_t]).all()
    assert np.isfinite(track.landmarks_tl3[track.found_t]).all()
    assert track.landmarks_tl3.dtype == np.float32


def test_the_same_clip_gives_the_same_numbers_after_another_clip(tracker, portrait):
    clip = [np.roll(portrait, shift, axis=1) for shift in range(0, 12, 3)]
    first = tracker.track(clip)
    tracker.track([portrait[:, ::-1]] * 3)
    again = tracker.track(clip)
    np.testing.assert_array_equal(first.landmarks_tl3, again.landmarks_tl3)
    np.testing.assert_array_equal(first.blendshapes_tk, again.blendshapes_tk)


def test_of_two_faces_the_larger_is_followed(tracker, portrait):
    small = np.full_like(portrait, 128)
    small[:225, :240] = cv2.resize(portrait, (240, 225), interpolation=cv2.INTER_AREA)
    track = tracker.track([np.concatenate([small, portrait], axis=1)] * 4)
    assert track.num_faces_t.max() == 2
    assert (track.landmarks_tl3[:, :, 0] > portrait.shape[1]).all()


def test_a_brief_larger_face_does_not_take_the_clip():
    frames = [[face_at(k, 12)] + ([face_at(200, 40)] if k < 2 else []) for k in range(10)]
    followed = _most_prominent(frames)
    assert [followed[k].landmarks_l3[0, 0] for k in range(10)] == list(range(10))


def test_two_faces_that_swap_their_order_are_not_mixed():
    frames = [[face_at(0), face_at(100, 12)], [face_at(100, 12), face_at(0)]]
    followed = _most_prominent(frames)
    assert all(face.landmarks_l3[0, 0] == 100 for face in followed.values())


def test_a_clip_without_a_face_is_all_missing():
    assert _most_prominent([[], [], []]) == {}
