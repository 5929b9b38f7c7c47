"""The mouth loss measures lips on the face model; the parts are what they are called."""

import numpy as np
import pytest
import torch

from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.style_e.losses import LIP_PAIRS, LossWeights, MouthShape, style_e_losses


@pytest.fixture(scope="module")
def mouth() -> MouthShape:
    rng = np.random.default_rng(0)
    model = embedded()
    return MouthShape(
        model,
        identity_ti=rng.normal(size=(200, len(model.identity_kv3))).astype(np.float32),
        expression_tk=rng.random((200, len(model.expression_kv3))).astype(np.float32) * 0.3,
    )


def test_distances_are_those_of_the_model_s_vertices(mouth: MouthShape) -> None:
    rng = np.random.default_rng(1)
    model = embedded()
    identity_i = rng.normal(size=len(model.identity_kv3)).astype(np.float32)
    expression_tk = rng.random((7, len(model.expression_kv3))).astype(np.float32)
    vertex_tv3 = model.shape(identity_i, expression_tk)
    expected_tl = np.stack(
        [np.square(vertex_tv3[:, one] - vertex_tv3[:, other]).sum(axis=1) for one, other in LIP_PAIRS], axis=1
    )
    measured_tl = (
        mouth(torch.tensor(identity_i)[None, None], torch.tensor(expression_tk)[None])[0] * mouth.spread_l
    )
    np.testing.assert_allclose(measured_tl.numpy(), expected_tl, rtol=1e-3, atol=1e-3)


def test_an_opening_jaw_opens_the_lips(mouth: MouthShape) -> None:
    model = embedded()
    expression_wk = torch.zeros(2, len(model.expression_kv3))
    expression_wk[1, EXPRESSION_NAMES.index("jawOpen")] = 1
    shape_wl = mouth(torch.zeros(1, 1, len(model.identity_kv3)), expression_wk[None])[0]
    assert (shape_wl[1, :2] > shape_wl[0, :2]).all()


def test_parts_are_weighted_and_summed() -> None:
    torch.manual_seed(0)
    predicted, target = torch.randn(2, 3, 32, 5)
    lips, true_lips = torch.randn(2, 3, 32, 4)
    weights = LossWeights(coefficients=2.0, mouth=3.0, velocity=5.0)
    losses = style_e_losses(
        predicted,
        target,
        valid_bw=torch.ones(3, 32),
        mouth_predicted_bwl=lips,
        mouth_target_bwl=true_lips,
        weights=weights,
    )
    expected = 2 * losses["coefficients"] + 3 * losses["mouth"] + 5 * losses["velocity"]
    torch.testing.assert_close(losses["loss"], expected)
    torch.testing.assert_close(losses["coefficients"], (predicted - target).square().mean())
    torch.testing.assert_close(losses["mouth"], (lips - true_lips).abs().mean())


def test_a_constant_offset_has_no_velocity_error() -> None:
    target = torch.randn(2, 32, 5)
    losses = style_e_losses(
        target + 1,
        target,
        valid_bw=torch.ones(2, 32),
        mouth_predicted_bwl=torch.zeros(2, 32, 4),
        mouth_target_bwl=torch.zeros(2, 32, 4),
        weights=LossWeights(),
    )
    assert float(losses["velocity"]) == pytest.approx(0, abs=1e-10)
    assert float(losses["coefficients"]) == pytest.approx(1, rel=1e-5)
