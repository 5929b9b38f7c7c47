"""The nets in torch give what LiteRT gives for the same pictures, whatever the batch."""

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from style2talker.errors import UserError
from style2talker.face.litert_nets import LiteRtNets
from style2talker.face.regions import sampling_matrices
from style2talker.face.torch_nets import TorchNets, cut
from style2talker.weights.resolve import resolve

REGIONS_N5 = np.array([[165, 110, 180, 180, 0.2], [100, 60, 300, 260, -0.4]])


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def nets() -> tuple[LiteRtNets, TorchNets]:
    path = resolve("face_landmarker")
    return LiteRtNets(path), TorchNets(path, device="cpu", batch_size=2)


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    portrait = data.astronaut()[:300, 60:380]
    return [portrait, np.roll(portrait, 9, axis=1), np.full_like(portrait, 128)]


@pytest.mark.parametrize("replicate", [True, False])
def test_a_cut_is_opencvs(frames, replicate: bool):
    border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    expected = [
        cv2.warpAffine(
            frames[1].astype(np.float32),
            matrix,
            (64, 64),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=border,
        )
        for matrix in sampling_matrices(REGIONS_N5, 64)
    ]
    stacked = torch.from_numpy(np.stack(frames))
    ours = cut(stacked, np.array([1, 1]), REGIONS_N5, 64, replicate=replicate).numpy()
    # OpenCV rounds positions to a 32nd of a pixel
    assert np.abs(ours - np.stack(expected)).mean() < 0.3


def test_the_same_faces_are_detected(nets, frames):
    lite, ours = (net.detect(net.load(frames)) for net in nets)
    assert [len(regions) for regions in lite] == [len(regions) for regions in ours] == [1, 1, 0]
    np.testing.assert_allclose(np.concatenate(ours)[:, :4], np.concatenate(lite)[:, :4], atol=0.3)


def test_landmarks_and_blendshapes_agree(nets, frames):
    frame_n, region_n5 = np.array([0, 1, 2, 0, 1]), np.tile(REGIONS_N5[0], (5, 1))
    (lite, lite_present), (ours, ours_present) = (
        net.read(net.load(frames), frame_n, region_n5) for net in nets
    )
    np.testing.assert_array_equal(lite_present, [True, True, False, True, True])
    np.testing.assert_array_equal(ours_present, lite_present)
    assert np.abs(ours - lite)[lite_present].max() < 0.1  # px of a face of 120
    lite_scores, our_scores = (net.blendshapes(lite[lite_present]) for net in nets)
    np.testing.assert_allclose(our_scores, lite_scores, atol=1e-5)


def test_given_the_same_numbers_the_nets_agree_to_a_thousandth(nets):
    rng = np.random.default_rng(0)
    for name, shape, scale in (
        ("_detector", (128, 128, 3), 1),
        ("_landmarks", (256, 256, 3), 1),
        ("_blendshapes", (146, 2), 300),
    ):
        batch = (scale * rng.uniform(size=(3, *shape))).astype(np.float32)
        lite = [getattr(nets[0], name)(one[None]) for one in batch]
        with torch.inference_mode():
            ours = getattr(nets[1], name)(torch.from_numpy(batch))
        for index, output in enumerate(ours):
            expected = np.stack([one[index].reshape(output.shape[1:]) for one in lite])
            np.testing.assert_allclose(output.numpy(), expected, rtol=1e-4, atol=1e-3)


def test_a_device_that_is_not_there_is_a_sentence():
    with pytest.raises(UserError, match="take 'cpu'"):
        TorchNets(resolve("face_landmarker"), device="cuda:99")
