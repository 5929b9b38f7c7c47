"""Photometric refinement: a drawn clip's movement comes back from its pictures, and nothing else moves."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from style2talker.errors import UserError
from style2talker.face import photo_energy
from style2talker.face.canonical import mirror_vertices
from style2talker.face.fit import Fit
from style2talker.face.geometry import depth, project, rotation_matrix
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.face.photometric import refine
from style2talker.face.raster_batched import rasterise_batched
from style2talker.face.surface import Surface

MODEL = embedded()
FRAMES, SIZE_PX = 16, 192
MOVING = [
    EXPRESSION_NAMES.index(name) for name in ("jawOpen", "mouthPucker", "browInnerUp", "mouthSmileLeft")
]
MIRROR_K = [
    EXPRESSION_NAMES.index(name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left"))
    for name in EXPRESSION_NAMES
]


def fit_of(expression_tk: np.ndarray, rotation_t3: np.ndarray, translation_t3: np.ndarray) -> Fit:
    one_t = np.full(len(expression_tk), 0.01, np.float32)
    return Fit(
        identity_k=np.zeros(len(MODEL.identity_kv3), np.float32),
        expression_tk=expression_tk.astype(np.float32),
        rotation_t3=rotation_t3.astype(np.float32),
        translation_t3=translation_t3.astype(np.float32),
        error_t=one_t,
        visibility_t=one_t,
        confidence_t=one_t,
    )


def talking() -> Fit:
    """A head that turns, talks and lifts its brows."""
    phase_t = np.linspace(0, 5, FRAMES)
    expression_tk = np.zeros((FRAMES, len(EXPRESSION_NAMES)))
    for speed, column in enumerate(MOVING, 1):
        expression_tk[:, column] = 0.4 + 0.3 * np.sin(speed * phase_t)
    rotation_t3 = np.stack([0.1 * np.sin(phase_t), 0.3 * np.cos(phase_t), 0.05 * np.sin(2 * phase_t)], 1)
    return fit_of(expression_tk, rotation_t3, np.tile([SIZE_PX / 2, SIZE_PX / 2, 9.5], (FRAMES, 1)))


def drawn(fit: Fit) -> np.ndarray:
    """Pictures of a spotted face in light from one side, uint8 [T, H, W, 3]."""
    vertices_tv3 = MODEL.shape(fit.identity_k, fit.expression_tk)
    points_tv2 = project(vertices_tv3, fit.rotation_t3, fit.translation_t3)
    triangles_f3 = torch.from_numpy(MODEL.triangles_f3.astype(np.int64))
    triangle_thw, weight_thw3 = rasterise_batched(
        torch.from_numpy(points_tv2),
        torch.from_numpy(depth(vertices_tv3, fit.rotation_t3)),
        triangles_f3,
        SIZE_PX,
        SIZE_PX,
        front_only=True,
    )
    place_thw3 = np.einsum(
        "thwcx,thwc->thwx", MODEL.mean_v3[MODEL.triangles_f3[triangle_thw.numpy()]], weight_thw3.numpy()
    )
    spots_thw = np.tanh(3 * np.sin(3.2 * place_thw3[..., 0]) * np.sin(2.9 * place_thw3[..., 1] + 0.4))
    colour_thw3 = np.array([150.0, 120, 100]) + 60 * spots_thw[..., None] * np.array([1, 0.8, 0.6])
    normal_tv3 = np.einsum("tij,vj->tvi", rotation_matrix(fit.rotation_t3), MODEL.mean_v3 / 10)
    light_thw = np.einsum(
        "thwc,thwc->thw",
        (1 + 0.2 * normal_tv3[..., 1])[np.arange(FRAMES)[:, None, None, None], triangles_f3[triangle_thw]],
        weight_thw3.numpy(),
    )
    picture_thw3 = np.where(triangle_thw.numpy()[..., None] >= 0, colour_thw3 * light_thw[..., None], 90)
    return np.clip(np.rint(picture_thw3), 0, 255).astype(np.uint8)


def shaken(fit: Fit) -> Fit:
    """What landmarks with noise might have said; a constant error would be painted into the colours."""
    noise_tn = np.random.default_rng(0).normal(size=(FRAMES, len(MOVING) + 6))
    noise_tn -= noise_tn.mean(axis=0)
    expression_tk = fit.expression_tk.copy()
    expression_tk[:, MOVING] += 0.1 * noise_tn[:, 6:]
    return fit_of(
        np.clip(expression_tk, 0, 1),
        fit.rotation_t3 + 0.02 * noise_tn[:, :3],
        fit.translation_t3 + [0.7, 0.7, 0.05] * noise_tn[:, 3:6],
    )


def astray_px(fit: Fit, truth: Fit) -> float:
    """Mean distance of the vertices from where they are in the picture."""
    found, true = (
        project(MODEL.shape(each.identity_k, each.expression_tk), each.rotation_t3, each.translation_t3)
        for each in (fit, truth)
    )
    return float(np.linalg.norm(found - true, axis=2).mean())


TRUTH = talking()
PICTURES = drawn(TRUTH)
START = shaken(TRUTH)
NUM_SHORT = 6
SHORT = Fit(
    identity_k=START.identity_k,
    **{
        field.name: getattr(START, field.name)[:NUM_SHORT]
        for field in fields(Fit)
        if field.name != "identity_k"
    },
)


@pytest.fixture(scope="module")
def refined() -> Fit:
    return refine(SHORT, PICTURES[:NUM_SHORT], model=MODEL)


def errors(fit: Fit) -> np.ndarray:
    """Mean errors of the vertices in px, of rotation in rad, and of the coefficients that move."""
    turned_t3 = np.abs(fit.rotation_t3 - TRUTH.rotation_t3)
    moved_tk = np.abs(fit.expression_tk - TRUTH.expression_tk)[:, MOVING]
    return np.array([astray_px(fit, TRUTH), turned_t3.mean(), *moved_tk.mean(axis=0)])


def test_pictures_bring_back_the_movement_that_was_drawn() -> None:
    shares = errors(refine(START, PICTURES, model=MODEL)) / errors(START)
    assert shares[0] < 0.5
    assert shares.max() < 0.85


def test_trusted_pictures_bring_back_nearly_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_energy, "WEIGHT", 4.0)
    shares = errors(refine(START, PICTURES, model=MODEL)) / errors(START)
    assert shares.max() < 0.45


def test_the_same_pictures_give_the_same_bytes(refined: Fit) -> None:
    again = refine(SHORT, iter(PICTURES[:NUM_SHORT]), model=MODEL)
    for field in fields(Fit):
        assert getattr(again, field.name).tobytes() == getattr(refined, field.name).tobytes()


def test_coefficients_stay_within_bounds_and_identity_as_it_was(refined: Fit) -> None:
    assert refined.expression_tk.min() >= 0
    assert refined.expression_tk.max() <= 1
    np.testing.assert_array_equal(refined.identity_k, SHORT.identity_k)


def test_a_mirrored_clip_is_refined_as_the_mirror_image(refined: Fit) -> None:
    def mirrored(fit: Fit) -> Fit:
        turned_t3, moved_t3 = fit.rotation_t3 * np.float32([1, -1, -1]), fit.translation_t3.copy()
        moved_t3[:, 0] = SIZE_PX - 1 - moved_t3[:, 0]
        expression_tk = fit.expression_tk[:, MIRROR_K]
        return replace(fit, expression_tk=expression_tk, rotation_t3=turned_t3, translation_t3=moved_t3)

    other = mirrored(refine(mirrored(SHORT), PICTURES[:NUM_SHORT, :, ::-1], model=MODEL))
    # rounding may stop the solver a step earlier, and nothing else differs
    np.testing.assert_allclose(other.rotation_t3, refined.rotation_t3, atol=1e-3)
    np.testing.assert_allclose(other.expression_tk, refined.expression_tk, atol=0.02)
    assert astray_px(other, refined) < 0.02


@pytest.mark.parametrize(("low", "high"), [(90, 91), (0, 256)])
def test_pictures_that_show_no_face_leave_the_fit(low: int, high: int) -> None:
    empty = np.random.default_rng(1).integers(low, high, PICTURES[:NUM_SHORT].shape, np.uint8)
    assert astray_px(refine(SHORT, empty, model=MODEL), SHORT) < 0.05


def test_a_covered_frame_leaves_the_others(refined: Fit) -> None:
    covered = PICTURES[:NUM_SHORT].copy()
    covered[3, SIZE_PX // 2 :] = 30
    other = refine(SHORT, covered, model=MODEL)
    change_t = np.abs(other.rotation_t3 - refined.rotation_t3).max(axis=1)
    assert change_t[np.arange(NUM_SHORT) != 3].max() < 0.012  # of six frames one more or less
    assert np.abs(other.rotation_t3[3] - SHORT.rotation_t3[3]).max() < 0.04


def test_frames_without_a_face_follow_their_neighbours(refined: Fit) -> None:
    error_t, rotation_t3 = SHORT.error_t.copy(), SHORT.rotation_t3.copy()
    error_t[2] = error_t[4:] = np.nan  # one bridged by the fit, and a gap too long for it
    rotation_t3[2], rotation_t3[4:] = rotation_t3[[1, 3]].mean(axis=0), np.nan
    gappy = refine(
        replace(SHORT, error_t=error_t, rotation_t3=rotation_t3), PICTURES[:NUM_SHORT], model=MODEL
    )
    assert np.isnan(gappy.rotation_t3[4:]).all()
    np.testing.assert_allclose(gappy.rotation_t3[2], gappy.rotation_t3[[1, 3]].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(gappy.rotation_t3[:2], refined.rotation_t3[:2], atol=0.01)


def test_one_picture_says_nothing_of_movement() -> None:
    error_t = np.where(np.arange(NUM_SHORT) == 3, SHORT.error_t, np.nan)
    assert (
        refine(replace(SHORT, error_t=error_t), PICTURES[:NUM_SHORT], model=MODEL).rotation_t3
        is SHORT.rotation_t3
    )


@pytest.mark.parametrize(
    "frames", [PICTURES, PICTURES[:NUM_SHORT].astype(np.float32), PICTURES[:NUM_SHORT, ..., 0]]
)
def test_other_pictures_than_the_fits_are_refused(frames: np.ndarray) -> None:
    with pytest.raises(UserError, match="expected uint8"):
        refine(SHORT, frames, model=MODEL)


def test_what_a_nose_hides_is_not_looked_at() -> None:
    surface = Surface(MODEL, torch.device("cpu"))
    mean_v3 = MODEL.mean_v3.astype(np.float64)
    facing = []
    for yaw in (0.0, 0.8):
        turned_1l3 = torch.from_numpy(mean_v3 @ rotation_matrix(np.array([[0, yaw, 0]]))[0].T)[None].float()
        facing.append(surface.facing(turned_1l3, surface.normals(turned_1l3))[0].numpy())
    place_n3 = surface.weights_nl.numpy() @ mean_v3
    beside_n = (np.abs(place_n3[:, 1] - mean_v3[4, 1]) < 1) & (np.abs(place_n3[:, 0]) > 1)
    beside_n &= np.abs(place_n3[:, 0]) < 4
    right_n = place_n3[:, 0] < 0
    assert (facing[0][beside_n] > 0).mean() > 0.8
    assert (facing[1][beside_n & ~right_n] > 0).mean() < 0.5 < (facing[1][beside_n & right_n] > 0).mean()


def test_the_surface_of_the_face_is_its_skin() -> None:
    surface, mirror_v = Surface(MODEL, torch.device("cpu")), mirror_vertices(MODEL.mean_v3)
    np.testing.assert_allclose(surface.weights_nl.sum(dim=1), 1, atol=1e-5)
    normal_n3 = surface.normals(torch.from_numpy(MODEL.mean_v3)[None])[0].numpy()
    assert normal_n3[:, 2].mean() > 0.5
    weight_l = surface.weights_nl.T @ surface.area_n
    assert not weight_l[468:].any()  # irises
    np.testing.assert_allclose(weight_l, weight_l[mirror_v], atol=0.02 * float(weight_l.max()))
