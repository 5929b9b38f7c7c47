"""The energy's slope is its derivative, its curvature bounds it, and nobody finds a lower minimum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from style2talker.face.energy import Energy, State, second_difference, second_difference_transposed
from style2talker.face.geometry import project
from style2talker.face.model import embedded
from style2talker.face.shapes import Shapes
from style2talker.face.solve import minimise

MODEL = embedded()
SHAPES = Shapes(MODEL, np.float64)
FRAMES, MODES = 6, len(MODEL.expression_names)
PX_PER_CM = 11.0
seeds = st.integers(0, 2**32 - 1)


def clip(seed: int, *, shapes: Shapes = SHAPES) -> tuple[Energy, State]:
    """A short clip seen with noise, and a state some way off its truth."""
    random = np.random.default_rng(seed)
    expression_tk = np.clip(random.normal(0.2, 0.3, (FRAMES, MODES)), 0, 1)
    rotation_t3 = random.normal(0, 0.2, (1, 3)) + np.cumsum(random.normal(0, 0.01, (FRAMES, 3)), axis=0)
    identity_k = random.normal(size=len(MODEL.identity_kv3))
    points_tv2 = project(
        MODEL.shape(identity_k, expression_tk), rotation_t3, np.tile([128, -120, PX_PER_CM], (FRAMES, 1))
    )
    points_t2l = np.swapaxes(points_tv2 * [1, -1] + random.normal(0, 0.5, points_tv2.shape), 1, 2)
    energy = Energy(
        shapes,
        points_t2l,
        prior_tk=expression_tk + random.normal(0, 0.1, expression_tk.shape),
        prior_sigma=0.15,
        px_per_cm=PX_PER_CM,
        joined_t=np.arange(FRAMES) != 3,
    )
    pose_tp = np.concatenate(
        [rotation_t3, np.tile([128 / PX_PER_CM, 120 / PX_PER_CM, 0], (FRAMES, 1))], axis=1
    )
    state = State(
        (expression_tk + random.normal(0, 0.1, expression_tk.shape)).astype(SHAPES.mean_3l.dtype),
        pose_tp + random.normal(0, 0.01, pose_tp.shape),
        random.normal(0, 0.5, shapes.num_clip),
    )
    return energy, state


def direction(state: State, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    step_tn = random.normal(size=(FRAMES, MODES + 6)) * np.r_[np.ones(MODES), np.full(6, 0.1)]
    return step_tn, random.normal(size=state.clip_c.shape)


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_the_slope_is_the_derivative(seed: int) -> None:
    energy, state = clip(seed)
    step_tn, step_c = direction(state, seed)
    point = energy.at(state, with_clip=True)
    expected = float((point.slope_tn * step_tn).sum() + point.slope_c @ step_c)
    small = 1e-5
    ahead, behind = (
        energy.at(state.moved(sign * small * step_tn, sign * small * step_c), with_clip=True).energy
        for sign in (1, -1)
    )
    assert (ahead - behind) / (2 * small) == pytest.approx(expected, rel=1e-4, abs=1e-2)


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_a_small_step_costs_no_more_than_the_curvature_says(seed: int) -> None:
    energy, state = clip(seed)
    step_tn, step_c = direction(state, seed)
    step_tn, step_c = 1e-3 * step_tn, 1e-3 * step_c
    point = energy.at(state, with_clip=True)
    own_tnn, to_clip_tnc, clip_cc = energy.curvature(state, point, with_clip=True)
    bend_tn = second_difference(step_tn)
    curved = np.einsum("tn,tnm,tm->", step_tn, own_tnn, step_tn) + step_c @ clip_cc @ step_c
    curved += 2 * np.einsum("tn,tnc,c->", step_tn, to_clip_tnc, step_c)
    curved += (energy.bending_tn * bend_tn**2).sum()
    sloped = (point.slope_tn * step_tn).sum() + point.slope_c @ step_c
    after = energy.at(state.moved(step_tn, step_c), with_clip=True).energy
    # The pose fields of the mean shape and the springs at the bounds leave a few per cent.
    assert after - point.energy <= sloped + 0.5 * curved * 1.2


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_second_differences_and_their_transpose_are_adjoint(seed: int) -> None:
    random = np.random.default_rng(seed)
    values_tn, bend_tn = random.normal(size=(2, 7, 3))
    bend_tn[[0, -1]] = 0
    left = (second_difference(values_tn) * bend_tn).sum()
    assert left == pytest.approx((values_tn * second_difference_transposed(bend_tn)).sum())


def test_a_general_purpose_minimiser_finds_no_lower_energy() -> None:
    energy, state = clip(1)
    solved, point = minimise(energy, state, with_clip=True, most_steps=30, tolerance=1e-9)
    size = FRAMES * (MODES + 6)

    def flat(x: np.ndarray) -> tuple[float, np.ndarray]:
        at = energy.at(state.moved(x[:size].reshape(FRAMES, -1), x[size:]), with_clip=True)
        return at.energy, np.concatenate([at.slope_tn.ravel(), at.slope_c])

    other = minimize(
        flat,
        np.zeros(size + SHAPES.num_clip),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 3000, "maxfun": 4000},
    )
    assert point.energy <= other.fun * (1 + 1e-4)
    found_tk = state.expression_tk + other.x[:size].reshape(FRAMES, -1)[:, :MODES]
    np.testing.assert_allclose(solved.expression_tk, found_tk, atol=0.05)


def test_single_precision_ends_where_double_precision_does() -> None:
    single = Shapes(MODEL, np.float32)
    energy, state = clip(2)
    fine, _ = minimise(energy, state, with_clip=True, most_steps=30, tolerance=1e-9)
    energy, state = clip(2, shapes=single)
    state = State(*(part.astype(np.float32) for part in (state.expression_tk, state.pose_tp, state.clip_c)))
    coarse, _ = minimise(energy, state, with_clip=True, most_steps=30, tolerance=1e-6)
    np.testing.assert_allclose(coarse.expression_tk, fine.expression_tk, atol=5e-3)
    np.testing.assert_allclose(coarse.pose_tp, fine.pose_tp, atol=1e-3)
