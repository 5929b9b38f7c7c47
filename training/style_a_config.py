"""What a Style-A run can be told."""

from dataclasses import dataclass, field
from typing import Literal

from style2talker.style_a.config import StyleAConfig
from style2talker.style_a.losses import LossWeights
from training.config import RunConfig


@dataclass(frozen=True, kw_only=True)
class StyleATraining(RunConfig):
    """How Style-A is trained. The defaults give a talking portrait after minutes on two CPU cores."""

    batch_size: int = 4
    """Samples per optimiser step over all devices together; the device count must divide it."""
    save_every_samples: int = 20_000
    """Samples between two saves of weights, resume state and sample pictures."""
    validate_every_samples: int = 10_000
    """Samples between two looks at the validation split; 0 never looks."""
    resolution: int = 128
    """Side of the synthesised picture: 64, 128, 256, 512 or 1024; stands in for `model.resolution`."""
    art_dir: str = ""
    """Directory of art pictures that take turns with the built-in styles; empty uses the built-in styles
    alone."""
    art_styles: str = ""
    """Built-in styles that are drawn, separated by commas; empty draws all of style_a.art.STYLES.
    One style is learned several times faster (Style2Talker has one checkpoint per style)."""
    plain_share: float = 0.35
    """Share of samples with style degree 0; the others have 0.2, 0.4, 0.6, 0.8 or 1."""
    augment: bool = True
    """Change the tone of source and target together."""
    frame_memory_gb: float = 2.0
    """Memory for JPEG pictures per loader process."""
    generator_rate: float = 6e-3
    """Adam's learning rate of the generator; its weights are scaled at run time, so it is larger than
    usual."""
    motion_rate: float = 5e-4
    """Adam's learning rate of the flow and refinement networks."""
    discriminator_rate: float = 2e-3
    """Adam's learning rate of the discriminator."""
    half_life_samples: float = 10_000
    """Of the averaged weights; at most a twentieth of the samples seen."""
    r1_every_steps: int = 16
    """Steps between two gradient penalties, which count so many times more (StyleGAN2's lazy
    regularisation)."""
    adversarial_from_samples: int = 1_000
    """The discriminator joins here, when the generator has learned what the teacher alone can show."""
    conditional_discriminator: bool = True
    """Tell the discriminator the degree and the art's colours."""
    perceptual_net: Literal["alexnet", "vgg16"] = "alexnet"
    """Features of the perceptual and the art loss; vgg16 is sharper and ten times slower."""
    model: StyleAConfig = field(default_factory=StyleAConfig)
    """Sizes of the generator."""
    losses: LossWeights = field(default_factory=LossWeights)
    """Weights of the losses."""
