"""Two witnesses of the emotion, each alone and joined.

Axes: T frames, E = 8 emotions.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from style2talker.emotion.action_units import blendshapes_of, profile_blendshapes, witness_readings
from style2talker.emotion.face_api import CLASSES, ExpressionNet, read_manifest
from style2talker.emotion.face_nets import FaceNets, face_patch
from style2talker.emotion.facial import (
    FacialEmotion,
    combine,
    emotion_level,
    net_probability,
    pool,
    unit_match,
    unit_probability,
)
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS
from style2talker.errors import Reject, UserError

FOUND_T = np.ones(50, dtype=bool)


def held(face_k: np.ndarray) -> np.ndarray:
    return np.tile(face_k, (len(FOUND_T), 1))


@pytest.fixture(scope="module")
def facial() -> FacialEmotion:
    try:
        return FacialEmotion()
    except UserError as error:
        pytest.skip(f"no expression nets: {error}")


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("has_fit", [False, True])
def test_the_units_of_an_emotion_point_to_it(emotion: str, has_fit: bool) -> None:
    face_tk = held(profile_blendshapes(emotion, 3))
    readings = witness_readings(face_tk, FOUND_T, expression_tk=face_tk if has_fit else None)
    assert EMOTIONS[int(unit_probability(unit_match(readings)).argmax())] == emotion


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_plain_units_win_over_unsure_nets(emotion: str) -> None:
    match_e = unit_match(witness_readings(held(profile_blendshapes(emotion, 3)), FOUND_T))
    wrong_e = np.full(8, 0.1)
    wrong_e[EMOTIONS.index("sad" if emotion == "neutral" else "neutral")] = 0.3
    assert EMOTIONS[int(combine(wrong_e, match_e).argmax())] == emotion


def test_a_smile_that_only_the_nets_see_is_none() -> None:
    match_e = unit_match(witness_readings(held(blendshapes_of({})), FOUND_T))
    net_e = np.full(8, 0.1 / 7)
    net_e[EMOTIONS.index("happy")] = 0.9
    assert EMOTIONS[int(combine(net_e, match_e).argmax())] == "neutral"
    assert EMOTIONS[int(combine(net_e, None).argmax())] == "happy"


@pytest.mark.parametrize("emotion", [emotion for emotion in EMOTIONS if emotion != "neutral"])
def test_levels_rise_with_the_face(emotion: str) -> None:
    levels = [emotion_level(emotion, held(profile_blendshapes(emotion, level)), FOUND_T) for level in LEVELS]
    assert levels == sorted(levels)
    assert levels[-1] == 3


def test_an_unseen_or_neutral_face_has_level_one() -> None:
    assert emotion_level("neutral", held(profile_blendshapes("happy", 3)), FOUND_T) == 1
    assert emotion_level("happy", held(blendshapes_of({})), ~FOUND_T) == 1


def test_a_face_nobody_read_says_nothing() -> None:
    assert unit_probability(unit_match({})) == pytest.approx(np.full(8, 1 / 8))


@given(hnp.arrays(np.float64, (2, 8), elements=st.floats(1e-3, 1)))
def test_pooling_gives_a_distribution_that_a_silent_witness_does_not_change(weights_2e: np.ndarray) -> None:
    first_e, second_e = weights_2e / weights_2e.sum(axis=1, keepdims=True)
    joint_e = pool(first_e, second_e)
    assert joint_e.sum() == pytest.approx(1)
    assert pool(np.full(8, 1 / 8), second_e) == pytest.approx(second_e)
    both_prefer = (first_e == first_e.max()) & (second_e == second_e.max())
    assert not both_prefer.any() or joint_e[both_prefer][0] == pytest.approx(joint_e.max())


def test_nets_that_do_not_know_contempt_neither_help_nor_hinder_it() -> None:
    happy_e = np.eye(8)[EMOTIONS.index("happy")]
    mean_e = net_probability({"one": happy_e, "other": happy_e})
    assert mean_e.sum() == pytest.approx(1)
    assert mean_e[EMOTIONS.index("contempt")] == pytest.approx(1 / 8)


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


def test_unknown_nets_and_clips_without_a_face_are_refused(facial: FacialEmotion) -> None:
    with pytest.raises(UserError, match="fer-mini"):
        FaceNets(names=("vgg",))
    with pytest.raises(Reject, match="none of 3 frames"):
        facial(np.zeros((3, 256, 256, 3), np.uint8), np.full((3, 478, 3), np.nan))


@pytest.mark.parametrize(
    ("clip", "emotion"),
    [
        ("M030_front_happy_level3_001", "happy"),
        ("M030_front_sad_level3_001", "sad"),
        ("W009_front_surprised_level3_001", "surprised"),
        ("W009_front_contempt_level3_001", "contempt"),
        ("M030_front_neutral_level1_001", "neutral"),
    ],
)
def test_acted_emotions_are_recognised(clip: str, emotion: str, facial: FacialEmotion, read_face) -> None:
    face = read_face(f"mead_silent/{clip}.mp4")
    answer_e, again_e = (
        facial(face.frames_thw3, face.landmarks_tl3, blendshapes_tk=face.blendshapes_tk, found_t=face.found_t)
        for _ in range(2)
    )
    assert EMOTIONS[int(answer_e.argmax())] == emotion
    assert answer_e.dtype == np.float32
    assert answer_e.sum() == pytest.approx(1, abs=1e-6)
    assert (answer_e == again_e).all()


def test_every_net_knows_a_smile_which_no_permuted_class_order_would(
    facial: FacialEmotion, read_face
) -> None:
    face = read_face("mead_silent/M030_front_happy_level3_001.mp4")
    for probability_e in facial.nets(face.frames_thw3, face.landmarks_tl3).values():
        assert EMOTIONS[int(probability_e.argmax())] == "happy"
