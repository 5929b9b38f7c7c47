"""The size of a Style-A network, and the arithmetic that follows from its resolution."""

from dataclasses import dataclass

from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES

RESOLUTIONS = (64, 128, 256, 512, 1024)
NUM_POSE = 9
"""Rotation 3, translation 3, crop 3 (Style2Talker)."""
WINDOW_FRAMES = 27
"""13 frames before and after the one that is drawn (Style2Talker)."""


# No slots: jsonargparse reads the default of a nested dataclass through vars().
@dataclass(frozen=True, kw_only=True)
class StyleAConfig:
    """Sizes of the generator. The defaults train on a laptop's CPU; `channel_base` 32768 and `channel_max`
    512 are StyleGAN2's own."""

    resolution: int = 128
    """Side of the synthesised picture in px: 64, 128, 256, 512 or 1024."""
    channel_base: int = 2048
    """A layer at R px has channel_base / R channels; multiples of 16 run fastest."""
    channel_max: int = 96
    """The most channels of any layer."""
    style_dim: int = 128
    """Dimension of w, the style code that modulates the synthesis layers."""
    descriptor_dim: int = 128
    """Dimension of the motion descriptor (256 in Style2Talker)."""
    num_expressions: int = len(EXPRESSION_NAMES)
    """Expression coefficients per frame."""
    flow_px: int = 64
    """Side at which residual flow and occlusion are predicted (64 in Style2Talker)."""
    prior_px: int = 128
    """Side of the geometric flow prior."""

    def __post_init__(self) -> None:
        if self.resolution not in RESOLUTIONS:
            raise UserError(f"resolution is {self.resolution}, expected one of {RESOLUTIONS}")

    @property
    def num_coefficients(self) -> int:
        """Rows of a motion window."""
        return self.num_expressions + NUM_POSE

    @property
    def sizes_px(self) -> list[int]:
        """Sides of the synthesis layers, small first: 16, 32, ..., `resolution`."""
        return [2**level for level in range(4, self.resolution.bit_length())]

    def channels(self, size_px: int) -> int:
        """Channels of the layers at `size_px`."""
        return min(self.channel_max, max(self.channel_base // size_px, 8))
