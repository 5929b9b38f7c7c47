"""Sizes of the Style-E network."""

from dataclasses import dataclass

WINDOW = 32
"""Frames the network sees at once (papers 1.2)."""
OVERLAP = 8
"""Frames that neighbouring windows share when longer speech is generated (papers 1.7)."""


# No slots: jsonargparse reads the default of a nested dataclass through vars().
@dataclass(frozen=True, kw_only=True)
class StyleEConfig:
    """Sizes of the Style-E network. The paper's are hidden 512 and 8 layers; the defaults suit a small corpus."""

    hidden: int = 256
    """Width of the denoiser."""
    num_layers: int = 5
    """Blocks of the denoiser."""
    audio_channels: int = 128
    """Channels of the audio encoder's conv stack; a multiple of 8."""
    diffusion_steps: int = 1000
    """Steps of the noise schedule, squared cosine (papers 1.2)."""
