"""What Style-E is trained to get right: coefficients, the mouth they make, and their movement.

Axes: B batch, W frames, K expression coefficients, I identity coefficients, L lip pairs, P points.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from style2talker.face.model import FaceModel

LIP_PAIRS = ((0, 17), (13, 14), (61, 291), (78, 308))
"""MediaPipe vertices whose distances describe the mouth: opening and width of the outer and the inner lip."""


# No slots: jsonargparse reads the default of a nested dataclass through vars().
@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weights of the Style-E losses."""

    coefficients: float = 1.0
    """Mean squared error of the normalised coefficients."""
    mouth: float = 2.0
    """Lip distances on the face model; Style2Talker's L_mouth has weight 1, on distances of another scale."""
    velocity: float = 0.5
    """Mean squared error of the frame-to-frame differences."""


class MouthShape(nn.Module):
    """Squared lip distances s(S) of Style2Talker's L_mouth, on the vertices of `LIP_PAIRS`.

    The paper takes the outer and inner opening; the two widths are added because rounded vowels live there.
    Each distance is divided by its spread over `expression_tk`, so a weight means the same on any face model.

    Args:
        model: the face model that the coefficients belong to.
        identity_ti, expression_tk: frames from the training split, same length.
    """

    def __init__(self, model: FaceModel, *, identity_ti: np.ndarray, expression_tk: np.ndarray) -> None:
        super().__init__()
        points = np.array(LIP_PAIRS).T.reshape(-1)
        for name, value in (
            ("mean_p3", model.mean_v3[points]),
            ("identity_ip3", model.identity_kv3[:, points]),
            ("expression_kp3", model.expression_kv3[:, points]),
        ):
            self.register_buffer(name, torch.as_tensor(np.ascontiguousarray(value), dtype=torch.float32))
        self.register_buffer("spread_l", torch.ones(len(LIP_PAIRS)))
        measured_tl = self(torch.as_tensor(identity_ti)[:, None], torch.as_tensor(expression_tk)[:, None])[
            :, 0
        ]
        self.spread_l = measured_tl.std(dim=0, correction=0).clamp_min(1e-6)

    def forward(self, identity_bwi: Tensor, expression_bwk: Tensor) -> Tensor:
        """Squared lip distances [B, W, L] over their spread; identity may have W = 1."""
        point_bwp3 = (
            cast(Tensor, self.mean_p3)
            + torch.einsum("bwi,ipc->bwpc", identity_bwi, cast(Tensor, self.identity_ip3))
            + torch.einsum("bwk,kpc->bwpc", expression_bwk, cast(Tensor, self.expression_kp3))
        )
        one_bwl3, other_bwl3 = point_bwp3.chunk(2, dim=2)
        return (one_bwl3 - other_bwl3).square().sum(dim=3) / self.spread_l


def style_e_losses(
    predicted_bwk: Tensor,
    target_bwk: Tensor,
    *,
    valid_bw: Tensor,
    mouth_predicted_bwl: Tensor,
    mouth_target_bwl: Tensor,
    weights: LossWeights,
) -> dict[str, Tensor]:
    """The weighted sum as `loss` and its unweighted parts `coefficients`, `mouth`, `velocity`, scalars.

    Args:
        predicted_bwk, target_bwk: normalised clean coefficients.
        valid_bw: 1 where a face was found, 0 where the coefficients are a guess.
        mouth_predicted_bwl, mouth_target_bwl: `MouthShape` of both.
        weights: of the parts.
    """
    step_valid_bw = valid_bw[:, 1:] * valid_bw[:, :-1]
    parts = {
        "coefficients": _mean((predicted_bwk - target_bwk).square(), valid_bw),
        "mouth": _mean((mouth_predicted_bwl - mouth_target_bwl).abs(), valid_bw),
        "velocity": _mean((predicted_bwk.diff(dim=1) - target_bwk.diff(dim=1)).square(), step_valid_bw),
    }
    total = sum(getattr(weights, name) * value for name, value in parts.items())
    return {"loss": cast(Tensor, total), **parts}


def _mean(value_bwk: Tensor, valid_bw: Tensor) -> Tensor:
    return (value_bwk.mean(dim=2) * valid_bw).sum() / valid_bw.sum().clamp_min(1)
