"""Fitting: the truth comes back from a face drawn with known coefficients, and the symmetries hold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from style2talker.errors import Reject, UserError
from style2talker.face.canonical import mirror_vertices
from style2talker.face.crop import fomm_box, to_crop
from style2talker.face.fit import LONGEST_GAP, Fit, fit_clip, interocular_px
from style2talker.face.geometry import depth, project
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.media.video import read_frames

MODEL = embedded()
FRAMES = 40
MIRROR_K = [
    EXPRESSION_NAMES.index(name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left"))
    for name in EXPRESSION_NAMES
]


class Truth:
    """A talking face with known coefficients: poses up to 30 degrees, landmarks with 0.5 px of noise."""

    def __init__(self, seed: int = 0, *, noise_px: float = 0.5) -> None:
        random = np.random.default_rng(seed)
        phase_tn = np.linspace(0, 6, FRAMES)[:, None] * random.uniform(0.5, 2, 58) + random.uniform(0, 6, 58)
        wave_tn = np.sin(phase_tn)
        self.identity_k = random.normal(size=len(MODEL.identity_kv3))
        self.expression_tk = np.clip(wave_tn[:, :52] * 0.6 - 0.1, 0, 1)
        self.expression_tk[:, EXPRESSION_NAMES.index("tongueOut")] = 0
        self.rotation_t3 = np.deg2rad([10, 30, 10]) * np.sin(0.4 * phase_tn[:, 52:55])
        self.translation_t3 = np.array([128, 132, 11]) + wave_tn[:, 55:] * [5, 5, 0.3]
        vertices_tv3 = MODEL.shape(self.identity_k, self.expression_tk)
        points_tv2 = project(vertices_tv3, self.rotation_t3, self.translation_t3)
        z_tv1 = -depth(vertices_tv3, self.rotation_t3)[..., None] * self.translation_t3[:, None, 2:]
        exact_tl3 = np.concatenate([points_tv2, z_tv1], axis=2)
        self.landmarks_tl3 = exact_tl3 + random.normal(size=exact_tl3.shape) * noise_px
        self.blendshapes_tk = np.clip(self.expression_tk + random.normal(size=(FRAMES, 52)) * 0.1, 0, 1)
        self.found_t = np.ones(FRAMES, bool)

    def fit(self) -> Fit:
        return fit_clip(
            self.landmarks_tl3, blendshapes_tk=self.blendshapes_tk, model=MODEL, face_found_t=self.found_t
        )


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth()


@pytest.fixture(scope="module")
def fit(truth: Truth) -> Fit:
    return truth.fit()


@pytest.fixture(scope="module")
def exact_fit(truth: Truth) -> Fit:
    """The reference: double precision, so that invariances show only what the fit itself does."""
    return fit_clip(
        truth.landmarks_tl3,
        blendshapes_tk=truth.blendshapes_tk,
        model=MODEL,
        face_found_t=truth.found_t,
        dtype=np.float64,
    )


def test_known_pose_comes_back_within_a_degree(truth: Truth, fit: Fit) -> None:
    error_t3 = np.abs(fit.rotation_t3 - truth.rotation_t3)
    assert np.rad2deg(error_t3).mean() < 0.5
    assert np.rad2deg(np.quantile(error_t3, 0.95)) < 1
    np.testing.assert_allclose(fit.translation_t3[:, :2], truth.translation_t3[:, :2], atol=2)
    np.testing.assert_allclose(fit.translation_t3[:, 2], truth.translation_t3[:, 2], rtol=0.03)


def test_known_expression_comes_back(truth: Truth, fit: Fit) -> None:
    assert np.abs(fit.expression_tk - truth.expression_tk).mean() < 0.05
    jaw = EXPRESSION_NAMES.index("jawOpen")
    assert np.abs(fit.expression_tk - truth.expression_tk)[:, jaw].mean() < 0.03


def test_the_error_is_the_noise_and_little_more(truth: Truth, fit: Fit) -> None:
    """A little more: what the face at rest differs by from its identity is in no coefficient."""
    expected = 0.5 * np.sqrt(np.pi / 2) / np.median(interocular_px(truth.landmarks_tl3))
    assert np.median(fit.error_t) == pytest.approx(1.15 * expected, rel=0.15)


def test_coefficients_stay_in_bounds(fit: Fit) -> None:
    assert fit.expression_tk.min() >= 0
    assert fit.expression_tk.max() <= 1


def test_the_same_clip_gives_the_same_bytes(truth: Truth, fit: Fit) -> None:
    again = truth.fit()
    for name in ("identity_k", "expression_tk", "rotation_t3", "translation_t3", "error_t", "confidence_t"):
        assert getattr(again, name).tobytes() == getattr(fit, name).tobytes()


def test_a_mirrored_face_has_mirrored_coefficients(truth: Truth, exact_fit: Fit) -> None:
    mirror_v = mirror_vertices(MODEL.mean_v3)
    mirrored = fit_clip(
        truth.landmarks_tl3[:, mirror_v] * [-1, 1, 1] + [256, 0, 0],
        blendshapes_tk=truth.blendshapes_tk[:, MIRROR_K],
        model=MODEL,
        face_found_t=truth.found_t,
        dtype=np.float64,
    )
    np.testing.assert_allclose(mirrored.expression_tk[:, MIRROR_K], exact_fit.expression_tk, atol=1e-4)
    np.testing.assert_allclose(mirrored.rotation_t3 * [1, -1, -1], exact_fit.rotation_t3, atol=1e-4)
    np.testing.assert_allclose(mirrored.identity_k, exact_fit.identity_k, atol=1e-4)
    np.testing.assert_allclose(
        mirrored.translation_t3 * [-1, 1, 1] + [256, 0, 0], exact_fit.translation_t3, atol=1e-2
    )


def test_shift_scale_and_crop_leave_expression_alone(truth: Truth, exact_fit: Fit) -> None:
    """A crop is a shift and a scale."""
    moved = fit_clip(
        truth.landmarks_tl3 * 1.7 + [30, -20, 0],
        blendshapes_tk=truth.blendshapes_tk,
        model=MODEL,
        face_found_t=truth.found_t,
        dtype=np.float64,
    )
    np.testing.assert_allclose(moved.expression_tk, exact_fit.expression_tk, atol=1e-5)
    np.testing.assert_allclose(moved.identity_k, exact_fit.identity_k, atol=1e-5)
    np.testing.assert_allclose(moved.rotation_t3, exact_fit.rotation_t3, atol=1e-5)
    np.testing.assert_allclose(moved.translation_t3[:, 2], exact_fit.translation_t3[:, 2] * 1.7, rtol=1e-5)


def test_single_precision_says_the_same(fit: Fit, exact_fit: Fit) -> None:
    np.testing.assert_allclose(fit.expression_tk, exact_fit.expression_tk, atol=0.05)
    assert np.abs(fit.expression_tk - exact_fit.expression_tk).mean() < 1e-3
    np.testing.assert_allclose(fit.rotation_t3, exact_fit.rotation_t3, atol=5e-3)


@pytest.mark.parametrize("flip", [[1, -1, 1], [-1, 1, 1]], ids=["upside down", "mirrored"])
def test_a_flipped_picture_fails_loudly(truth: Truth, flip: list[int]) -> None:
    with pytest.raises(UserError, match="mirrored"):
        fit_clip(
            truth.landmarks_tl3 * flip,
            blendshapes_tk=truth.blendshapes_tk,
            model=MODEL,
            face_found_t=truth.found_t,
        )


@pytest.mark.parametrize("flip", [[1, -1, 1], [-1, 1, 1]], ids=["upside down", "mirrored"])
def test_a_flip_of_some_frames_fails_too(truth: Truth, flip: list[int]) -> None:
    landmarks_tl3 = truth.landmarks_tl3.copy()
    landmarks_tl3[10:18] *= flip
    with pytest.raises(UserError, match="mirrored in 8 of 40 frames"):
        fit_clip(landmarks_tl3, blendshapes_tk=truth.blendshapes_tk, model=MODEL, face_found_t=truth.found_t)


def garbage(landmarks_l3: np.ndarray, kind: str) -> np.ndarray:
    random = np.random.default_rng(0)
    match kind:
        case "noise":
            return landmarks_l3 + random.normal(0, 60, landmarks_l3.shape)
        case "mirrored":
            return landmarks_l3 * [-1, 1, 1] + [256, 0, 0]
        case "another face, half the size":
            return landmarks_l3 * 0.5 + [100, 10, 0]
        case _:
            return np.full_like(landmarks_l3, 5.0)


@pytest.mark.parametrize("kind", ["noise", "mirrored", "another face, half the size", "one point"])
def test_a_frame_that_shows_no_face_of_this_clip_is_bridged_and_marked(
    truth: Truth, fit: Fit, kind: str
) -> None:
    landmarks_tl3 = truth.landmarks_tl3.copy()
    landmarks_tl3[20] = garbage(landmarks_tl3[20], kind)
    torn = fit_clip(
        landmarks_tl3, blendshapes_tk=truth.blendshapes_tk, model=MODEL, face_found_t=truth.found_t
    )
    assert np.isnan(torn.error_t[20])
    assert torn.confidence_t[20] == 0
    others = np.arange(FRAMES) != 20
    assert np.isfinite(torn.error_t[others]).all()
    assert np.rad2deg(np.abs(torn.rotation_t3 - fit.rotation_t3)[others]).max() < 1.5
    assert np.abs(torn.expression_tk - fit.expression_tk)[others].mean() < 0.005


@pytest.mark.parametrize("seed", range(4))
def test_single_precision_stops_no_earlier_than_the_minimum_is_near(seed: int) -> None:
    """Careful first steps gain little; they were once taken for the end."""
    hard = Truth(seed, noise_px=2.0)
    fine = fit_clip(
        hard.landmarks_tl3,
        blendshapes_tk=hard.blendshapes_tk,
        model=MODEL,
        face_found_t=hard.found_t,
        dtype=np.float64,
    )
    assert np.median(hard.fit().error_t) < 1.05 * np.median(fine.error_t)


def test_frames_without_a_face_are_bridged_and_marked(truth: Truth, fit: Fit) -> None:
    found_t = truth.found_t.copy()
    found_t[[0, 10, 11]] = False
    landmarks_tl3 = np.where(found_t[:, None, None], truth.landmarks_tl3, np.nan)
    gapped = fit_clip(landmarks_tl3, blendshapes_tk=truth.blendshapes_tk, model=MODEL, face_found_t=found_t)
    assert np.isnan(gapped.error_t).nonzero()[0].tolist() == [0, 10, 11]
    assert np.isfinite(gapped.expression_tk).all()
    middle_3 = gapped.rotation_t3[[9, 12]].mean(axis=0)
    np.testing.assert_allclose(gapped.rotation_t3[[10, 11]].mean(axis=0), middle_3, atol=1e-5)
    np.testing.assert_array_equal(gapped.rotation_t3[0], gapped.rotation_t3[1])


def test_a_long_gap_is_left_empty(truth: Truth) -> None:
    found_t = truth.found_t.copy()
    found_t[5 : 5 + LONGEST_GAP + 1] = False
    gapped = fit_clip(
        np.where(found_t[:, None, None], truth.landmarks_tl3, np.nan),
        blendshapes_tk=truth.blendshapes_tk,
        model=MODEL,
        face_found_t=found_t,
    )
    for values in (gapped.expression_tk, gapped.rotation_t3, gapped.translation_t3):
        np.testing.assert_array_equal(np.isnan(values).all(axis=1), ~found_t)
    assert not gapped.confidence_t[~found_t].any()


def test_one_bad_frame_changes_only_its_neighbourhood(truth: Truth, fit: Fit) -> None:
    """A hand over the mouth in frame 20."""
    landmarks_tl3 = truth.landmarks_tl3.copy()
    landmarks_tl3[20, :60] += [25.0, -10.0, 0.0]
    torn = fit_clip(
        landmarks_tl3, blendshapes_tk=truth.blendshapes_tk, model=MODEL, face_found_t=truth.found_t
    )
    turned_t = np.rad2deg(np.abs(torn.rotation_t3 - fit.rotation_t3)).max(axis=1)
    moved_t = np.abs(torn.expression_tk - fit.expression_tk).max(axis=1)
    far = np.abs(np.arange(FRAMES) - 20) > 3
    assert turned_t.max() < 4
    assert turned_t[far].max() < 0.3
    assert moved_t[far].max() < 0.05
    assert torn.confidence_t[20] < fit.confidence_t[20] - 0.05
    np.testing.assert_allclose(torn.confidence_t[far], fit.confidence_t[far], atol=0.02)


def test_a_turned_head_shows_less_of_itself(truth: Truth, fit: Fit) -> None:
    turn_t = np.abs(truth.rotation_t3[:, 1])
    assert fit.visibility_t[turn_t.argmin()] > fit.visibility_t[turn_t.argmax()] + 0.05
    assert np.corrcoef(turn_t, fit.visibility_t)[0, 1] < -0.7
    assert (fit.confidence_t <= fit.visibility_t).all()


def test_a_one_frame_plosive_is_not_smoothed_away() -> None:
    still = Truth(noise_px=0.0)
    model_k = len(EXPRESSION_NAMES)
    expression_tk = np.zeros((FRAMES, model_k))
    expression_tk[:, EXPRESSION_NAMES.index("jawOpen")] = 0.5
    expression_tk[20] = 0
    vertices_tv3 = MODEL.shape(still.identity_k * 0, expression_tk)
    pose = np.zeros((FRAMES, 3)), np.tile([128.0, 128.0, 11.0], (FRAMES, 1))
    points_tv2 = project(vertices_tv3, *pose)
    z_tv1 = -depth(vertices_tv3, pose[0])[..., None] * 11
    found = fit_clip(
        np.concatenate([points_tv2, z_tv1], axis=2),
        blendshapes_tk=expression_tk,
        model=MODEL,
        face_found_t=still.found_t,
    )
    jaw_t = found.expression_tk[:, EXPRESSION_NAMES.index("jawOpen")]
    assert jaw_t[20] < 0.08
    assert jaw_t[19] > 0.4


def test_one_picture_is_a_clip_too(truth: Truth) -> None:
    single = fit_clip(
        truth.landmarks_tl3[:1],
        blendshapes_tk=truth.blendshapes_tk[:1],
        model=MODEL,
        face_found_t=truth.found_t[:1],
    )
    assert single.expression_tk.shape == (1, 52)
    assert single.error_t[0] < 0.02


def test_a_model_without_a_mode_of_identity_still_fits(truth: Truth) -> None:
    plain = replace(MODEL, identity_kv3=MODEL.identity_kv3[:1])
    assert fit_clip(
        truth.landmarks_tl3, blendshapes_tk=truth.blendshapes_tk, model=plain, face_found_t=truth.found_t
    ).identity_k.shape == (1,)


def test_bad_calls_and_bad_rows() -> None:
    landmarks_tl3, scores_tk = np.zeros((3, 478, 3)), np.zeros((3, 52))
    with pytest.raises(UserError, match="do not fit"):
        fit_clip(landmarks_tl3[:, :68], blendshapes_tk=scores_tk, model=MODEL, face_found_t=np.ones(3, bool))
    with pytest.raises(UserError, match="NaN"):
        fit_clip(landmarks_tl3 * np.nan, blendshapes_tk=scores_tk, model=MODEL, face_found_t=np.ones(3, bool))
    with pytest.raises(Reject, match="none of 3 frames"):
        fit_clip(landmarks_tl3, blendshapes_tk=scores_tk, model=MODEL, face_found_t=np.zeros(3, bool))


@pytest.mark.parametrize("name", ["grid_brbk7n.mpg", "hdtf_WDA_AOC.mp4"])
def test_real_footage_fits_within_three_percent(shared_data: Path, name: str) -> None:
    with LandmarkTracker() as tracker:
        track = tracker.track(read_frames(shared_data / "clips" / name, end_s=2.0))
    box = fomm_box(track.landmarks_tl3)
    assert box is not None
    fit = fit_clip(
        to_crop(track.landmarks_tl3, box),
        blendshapes_tk=track.blendshapes_tk,
        model=MODEL,
        face_found_t=track.found_t,
    )
    assert np.nanmedian(fit.error_t) < 0.03
    assert np.abs(fit.rotation_t3[track.found_t]).max() < np.deg2rad(40)
    jaw = EXPRESSION_NAMES.index("jawOpen")
    scores_t = track.blendshapes_tk[track.found_t, jaw]
    assert np.corrcoef(scores_t, fit.expression_tk[track.found_t, jaw])[0, 1] > 0.5


def test_a_mirrored_picture_has_mirrored_coefficients() -> None:
    """Through the tracker: the nets are not quite symmetric, so only roughly."""
    picture_hw3 = np.ascontiguousarray(data.astronaut()[:320, 60:380])

    def fitted(image_hw3: np.ndarray) -> Fit:
        with LandmarkTracker() as tracker:
            found = tracker.detect_image(image_hw3)
        assert found is not None
        return fit_clip(
            found[0][None], blendshapes_tk=found[1][None], model=MODEL, face_found_t=np.ones(1, bool)
        )

    plain, mirrored = fitted(picture_hw3), fitted(np.ascontiguousarray(picture_hw3[:, ::-1]))
    assert np.rad2deg(np.abs(mirrored.rotation_t3 * [1, -1, -1] - plain.rotation_t3)).max() < 3
    assert np.abs(mirrored.expression_tk[:, MIRROR_K] - plain.expression_tk).mean() < 0.04


@pytest.mark.parametrize("yaw_deg", [0, 45, -45])
def test_shut_eyes_and_an_open_mouth_are_seen_at_any_turn(yaw_deg: float) -> None:
    still = Truth()
    expression_tk = np.zeros((FRAMES, len(EXPRESSION_NAMES)))
    blink = [EXPRESSION_NAMES.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    jaw = EXPRESSION_NAMES.index("jawOpen")
    expression_tk[15:25, blink], expression_tk[15:25, jaw] = 1, 0.6
    rotation_t3 = np.tile(np.deg2rad([0, yaw_deg, 0]), (FRAMES, 1))
    translation_t3 = np.tile([128.0, 128.0, 11.0], (FRAMES, 1))
    vertices_tv3 = MODEL.shape(still.identity_k, expression_tk)
    z_tv1 = -depth(vertices_tv3, rotation_t3)[..., None] * 11
    points_tv2 = project(vertices_tv3, rotation_t3, translation_t3)
    points_tv2 += np.random.default_rng(0).normal(0, 0.5, points_tv2.shape)
    found = fit_clip(
        np.concatenate([points_tv2, z_tv1], axis=2),
        blendshapes_tk=0.8 * expression_tk,
        model=MODEL,
        face_found_t=still.found_t,
    )
    np.testing.assert_allclose(found.expression_tk[17:23][:, blink], 1, atol=0.15)
    np.testing.assert_allclose(found.expression_tk[17:23, jaw], 0.6, atol=0.15)
    assert found.expression_tk[:12][:, [*blink, jaw]].max() < 0.05
    assert np.rad2deg(np.abs(found.rotation_t3 - rotation_t3)).mean() < 1
