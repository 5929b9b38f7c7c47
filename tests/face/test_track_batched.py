"""Tracking in batches finds what tracking from frame to frame finds, and a batch's size changes nothing."""

import numpy as np
import pytest
import torch
from skimage import data

from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.litert_nets import LiteRtNets
from style2talker.face.torch_nets import TorchNets
from style2talker.face.track_batched import LONGEST_CARRY, BatchedTracker
from style2talker.face.usable import interocular_px
from style2talker.weights.resolve import resolve


@pytest.fixture(scope="module")
def lite() -> LiteRtNets:
    return LiteRtNets(resolve("face_landmarker"))


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return data.astronaut()[:300, 60:380]


class Blinkered(LiteRtNets):
    """Nets whose detector sees nothing in frames with a dark corner."""

    def detect(self, loaded):
        found = super().detect(loaded)
        return [r if frame[0, 0].any() else r[:0] for frame, r in zip(loaded, found, strict=True)]


def test_it_agrees_with_tracking_from_frame_to_frame(lite, portrait):
    frames = [np.roll(portrait, k, axis=1) for k in range(8)]
    one_by_one = LandmarkTracker(nets=lite).track(frames)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    batched = BatchedTracker(nets=TorchNets(resolve("face_landmarker"), device="cpu"), batch_size=8).track(
        frames
    )
    torch.set_num_threads(threads)
    distance_tl = np.linalg.norm((batched.landmarks_tl3 - one_by_one.landmarks_tl3)[..., :2], axis=2)
    distance_tl = distance_tl / interocular_px(one_by_one.landmarks_tl3)[:, None]
    assert np.median(distance_tl) < 0.005
    assert np.abs(batched.blendshapes_tk - one_by_one.blendshapes_tk).mean() < 0.02
    np.testing.assert_array_equal(batched.found_t, one_by_one.found_t)


def test_the_size_of_a_batch_changes_nothing(lite, portrait):
    blank = np.zeros_like(portrait)
    frames = [portrait, blank, np.roll(portrait, 5, axis=1), portrait[:, ::-1], blank]
    whole, single = (BatchedTracker(nets=lite, batch_size=size).track(frames) for size in (8, 1))
    np.testing.assert_array_equal(whole.found_t, [True, False, True, True, False])
    np.testing.assert_array_equal(whole.landmarks_tl3, single.landmarks_tl3)
    np.testing.assert_array_equal(whole.blendshapes_tk, single.blendshapes_tk)


def test_a_frame_harms_no_other(lite, portrait):
    frames = [np.roll(portrait, 3 * k, axis=1) for k in range(3)]
    spoilt = [frames[0], np.zeros_like(portrait), frames[2]]
    tracker = BatchedTracker(nets=lite)
    good, bad = tracker.track(frames), tracker.track(spoilt)
    np.testing.assert_array_equal(good.landmarks_tl3[[0, 2]], bad.landmarks_tl3[[0, 2]])


@pytest.mark.parametrize("batch_size", [4, 64])
def test_a_face_that_the_detector_misses_is_found_where_it_was(portrait, batch_size: int):
    unseen = portrait.copy()
    unseen[:4, :4] = 0
    frames = [portrait, *[unseen] * (LONGEST_CARRY + 2)]
    tracker = BatchedTracker(nets=Blinkered(resolve("face_landmarker")), batch_size=batch_size)
    np.testing.assert_array_equal(tracker.track(frames).found_t, [True] * (LONGEST_CARRY + 1) + [False] * 2)


def test_two_faces_are_two_and_none_is_none(lite, portrait):
    tracker = BatchedTracker(nets=lite)
    track = tracker.track([np.concatenate([portrait, portrait[:, ::-1]], axis=1)] * 2)
    np.testing.assert_array_equal(track.num_faces_t, [2, 2])
    assert not tracker.track([np.zeros_like(portrait)]).found_t.any()
