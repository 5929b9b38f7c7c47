"""Linking: of several faces the one that the clip is about, whatever order they come in."""

import numpy as np

from style2talker.face.follow import LONGEST_GAP, Face, build_track, most_prominent
from style2talker.face.model import NUM_LANDMARKS


def face_at(x: float, size: float = 10.0) -> Face:
    landmarks_l3 = np.zeros((NUM_LANDMARKS, 3), np.float32)
    landmarks_l3[:, 0] = x
    landmarks_l3[1] = x + size, size, 0
    return Face(landmarks_l3)


def left_of(followed: dict[int, Face]) -> dict[int, float]:
    return {frame: float(face.box_4[0]) for frame, face in followed.items()}


def test_a_brief_larger_face_does_not_take_the_clip():
    frames = [[face_at(k, 12)] + ([face_at(200, 40)] if k < 2 else []) for k in range(10)]
    assert left_of(most_prominent(frames)) == {k: k for k in range(10)}


def test_two_faces_that_swap_their_order_are_not_mixed():
    frames = [[face_at(0), face_at(100, 12)], [face_at(100, 12), face_at(0)]]
    assert left_of(most_prominent(frames)) == {0: 100, 1: 100}


def test_a_face_that_comes_back_soon_is_the_same_and_after_long_another():
    for gap, frames_followed in ((LONGEST_GAP, 3), (LONGEST_GAP + 1, 2)):
        frames = [[face_at(0)], *[[]] * (gap - 1), [face_at(1)], [face_at(2)]]
        assert len(most_prominent(frames)) == frames_followed


def test_a_clip_without_a_face_is_all_missing():
    assert most_prominent([[], [], []]) == {}
    track = build_track([[], []], {}, np.empty((0, 52), np.float32))
    assert not track.found_t.any()
    assert np.isnan(track.landmarks_tl3).all()


def test_a_rival_is_measured_against_the_followed_face():
    frames = [[face_at(0, 20), face_at(100, 10)], [face_at(1, 20)]]
    followed = most_prominent(frames)
    track = build_track(frames, followed, np.zeros((2, 52), np.float32))
    np.testing.assert_allclose(track.rival_t, [0.5, 0])
    np.testing.assert_array_equal(track.num_faces_t, [2, 1])
