"""Tracking: one face of several is followed, nothing is smoothed or remembered, MediaPipe says the same."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from style2talker.face.landmarks import LOOK_EVERY, LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.face.regions import regions_of_landmarks
from style2talker.face.usable import interocular_px
from style2talker.media.video import read_frames
from style2talker.weights.resolve import resolve


@pytest.fixture(scope="module")
def tracker():
    with LandmarkTracker() as tracker:
        yield tracker


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return data.astronaut()[:300, 60:380]


def oracle(frames: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks [T, 478, 3] and scores [T, 52] of MediaPipe when it cuts a face by the landmarks before it.

    With two faces allowed it does not smooth; with a tracking threshold of one no detection ever replaces a
    tracked face, so the first face stays the one that is cut by its own landmarks.
    """
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(resolve("face_landmarker"))),
        running_mode=vision.RunningMode.VIDEO,
        num_faces=2,
        min_tracking_confidence=1.0,
        output_face_blendshapes=True,
    )
    landmarks, scores = [], []
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for index, frame in enumerate(frames):
            height, width = frame.shape[:2]
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
            result = landmarker.detect_for_video(image, index * 40)
            landmarks.append([(p.x * width, p.y * height, p.z * width) for p in result.face_landmarks[0]])
            named = {category.category_name: category.score for category in result.face_blendshapes[0]}
            scores.append([named.get(name, 0.0) for name in EXPRESSION_NAMES])
    return np.array(landmarks), np.array(scores)


def agree(tracker: LandmarkTracker, frames: list[np.ndarray]) -> None:
    """From the fifth frame on: MediaPipe cuts the first by its detector, which the next ones forget."""
    expected_tl3, scores_tk = oracle(frames)
    track = tracker.track(frames)
    distance_tl = (
        np.linalg.norm(track.landmarks_tl3 - expected_tl3, axis=2) / interocular_px(expected_tl3)[:, None]
    )
    assert np.median(distance_tl[5:]) < 0.002
    assert distance_tl[5:].max() < 0.02
    assert np.abs(track.blendshapes_tk - scores_tk)[5:].mean() < 0.002


def test_a_portrait_has_478_points_and_a_smile(tracker, portrait):
    landmarks_l3, blendshapes_k = tracker.detect_image(portrait)
    score = dict(zip(EXPRESSION_NAMES, blendshapes_k, strict=True))
    assert landmarks_l3.shape == (478, 3)
    assert score["mouthSmileLeft"] > 0.5
    assert score["mouthSmileRight"] > 0.5
    assert score["tongueOut"] == 0


def test_mediapipe_finds_the_same_in_a_portrait_that_moves(tracker, portrait):
    agree(tracker, [np.roll(portrait, 2 * k, axis=1) for k in range(10)])


@pytest.mark.parametrize("clip", ["hdtf_WDA_AOC.mp4", "grid_bbaf2n.mpg"])
def test_mediapipe_finds_the_same_in_real_clips(tracker, shared_data: Path, clip: str):
    agree(tracker, list(islice(read_frames(shared_data / "clips" / clip), 20)))


def test_a_picture_without_a_face_gives_none(tracker):
    assert tracker.detect_image(np.full((200, 200, 3), 128, np.uint8)) is None


def test_missing_frames_are_nan_and_the_face_is_found_again(tracker, portrait):
    blank = np.zeros_like(portrait)
    track = tracker.track([portrait] * 4 + [blank] * 4 + [portrait] * 4)
    np.testing.assert_array_equal(track.found_t, [True] * 4 + [False] * 4 + [True] * 4)
    assert np.isnan(track.landmarks_tl3[~track.found_t]).all()
    assert np.isfinite(track.landmarks_tl3[track.found_t]).all()
    assert track.landmarks_tl3.dtype == np.float32


def test_a_clip_without_a_face_is_all_missing(tracker, portrait):
    track = tracker.track([np.zeros_like(portrait)] * 2)
    assert not track.found_t.any()
    assert track.blendshapes_tk.shape == (2, len(EXPRESSION_NAMES))


def test_the_same_clip_gives_the_same_numbers_after_another_clip(tracker, portrait):
    clip = [np.roll(portrait, shift, axis=1) for shift in range(0, 12, 3)]
    first = tracker.track(clip)
    tracker.track([portrait[:, ::-1]] * 3)
    again = tracker.track(clip)
    np.testing.assert_array_equal(first.landmarks_tl3, again.landmarks_tl3)
    np.testing.assert_array_equal(first.blendshapes_tk, again.blendshapes_tk)


def test_a_jump_is_followed_at_once(tracker, portrait):
    jump_px = 12
    track = tracker.track([portrait] * 6 + [np.roll(portrait, jump_px, axis=1)] * 4)
    moved_t = track.landmarks_tl3[6:, :, 0].mean(axis=1) - track.landmarks_tl3[5, :, 0].mean()
    np.testing.assert_allclose(moved_t, jump_px, atol=0.5)


def test_a_still_face_stands_still(tracker, portrait):
    track = tracker.track([portrait] * 12)
    assert np.abs(np.diff(track.landmarks_tl3[8:], axis=0)).max() < 0.1


def test_of_two_faces_the_larger_is_followed(tracker, portrait):
    small = np.full_like(portrait, 128)
    small[:225, :240] = cv2.resize(portrait, (240, 225), interpolation=cv2.INTER_AREA)
    track = tracker.track([np.concatenate([small, portrait], axis=1)] * 4)
    assert track.num_faces_t.max() == 2
    assert (track.landmarks_tl3[:, :, 0] > portrait.shape[1]).all()


def test_a_second_face_is_counted_soon_and_no_longer_than_it_is_there(tracker, portrait):
    alone = np.concatenate([portrait, np.full_like(portrait, 128)], axis=1)
    both = np.concatenate([portrait, portrait[:, ::-1]], axis=1)
    track = tracker.track([alone] * 7 + [both] * 8 + [alone] * 3)
    found_t = track.num_faces_t == 2
    assert not found_t[:7].any()
    assert found_t[7 + LOOK_EVERY - 1 : 15].all()
    assert not found_t[15:].any()
    np.testing.assert_allclose(track.rival_t[found_t], 1, atol=0.05)


@pytest.mark.parametrize("angle_deg", [-40, 40])
def test_a_tilted_head_is_cut_upright(tracker, portrait, angle_deg: float):
    side = portrait.shape[0]
    matrix = cv2.getRotationMatrix2D((165, 110), angle_deg, 1)
    turned = cv2.warpAffine(portrait, matrix, (portrait.shape[1], side), borderMode=cv2.BORDER_REPLICATE)
    upright_l3, upright_k = tracker.detect_image(portrait)
    turned_l3, turned_k = tracker.detect_image(turned)
    back_l2 = turned_l3[:, :2] @ np.linalg.inv(matrix[:, :2]).T - np.linalg.inv(matrix[:, :2]) @ matrix[:, 2]
    error_px = np.linalg.norm(back_l2 - upright_l3[:, :2], axis=1)
    assert np.median(error_px) < 0.02 * regions_of_landmarks(upright_l3[None])[0, 2]
    assert np.abs(turned_k - upright_k).mean() < 0.03
