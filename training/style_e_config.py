"""What a Style-E run can be told."""

from dataclasses import dataclass, field

from style2talker.style_e.config import StyleEConfig
from style2talker.style_e.losses import LossWeights
from training.config import RunConfig


@dataclass(frozen=True, kw_only=True)
class StyleETraining(RunConfig):
    """How Style-E is trained."""

    batch_size: int = 32
    """Samples per optimiser step over all devices together; the device count must divide it."""
    learning_rate: float = 2e-3
    """Of AdamW at its highest; later it falls with the inverse square root of the samples seen."""
    warm_up_samples: int = 2_000
    """Samples over which the learning rate rises to `learning_rate`."""
    flat_samples: int = 40_000
    """Samples after which the learning rate starts to fall."""
    weight_decay: float = 0.05
    """Of AdamW."""
    half_life_samples: float = 50_000
    """Of the averaged weights; at most a twentieth of the samples seen."""
    text_dropout: float = 0.1
    """Share of samples trained without text, for classifier-free guidance."""
    augment: bool = True
    """Vary voice and microphone, and blur text and identity a little."""
    model: StyleEConfig = field(default_factory=StyleEConfig)
    """Sizes of the network."""
    losses: LossWeights = field(default_factory=LossWeights)
    """Weights of the losses."""
