"""Paint the photograph over: other colours, closed lips, brows, stubble.

Shape suffixes: h, w picture; 3 colour. Colours are RGB, 0 to 255, and Lab while they are mixed.
"""

import cv2
import numpy as np

from style2talker.face.canonical import BROW_LEFT, BROW_RIGHT, LIPS_LOWER_OUTER, LIPS_UPPER_OUTER
from style2talker.twin.identity import Colour, Look
from style2talker.twin.mouth import CONTOUR
from style2talker.twin.portrait import HEAD, Portrait

HAIR = (112.0, 90.0, 58.0)  # the photograph's
SMILE_FOLDS = (
    (203, 206, 216, 212, 202, 43, 57, 186, 92, 165),
    (423, 426, 436, 432, 422, 273, 287, 410, 322, 391),
    (230, 229, 228, 31, 111, 117, 118, 119, 120),
    (450, 449, 448, 261, 340, 346, 347, 348, 349),
)


def painted(portrait: Portrait, look: Look) -> np.ndarray:
    """The photograph in the colours of `look`, lips over the teeth; uint8 [512, 512, 3], not mirrored."""
    image = _relaxed(_without_teeth(portrait), portrait)
    suit_hw = np.clip(1 - portrait.skin_hw - portrait.hair_hw - portrait.backdrop_hw, 0, 1)
    suit_hw[:150] = 0  # above the collar it is what the other masks left of eyes and edges
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    for mask_hw, colour in (
        (portrait.backdrop_hw, look.backdrop_3),
        (portrait.skin_hw, look.skin_3),
        (portrait.hair_hw, look.hair_3),
    ):
        if colour is not None:
            lab += mask_hw[..., None] * (_moved(lab, mask_hw, colour) - lab)
    if look.suit_3:
        lab[..., 1:] += suit_hw[..., None] * (0.4 * _lab(look.suit_3)[1:] - 0.6 * lab[..., 1:])
    brows_hw = _soft_shapes(portrait, (BROW_LEFT, BROW_RIGHT), 1.0) * (1 - portrait.hair_hw)
    hair = _lab(look.hair_3 or HAIR)
    lab[..., 0] -= brows_hw * np.clip(0.4 * (lab[..., 0] - hair[0]), 6, 40)
    lab[..., 1:] += 0.4 * brows_hw[..., None] * (hair[1:] - lab[..., 1:])
    if look.beard:
        stubble_hw = np.random.default_rng(0).normal(1, 0.35, brows_hw.shape).astype(np.float32)
        shadow_hw = look.beard * _beard_area(portrait) * cv2.GaussianBlur(stubble_hw, (0, 0), 0.7)
        lab += shadow_hw[..., None] * (hair - lab) * [0.7, 0.35, 0.35]
    lips_hw = _soft_shapes(portrait, ((*LIPS_UPPER_OUTER, *LIPS_LOWER_OUTER[::-1]),), 1.0)
    lab += (look.lips * lips_hw)[..., None] * np.array([-8.0, 26.0, 8.0])
    rgb = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB)
    return np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8)


def _moved(lab: np.ndarray, mask_hw: np.ndarray, colour: Colour) -> np.ndarray:
    """`lab` with the region's mean moved to `colour`; its contrast follows its lightness."""
    near = mask_hw[HEAD]
    mean = (lab[HEAD] * (near / near.sum())[..., None]).sum((0, 1))
    target = _lab(colour)
    contrast = np.clip(target[0] / mean[0], 0.65, 1.1)
    return target + (lab - mean) * [contrast, 0.9, 0.9]


def _lab(colour: Colour) -> np.ndarray:
    return cv2.cvtColor(np.array([[colour]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]


def _without_teeth(portrait: Portrait) -> np.ndarray:
    """The photograph with the open smile painted over by the lips around it."""
    mouth = np.zeros(portrait.image_hw3.shape[:2], np.uint8)
    cv2.fillPoly(mouth, [np.rint(portrait.landmarks_l3[list(CONTOUR), :2]).astype(np.int32)], 255)
    mouth = cv2.dilate(mouth, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.inpaint(np.ascontiguousarray(portrait.image_hw3), mouth, 3, cv2.INPAINT_TELEA))


def _relaxed(image: np.ndarray, portrait: Portrait) -> np.ndarray:
    """The photograph with the shadows of the smile lightened: folds at the mouth, wrinkles below the eyes."""
    folds_hw = _soft_shapes(portrait, SMILE_FOLDS, 1.6) * 0.75
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    smooth = cv2.GaussianBlur(lab, (0, 0), 4.0)
    lab += folds_hw[..., None] * np.where(smooth[..., :1] > lab[..., :1], smooth - lab, 0)
    rgb = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8)


def _soft_shapes(portrait: Portrait, shapes: tuple[tuple[int, ...], ...], blur_px: float) -> np.ndarray:
    mask = np.zeros(portrait.image_hw3.shape[:2], np.float32)
    for shape in shapes:
        cv2.fillPoly(mask, [np.rint(portrait.landmarks_l3[list(shape), :2]).astype(np.int32)], 1.0)
    return cv2.GaussianBlur(mask, (0, 0), blur_px)


def _beard_area(portrait: Portrait) -> np.ndarray:
    """Chin, jaw and upper lip, without the lips."""
    points = portrait.landmarks_l3[:, :2]
    area = np.zeros(portrait.image_hw3.shape[:2], np.float32)
    jaw = (177, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 401)
    moustache = (391, 326, 2, 97, 165, 206, 216, 207, 187)
    cv2.fillPoly(area, [np.rint(points[[*jaw, 411, 427, 436, 426, *moustache]]).astype(np.int32)], 1.0)
    area = cv2.GaussianBlur(area, (0, 0), 3.0)
    lips = _soft_shapes(portrait, ((*LIPS_UPPER_OUTER, *LIPS_LOWER_OUTER[::-1]),), 1.0)
    return np.clip(area - lips, 0, 1) * portrait.skin_hw
