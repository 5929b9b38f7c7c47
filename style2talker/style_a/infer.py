"""A trained Style-A draws a portrait's frames from motion coefficients.

Axes: T frames, K coefficients, B frames drawn at once, H W pixels.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from style2talker.corpus.schema import FRAME_SIZE_PX
from style2talker.errors import UserError
from style2talker.face.model import embedded
from style2talker.nets.checkpoint import check_face_model, config_errors, load_checkpoint, load_weights
from style2talker.style_a.config import StyleAConfig
from style2talker.style_a.generator import Content, Style, StyleAGenerator
from style2talker.style_a.geometry_flow import FlowPrior, PosedFace
from style2talker.style_a.motion import motion_coefficients, motion_window

BATCH_FRAMES = 8
NOISE_SEED = 0
"""The grain of a portrait is the same in every frame and every run."""


class StyleA:
    """Draws frames of `resolution` px: `prepare` a portrait once, then `render` any number of clips.

    Args:
        generator: on the device to run on.
        about: what the checkpoint says of itself.
        output_px: side of the frames; by default the larger of what was trained and the portrait's 256 px.
            Above the trained resolution the source's own finer pixels are warped and the synthesised part is
            enlarged.
    """

    def __init__(
        self, generator: StyleAGenerator, about: dict[str, Any], *, output_px: int | None = None
    ) -> None:
        self.generator = generator.eval()
        self.config = generator.config
        self.about = about
        self.resolution = output_px or max(self.config.resolution, FRAME_SIZE_PX)
        self.prior = FlowPrior(size_px=self.config.prior_px)
        self.device = next(generator.parameters()).device
        self._prepared: tuple[Content, Style, PosedFace, np.ndarray] | None = None

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu", output_px: int | None = None) -> "StyleA":
        """Load the directory that `style2talker train style-a --out` wrote.

        Raises:
            UserError: a missing, damaged or foreign checkpoint, or one trained on another face model.
        """
        about, state = load_checkpoint(path, kind="style-a")
        check_face_model(about, embedded().sha256, source=path)
        with config_errors(path):
            generator = StyleAGenerator(StyleAConfig(**about["model"]))
        load_weights(generator, state, source=path)
        return cls(generator.to(device), about, output_px=output_px)

    @torch.inference_mode()
    def prepare(
        self,
        portrait_hw3: np.ndarray,
        *,
        identity_k: np.ndarray,
        expression_k: np.ndarray,
        rotation_3: np.ndarray,
        translation_3: np.ndarray,
        art_rgb: np.ndarray | None = None,
        degree: float = 0.5,
    ) -> None:
        """Encode a portrait and a style; everything that is the same in all frames happens here.

        Args:
            portrait_hw3: the 256 px face crop, uint8 RGB.
            identity_k, expression_k, rotation_3, translation_3: the portrait's own fit, in crop px.
            art_rgb: uint8 RGB picture of any size whose style is taken on; None keeps the photograph.
            degree: of the style, 0 (photograph) to 1; ignored without an art picture.

        Raises:
            UserError: a portrait of another size, or a degree outside [0, 1].
        """
        if portrait_hw3.shape != (FRAME_SIZE_PX, FRAME_SIZE_PX, 3):
            raise UserError(
                f"the portrait has shape {portrait_hw3.shape}, expected {FRAME_SIZE_PX} px RGB; "
                "crop it with generate.portrait.load_portrait"
            )
        if not 0 <= degree <= 1:
            raise UserError(f"degree is {degree}, expected 0 (photograph) to 1 (fully stylised)")
        source = picture_tensor(portrait_hw3).to(self.device)
        art = source if art_rgb is None else picture_tensor(_centre_square(art_rgb)).to(self.device)
        content = self.generator.encode(source, seed=NOISE_SEED)
        degree_b = torch.full((1,), degree if art_rgb is not None else 0.0, device=self.device)
        style = self.generator.style(content, art, degree_b)
        face = self.prior.pose(identity_k, expression_k[None], rotation_3[None], translation_3[None])
        self._prepared = (content, style, face, np.asarray(identity_k))

    @torch.inference_mode()
    def render(
        self, expression_tk: np.ndarray, rotation_t3: np.ndarray, translation_t3: np.ndarray
    ) -> Iterator[np.ndarray]:
        """Frames [resolution, resolution, 3] uint8 RGB, one per row of coefficients, `BATCH_FRAMES` in
        memory.

        Raises:
            UserError: nothing was prepared, or the three lengths differ.
        """
        if self._prepared is None:
            raise UserError("render was called before prepare; give a portrait first")
        if not len(expression_tk) == len(rotation_t3) == len(translation_t3):
            raise UserError(
                f"motion has {len(expression_tk)} expressions, {len(rotation_t3)} rotations and "
                f"{len(translation_t3)} translations; give one of each per frame"
            )
        content, style, source_face, identity_k = self._prepared
        still_t3 = np.ones((len(expression_tk), 3), np.float32)
        motion_tk = motion_coefficients(expression_tk, rotation_t3, translation_t3, still_t3)
        for first in range(0, len(expression_tk), BATCH_FRAMES):
            frames = slice(first, min(first + BATCH_FRAMES, len(expression_tk)))
            faces = self.prior.pose(
                identity_k, expression_tk[frames], rotation_t3[frames], translation_t3[frames]
            )
            count = frames.stop - first
            prior = np.stack([self.prior(source_face, faces[index]) for index in range(count)])
            window = np.stack([motion_window(motion_tk, first + index) for index in range(count)])
            yield from self._draw(content.expand(count), style.expand(count), window, prior)

    def _draw(self, content: Content, style: Style, window: np.ndarray, prior: np.ndarray) -> np.ndarray:
        layers = self.generator.layers(
            content, style, torch.from_numpy(window).to(self.device), torch.from_numpy(prior).to(self.device)
        )
        image = layers.compose(content, style, size_px=self.resolution)
        return ((image.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def picture_tensor(picture_hw3: np.ndarray) -> Tensor:
    """uint8 [H, W, 3] -> float [1, 3, H, W] in [-1, 1]."""
    tensor = torch.from_numpy(np.array(picture_hw3, order="C"))  # a copy: pictures may be read-only
    return tensor.permute(2, 0, 1)[None].float() / 127.5 - 1


def _centre_square(picture_hw3: np.ndarray) -> np.ndarray:
    side = min(picture_hw3.shape[:2])
    top, left = ((length - side) // 2 for length in picture_hw3.shape[:2])
    return picture_hw3[top : top + side, left : left + side]
