"""A picture of a face becomes what the renderer needs: the 256 px crop and its own coefficients.

Axes: K_id and K_exp coefficients.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from style2talker.errors import UserError
from style2talker.face.crop import crop_frame, fomm_box, to_crop
from style2talker.face.fit import fit_clip
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import embedded

SMALLEST_FACE_PX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A face crop and the morphable-model coefficients that explain it."""

    crop_hw3: np.ndarray
    """The 256 x 256 RGB crop, uint8."""
    identity_k: np.ndarray
    expression_k: np.ndarray
    rotation_3: np.ndarray
    """Pitch, yaw, roll in radians."""
    translation_3: np.ndarray
    """x px, y px, px per model unit, in the crop."""


def read_picture(path: str | Path) -> np.ndarray:
    """Read any picture file as RGB uint8 (H, W, 3), turned upright by its EXIF orientation.

    Raises:
        UserError: the file is missing or is not a picture.
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            return np.asarray(upright.convert("RGB"))
    except FileNotFoundError as error:
        raise UserError(f"there is no picture at {path}; give the path of a JPEG or PNG file.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(
            f"{path} is not a picture that can be read ({error}); give a JPEG or PNG file."
        ) from error


def load_portrait(path: str | Path) -> Portrait:
    """Find the face in a picture, crop it as training crops were made, and fit the face model to it.

    Raises:
        UserError: not a picture, no face in it, or a face too small to show a mouth.
    """
    picture = read_picture(path)
    with LandmarkTracker() as tracker:
        found = tracker.detect_image(picture)
    box = None if found is None else fomm_box(found[0][None])
    if found is None or box is None:
        raise UserError(f"no face was found in {path}; give a portrait that shows one face from the front.")
    landmarks_l3, blendshapes_k = found
    side_px = float(np.ptp(landmarks_l3[:, :2], axis=0).max())
    if side_px < SMALLEST_FACE_PX:
        raise UserError(
            f"the face in {path} is {side_px:.0f} px large, at least {SMALLEST_FACE_PX} px are needed; "
            "give a closer or larger picture."
        )
    fit = fit_clip(
        to_crop(landmarks_l3[None], box),
        blendshapes_tk=blendshapes_k[None],
        model=embedded(),
        face_found_t=np.ones(1, dtype=bool),
    )
    return Portrait(
        crop_hw3=crop_frame(picture, box),
        identity_k=fit.identity_k,
        expression_k=fit.expression_tk[0],
        rotation_3=fit.rotation_t3[0],
        translation_3=fit.translation_t3[0],
    )
