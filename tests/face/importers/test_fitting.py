"""An imported model can be fitted: components without ARKit's names, landmarks on part of the mesh."""

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from style2talker.face.fit import fit_clip
from style2talker.face.geometry import depth, project
from style2talker.face.importers.bfm import import_bfm
from style2talker.face.importers.ict import import_ict
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS, FaceModel, embedded

FRAMES = 20


def clip(
    model: FaceModel, identity_k: np.ndarray, expression_tk: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(landmarks_tl3, rotation_t3, translation_t3) of a turning head.

    Landmarks that have no place on the mesh are where the embedded face has them.
    """
    rotation_t3 = np.deg2rad([4, 15, 3]) * np.sin(np.linspace(0, 5, FRAMES))[:, None]
    translation_t3 = np.tile([128.0, 130.0, 11.0], (FRAMES, 1))
    shift_3 = embedded().mean_v3[4] - model.at_landmarks(model.mean_v3)[model.landmark_l.tolist().index(4)]
    points_tl3 = np.tile(embedded().mean_v3 - shift_3, (FRAMES, 1, 1))
    points_tl3[:, model.landmark_l] = model.at_landmarks(model.shape(identity_k, expression_tk))
    xy_tl2 = project(points_tl3, rotation_t3, translation_t3)
    z_tl1 = -depth(points_tl3, rotation_t3)[..., None] * 11
    return np.concatenate([xy_tl2, z_tl1], axis=2), rotation_t3, translation_t3


def test_components_without_names_come_back(layouts: ModuleType, tmp_path: Path) -> None:
    # The embedded model's own first modes stand in for Basel's, which are as smooth and as large.
    skin, model = slice(layouts.NUM_SKIN), layouts.MODEL
    identity_kv3, expression_kv3 = np.zeros((80, layouts.NUM_SKIN, 3)), np.zeros((64, layouts.NUM_SKIN, 3))
    identity_kv3[:18] = model.identity_kv3[:, skin]
    chosen = [EXPRESSION_NAMES.index(name) for name in ("jawOpen", "mouthPucker", "browInnerUp")]
    expression_kv3[:3] = model.expression_kv3[chosen, skin] / 3
    imported = import_bfm(layouts.write_bfm(tmp_path, identity_kv3, expression_kv3)).model
    truth_tk = np.zeros((FRAMES, 64))
    truth_tk[:, 0] = 1.0 + np.sin(np.linspace(0, 9, FRAMES))
    truth_tk[:, 2] = np.cos(np.linspace(0, 7, FRAMES))
    landmarks_tl3, rotation_t3, _ = clip(imported, np.zeros(80), truth_tk)
    fit = fit_clip(
        landmarks_tl3,
        blendshapes_tk=np.zeros((FRAMES, len(EXPRESSION_NAMES))),
        model=imported,
        face_found_t=np.ones(FRAMES, bool),
    )
    assert fit.identity_k.shape == (80,)
    assert fit.expression_tk.shape == (FRAMES, 64)
    assert np.rad2deg(np.abs(fit.rotation_t3 - rotation_t3)).mean() < 1
    for mode in (0, 2):
        assert np.corrcoef(fit.expression_tk[:, mode], truth_tk[:, mode])[0, 1] > 0.95
    assert np.median(fit.error_t) < 0.02


def test_named_shapes_of_the_real_ict_model_come_back(shared_data: Path) -> None:
    path = shared_data / "face_model/ict_facekit_light_f16.npz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    model = import_ict(path).model
    model = replace(model, identity_kv3=model.identity_kv3[:30])
    truth_tk = np.zeros((FRAMES, 52))
    jaw, smile = EXPRESSION_NAMES.index("jawOpen"), EXPRESSION_NAMES.index("mouthSmileLeft")
    truth_tk[:, jaw] = 0.3 + 0.3 * np.sin(np.linspace(0, 9, FRAMES))
    truth_tk[:, smile] = 0.4
    identity_k = np.random.default_rng(0).normal(size=30) * 0.7
    landmarks_tl3, rotation_t3, _ = clip(model, identity_k, truth_tk)
    assert landmarks_tl3.shape[1] == NUM_LANDMARKS
    fit = fit_clip(landmarks_tl3, blendshapes_tk=truth_tk, model=model, face_found_t=np.ones(FRAMES, bool))
    assert np.rad2deg(np.abs(fit.rotation_t3 - rotation_t3)).mean() < 1
    assert np.abs(fit.expression_tk[:, jaw] - truth_tk[:, jaw]).mean() < 0.05
    assert np.abs(fit.expression_tk - truth_tk).mean() < 0.05
