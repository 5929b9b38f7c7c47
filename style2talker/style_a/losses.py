"""The losses of Style-A and their weights.

Axes: B batch, H W P pixels, D condition.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from style2talker.nets.perceptual import PerceptualNet, style_distance
from style2talker.nets.warp import resize

NUM_CONDITIONS = 7
"""Degree, and the art's three colour means and three deviations times the degree."""
MOUTH_REACH = 1 / 14
"""The neighbourhood of the mouth's inside that counts as mouth, as a part of the picture's side."""


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weight of each loss; 0 switches it off. The defaults suit minutes of training on thousands of samples.

    Style2Talker trains for 200,000 steps with adversarial 0.01, reconstruction (squared) 0.1, LPIPS 0.01 and
    mask 0.0005.
    """

    reconstruction: float = 1.0
    """Mean absolute difference to the teacher's frame."""
    mouth: float = 4.0
    """How much more the reconstruction counts at the mouth, which is a fiftieth of the picture."""
    perceptual: float = 1.0
    """LPIPS to the teacher's frame."""
    adversarial: float = 0.02
    """Non-saturating logistic loss (Goodfellow et al. 2014; StyleGAN2)."""
    art: float = 0.1
    """AdaIN statistics against the art picture, times the degree."""
    mask: float = 0.01
    """Source kept in the picture beyond (1 - d)^2 0.9 + 0.1 (Style2Talker)."""
    residual: float = 0.1
    """Mean size of the flow's residual over the geometric prior, in half pictures."""
    r1: float = 1.0
    """Gradient penalty gamma of the discriminator on real pictures (Mescheder et al. 2018)."""


def generator_losses(
    *,
    output: Tensor,
    mask: Tensor,
    flow: Tensor,
    teacher: Tensor,
    art: Tensor,
    degree_b: Tensor,
    prior: Tensor,
    fake_logit_b: Tensor | None,
    perceptual_net: PerceptualNet,
    weights: LossWeights,
) -> dict[str, Tensor]:
    """`loss` and its parts, unweighted means over the batch. Pictures are RGB [B, 3, H, H] in [-1, 1].

    `fake_logit_b` is the discriminator's opinion of the output, or None where it is not asked.
    """
    emphasis = 1 + weights.mouth * around_mouth(prior, output.shape[-1])
    emphasis = emphasis / emphasis.mean(dim=(2, 3), keepdim=True)
    features = perceptual_net(output)
    with torch.no_grad():
        teacher_features, art_features = perceptual_net(teacher), perceptual_net(art)
    most_b = (1 - degree_b).square() * 0.9 + 0.1
    parts = {
        "reconstruction": ((output - teacher).abs() * emphasis).mean(),
        "perceptual": perceptual_net.distance(features, teacher_features).mean(),
        "art": (style_distance(features, art_features) * degree_b).mean(),
        "mask": F.relu(mask.mean(dim=(1, 2, 3)) - most_b).mean(),
        "residual": (flow - prior[:, :2]).abs().mean(),
    }
    if fake_logit_b is not None:
        parts["adversarial"] = F.softplus(-fake_logit_b).mean()
    loss = torch.stack([getattr(weights, name) * value for name, value in parts.items()]).sum()
    return {"loss": loss, **parts}


def discriminator_loss(real_logit_b: Tensor, fake_logit_b: Tensor) -> Tensor:
    """Logistic loss of the discriminator."""
    return F.softplus(-real_logit_b).mean() + F.softplus(fake_logit_b).mean()


def gradient_penalty(real_logit_b: Tensor, real: Tensor) -> Tensor:
    """R1: half the squared gradient of the logit with respect to the real pictures."""
    (gradient,) = torch.autograd.grad(real_logit_b.sum(), real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean() / 2


def condition(art: Tensor, degree_b: Tensor) -> Tensor:
    """What the discriminator is told [B, 7]; Style2Talker tells degree and style number.

    Colour statistics stand for the style number, because any picture has them.
    """
    statistics = torch.cat([art.mean(dim=(2, 3)), art.std(dim=(2, 3))], dim=1)
    return torch.cat([degree_b[:, None], statistics * degree_b[:, None]], dim=1)


def around_mouth(prior: Tensor, size_px: int) -> Tensor:
    """Soft indicator [B, 1, H, H] of the target's open mouth and its lips."""
    mouth = resize(prior[:, 4:5], size_px)
    reach = 2 * round(size_px * MOUTH_REACH) + 1
    return F.max_pool2d(mouth, reach, stride=1, padding=reach // 2)
