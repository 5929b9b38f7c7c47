"""Different people from one photograph: other skin, hair, eyes, light, backdrop and bones.

Shape suffixes: h, w picture; 3 colour or x, y, z; k identity coefficients; p pairs of lip vertices.
Colours are RGB, 0 to 255.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from style2talker.face.canonical import BROW_LEFT, BROW_RIGHT, LIPS_LOWER_OUTER, LIPS_UPPER_OUTER
from style2talker.face.model import FaceModel
from style2talker.twin.mouth import CONTOUR
from style2talker.twin.portrait import HEAD, Portrait
from style2talker.twin.speech import Voice

BONES = 0.6  # spread of the identity coefficients between the people, in their standard deviations
Colour = tuple[float, float, float]
HAIR = (112.0, 90.0, 58.0)  # the photograph's
DARK_SKIN = 400  # sum of the channels; below it hair keeps the colour it was drawn up with
SMILE_FOLDS = (
    (203, 206, 216, 212, 202, 43, 57, 186, 92, 165),
    (423, 426, 436, 432, 422, 273, 287, 410, 322, 391),
    (230, 229, 228, 31, 111, 117, 118, 119, 120),
    (450, 449, 448, 261, 340, 346, 347, 348, 349),
)
LIP_PAIRS = ((81, 178), (13, 14), (311, 402))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one person looks and sounds.

    Attributes:
        skin_3, hair_3, backdrop_3: the mean colour that each region is moved to; None leaves it.
        suit_3: a tint for the collar; None leaves it.
        hair_side, hair_top: volume of the hair, 1 is the photograph's.
        iris_3: iris colour.
        lips: 0 keeps the photograph's lips, 1 reddens them fully.
        beard: 0 (none) to 1, a shadow in the colour of the hair.
        mirrored: the photograph is flipped, so that the hair parts on the other side.
        light_3: direction to the light, unit length; ambient: 0 to 1, the rest comes from the light.
        voice: how this person speaks.
    """

    skin_3: Colour | None
    hair_3: Colour | None
    iris_3: Colour
    backdrop_3: Colour | None
    suit_3: Colour | None
    hair_side: float = 1.0
    hair_top: float = 1.0
    lips: float = 0.3
    beard: float = 0.0
    mirrored: bool = False
    light_3: Colour = (0.0, 0.3, 0.95)
    ambient: float = 0.75
    voice: Voice


LOOKS = (
    Look(
        skin_3=None,
        hair_3=None,
        iris_3=(96, 66, 44),
        backdrop_3=None,
        suit_3=None,
        voice=Voice(name="en-us+f2", pitch=50),
    ),
    Look(
        skin_3=(168, 120, 94),
        hair_3=(36, 30, 30),
        hair_side=0.86,
        hair_top=0.9,
        iris_3=(58, 36, 24),
        backdrop_3=(120, 142, 160),
        suit_3=(60, 88, 150),
        lips=0.1,
        beard=0.6,
        mirrored=True,
        light_3=(-0.5, 0.3, 0.81),
        ambient=0.6,
        voice=Voice(name="en-us+m3", pitch=40),
    ),
    Look(
        skin_3=(226, 184, 162),
        hair_3=(150, 70, 34),
        hair_side=1.08,
        hair_top=1.06,
        iris_3=(84, 128, 96),
        backdrop_3=(196, 202, 180),
        suit_3=(70, 120, 80),
        lips=0.35,
        light_3=(0.5, 0.4, 0.77),
        ambient=0.7,
        voice=Voice(name="en-gb-x-rp+f4", pitch=58),
    ),
    Look(
        skin_3=(132, 90, 70),
        hair_3=(24, 20, 20),
        hair_side=1.14,
        hair_top=1.1,
        iris_3=(46, 30, 22),
        backdrop_3=(206, 186, 160),
        suit_3=(170, 150, 60),
        lips=0.25,
        mirrored=True,
        light_3=(0.35, 0.5, 0.79),
        ambient=0.65,
        voice=Voice(name="en-us+f3", pitch=44),
    ),
    Look(
        skin_3=(214, 168, 146),
        hair_3=(170, 168, 166),
        hair_side=0.9,
        hair_top=0.86,
        iris_3=(104, 134, 164),
        backdrop_3=(88, 92, 104),
        suit_3=(110, 112, 118),
        lips=0.1,
        beard=0.35,
        light_3=(-0.6, 0.2, 0.77),
        ambient=0.55,
        voice=Voice(name="en-gb-x-rp+m1", pitch=34),
    ),
    Look(
        skin_3=(196, 150, 118),
        hair_3=(64, 42, 30),
        hair_side=1.0,
        hair_top=0.92,
        iris_3=(76, 50, 34),
        backdrop_3=(160, 120, 116),
        suit_3=(140, 50, 70),
        lips=0.6,
        mirrored=True,
        light_3=(0.0, 0.6, 0.8),
        ambient=0.65,
        voice=Voice(name="en-us+f5", pitch=54),
    ),
)


def look_of(index: int) -> Look:
    """The look of identity `index`; beyond the drawn ones, a seeded mixture of them."""
    if index < len(LOOKS):
        return LOOKS[index]
    rng = np.random.default_rng((index, 71))
    pick = [LOOKS[i] for i in rng.integers(0, len(LOOKS), 5)]
    if pick[0].skin_3 is not None and sum(pick[0].skin_3) < DARK_SKIN:
        pick[1] = pick[0]
    return Look(
        skin_3=pick[0].skin_3,
        hair_3=pick[1].hair_3,
        iris_3=pick[2].iris_3,
        backdrop_3=_any_colour(rng, 80, 210),
        suit_3=_any_colour(rng, 40, 180),
        hair_side=float(rng.uniform(0.88, 1.12)),
        hair_top=float(rng.uniform(0.88, 1.1)),
        lips=pick[3].lips,
        beard=pick[3].beard,
        mirrored=bool(rng.integers(2)),
        light_3=pick[4].light_3,
        ambient=pick[4].ambient,
        voice=pick[3].voice,
    )


def _any_colour(rng: np.random.Generator, darkest: float, brightest: float) -> Colour:
    """A muted colour: a grey between the two, and a little of some hue."""
    grey, tint_3 = rng.uniform(darkest, brightest), rng.uniform(-22, 22, 3)
    red, green, blue = (grey + tint_3).tolist()
    return red, green, blue


def identity_coefficients(index: int, photographed_k: np.ndarray, model: FaceModel) -> np.ndarray:
    """float32 [K] for identity `index`: the photographed person, half way to the mean, with other bones.

    The photograph's own proportions keep its texture from being stretched too far. The smallest change of the
    coefficients that closes the lips of the expressionless face follows, so that a twin's mouth can be shut.
    """
    rng = np.random.default_rng((index, 17))
    other_k = np.clip(rng.normal(0, BONES, len(photographed_k)), -2 * BONES, 2 * BONES)
    wanted_k = 0.5 * photographed_k + other_k
    upper, lower = zip(*LIP_PAIRS, strict=True)
    gap_pk = (model.identity_kv3[:, upper, 1] - model.identity_kv3[:, lower, 1]).T
    gap_p = model.mean_v3[list(upper), 1] - model.mean_v3[list(lower), 1]
    return (wanted_k - np.linalg.pinv(gap_pk) @ (gap_pk @ wanted_k + gap_p)).astype(np.float32)


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
