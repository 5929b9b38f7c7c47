"""Different people: skin, hair, eyes, light, backdrop, bones and voice of each.

Shape suffixes: 3 colour or x, y, z; k identity coefficients; p pairs of lip vertices.
Colours are RGB, 0 to 255.
"""

from dataclasses import dataclass

import numpy as np

from style2talker.face.model import FaceModel
from style2talker.twin.speech import Voice

BONES = 0.6  # spread of the identity coefficients between the people, in their standard deviations
Colour = tuple[float, float, float]
DARK_SKIN = 400  # sum of the channels; below it hair keeps the colour it was drawn up with
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

    The photograph's own proportions keep its texture from being stretched too far.
    """
    rng = np.random.default_rng((index, 17))
    other_k = np.clip(rng.normal(0, BONES, len(photographed_k)), -2 * BONES, 2 * BONES)
    return with_closed_lips(0.5 * photographed_k + other_k, model)


def with_closed_lips(identity_k: np.ndarray, model: FaceModel) -> np.ndarray:
    """The nearest coefficients, float32 [K], whose expressionless face has closed lips."""
    upper, lower = zip(*LIP_PAIRS, strict=True)
    gap_pk = (model.identity_kv3[:, upper, 1] - model.identity_kv3[:, lower, 1]).T
    gap_p = model.mean_v3[list(upper), 1] - model.mean_v3[list(lower), 1]
    return (identity_k - np.linalg.pinv(gap_pk) @ (gap_pk @ identity_k + gap_p)).astype(np.float32)
