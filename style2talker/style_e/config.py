"""Sizes of the Style-E network."""

from dataclasses import dataclass

WINDOW = 32
"""Frames the network sees at once (Style2Talker)."""
OVERLAP = 8
"""Frames that neighbouring windows share in longer speech; without them seams would show at every window."""


# No slots: jsonargparse reads the default of a nested dataclass through vars().
@dataclass(frozen=True, kw_only=True)
class StyleEConfig:
    """Sizes of the Style-E network. Style2Talker's are hidden 512 and 8 layers; these suit a small corpus."""

    hidden: int = 256
    """Width of the denoiser."""
    num_layers: int = 5
    """Blocks of the denoiser."""
    audio_channels: int = 128
    """Channels of the audio encoder."""
    diffusion_steps: int = 1000
    """Steps of the noise schedule, squared cosine (Style2Talker)."""
