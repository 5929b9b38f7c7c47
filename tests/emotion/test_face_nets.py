"""The expression nets: what they are given, and that they know what they should.

Axes: T frames, N looks, E = 8 emotions.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from style2talker.emotion.face_api import CLASSES, ExpressionNet, read_manifest
from style2talker.emotion.face_nets import FRAME_STEP, FaceNets, face_patch, looks
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import Reject, UserError


def test_a_tilted_head_gives_an_upright_patch() -> None:
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (256, 256, 3), np.uint8), (0, 0), 6)
    landmarks_l3 = np.column_stack([rng.normal(128, 25, (478, 2)), np.zeros(478)])
    landmarks_l3[[33, 133, 362, 263], :2] = [[90, 110], [110, 110], [146, 110], [166, 110]]
    turn = cv2.getRotationMatrix2D((128, 128), 20, 1.0)
    turned = cv2.warpAffine(picture, turn, (256, 256), flags=cv2.INTER_CUBIC)
    turned_l3 = landmarks_l3.copy()
    turned_l3[:, :2] = landmarks_l3[:, :2] @ turn[:, :2].T + turn[:, 2]
    upright, righted = face_patch(picture, landmarks_l3, 64), face_patch(turned, turned_l3, 64)
    inner = slice(16, 48)
    assert np.abs(upright[inner, inner].astype(int) - righted[inner, inner]).mean() < 3


def test_manifest_bytes_are_scaled_and_shifted(tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(bytes([0, 255]) + np.float32(1.5).tobytes())
    weights = [
        {"name": "small", "shape": [2], "dtype": "float32",
         "quantization": {"dtype": "uint8", "scale": 0.01, "min": -1.0}},
        {"name": "whole", "shape": [1], "dtype": "float32"},
    ]  # fmt: skip
    manifest = tmp_path / "face_expression_model-weights_manifest.json"
    manifest.write_text(json.dumps([{"paths": ["net.bin"], "weights": weights}]))
    tensors = read_manifest(tmp_path)
    assert tensors["small"] == pytest.approx([-1.0, 1.55])
    assert tensors["whole"] == pytest.approx([1.5])
    (tmp_path / "net.bin").write_bytes(b"short")
    with pytest.raises(UserError, match="fetch face-api-expression again"):
        read_manifest(tmp_path)


def test_the_expression_net_gives_distributions() -> None:
    torch.manual_seed(0)
    probability = ExpressionNet()(torch.rand(2, 3, 112, 112) * 255)
    assert probability.shape == (2, len(CLASSES))
    assert probability.sum(dim=1).tolist() == pytest.approx([1, 1])


def test_looks_are_at_faces_only() -> None:
    landmarks_tl3 = np.zeros((95, 478, 3))
    landmarks_tl3[:40] = np.nan
    look_n = looks(landmarks_tl3)
    assert (look_n >= 40).all()
    assert (np.diff(look_n) == FRAME_STEP).all()
    assert len(look_n) == 6
    with pytest.raises(Reject, match="none of 95 frames"):
        looks(np.full((95, 478, 3), np.nan))


def test_an_unknown_net_is_named(nets: FaceNets) -> None:
    with pytest.raises(UserError, match="fer-mini"):
        FaceNets(names=("vgg",))


def test_every_net_knows_a_smile_which_no_permuted_class_order_would(nets: FaceNets, read_face) -> None:
    face = read_face("mead_silent/M030_front_happy_level3_001.mp4")
    look_n = looks(face.landmarks_tl3)
    for probability_e in nets(face.frames_thw3[look_n], face.landmarks_tl3[look_n]).values():
        assert EMOTIONS[int(probability_e.argmax())] == "happy"
        assert probability_e.sum() == pytest.approx(1)
        assert probability_e[EMOTIONS.index("contempt")] == 0


def test_one_frame_of_another_face_moves_a_sure_answer_little(nets: FaceNets, read_face) -> None:
    """The geometric mean, against one frame of surprise among many of joy."""
    happy = read_face("mead_silent/M030_front_happy_level3_001.mp4")
    surprised = read_face("mead_silent/M030_front_surprised_level3_001.mp4")
    look_n, odd = looks(happy.landmarks_tl3), looks(surprised.landmarks_tl3)[3:4]
    frames = np.concatenate([happy.frames_thw3[look_n], surprised.frames_thw3[odd]])
    landmarks = np.concatenate([happy.landmarks_tl3[look_n], surprised.landmarks_tl3[odd]])
    for probability_e in nets(frames, landmarks).values():
        assert EMOTIONS[int(probability_e.argmax())] == "happy"
