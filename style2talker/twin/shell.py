"""What a face mesh lacks of a person: skull, hair, ears, neck and shoulders, as simple solids around it.

Shape suffixes: n vertices, f triangles, p points of a face's outline, d, a rows and columns of a solid, 3
coordinates (cm, model space) or colour (0 to 255). Places are those of an adult's head, from the middle
between the eyes; corners of triangles run counter-clockwise seen from outside.
"""

from dataclasses import dataclass

import numpy as np

from style2talker.twin.identity import Look
from style2talker.twin.mesh import tube_triangles

# centre and semi-axes, cm
SKULL = ((0.0, 1.0, -9.5), (7.2, 8.2, 6.5))
HAIR = ((0.0, 1.9, -8.9), (8.4, 9.3, 9.9))
HAIR_OF_WHOLE = ((0.0, 2.4, -8.8), (8.5, 9.5, 9.9))
EAR = ((7.2, -0.9, -7.6), (0.5, 2.4, 1.1))
SHOULDERS = ((0.0, -27.8, -10.5), (21.0, 11.0, 9.5))
NECK = ((0.0, -2.5, -9.0), (0.0, -21.0, -11.0))  # upper and lower end of its axis
NECK_RADII = (5.0, 5.2)  # sideways, in depth
NECK_RADII_OF_WHOLE = (4.7, 3.4)  # fills the back of a neck that the mesh has
NECK_SHADE = (0.72, 0.88)  # the jaw throws its shadow on the neck

HAIRLINE_CM, HAIRLINE_OF_WHOLE_CM = 5.0, 6.8  # below it and before the ears hair is drawn back into the head
EARS_CM = -6.2
DRAWN_BACK = np.array([0.25, 0.0, 0.5])  # by this share of the way to the hair's centre
SOFT_CM = 2.0
STRANDS, STRAND_CONTRAST = 160, 0.16  # around the crown; spread of their brightness
SKIRT = (0.12, 0.35, 0.65, 1.0)  # rings, as shares of the way from the outline back


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Solids around a face.

    Attributes:
        colour_n3: of each vertex.
        hold_n: 1 where a vertex turns with the head, 0 where it stays with the shoulders.
    """

    vertices_n3: np.ndarray
    triangles_f3: np.ndarray
    colour_n3: np.ndarray
    hold_n: np.ndarray


def build_shell(
    look: Look, *, eyes_3: np.ndarray, width: float, skin_3: np.ndarray, hair_3: np.ndarray, whole: bool
) -> Shell:
    """The solids of one person.

    Args:
        eyes_3: the middle between the eyes, cm. width: the head's, 1 is an adult's of 15 cm.
        whole: the face mesh is a whole head, with skull and ears of its own.
    """
    cloth_3 = 0.8 * np.array(look.suit_3 or (70.0, 74.0, 84.0))
    parts = [
        _hair(look, hair_3, whole=whole),
        _plain(_ellipsoid(*SHOULDERS, around=48, down=24), cloth_3, hold=0.0),
        _neck(skin_3, NECK_RADII_OF_WHOLE if whole else NECK_RADII),
    ]
    if not whole:
        (x, y, z), axes = EAR
        parts += [_plain(_ellipsoid((side, y, z), axes), skin_3, hold=1.0) for side in (-x, x)]
        parts.append(_plain(_ellipsoid(*SKULL), hair_3, hold=1.0))
    starts = np.cumsum([0, *(len(part.vertices_n3) for part in parts[:-1])])
    return Shell(
        vertices_n3=np.concatenate([part.vertices_n3 for part in parts]) * [width, 1, 1] + eyes_3,
        triangles_f3=np.concatenate(
            [part.triangles_f3 + start for part, start in zip(parts, starts, strict=True)]
        ),
        colour_n3=np.concatenate([part.colour_n3 for part in parts]),
        hold_n=np.concatenate([part.hold_n for part in parts]),
    )


def skirt(outline_p3: np.ndarray, eyes_3: np.ndarray) -> np.ndarray:
    """Rings [R, P, 3] that lead from the outline of a mask-like face back under hair and jaw."""
    below_p1 = np.clip((eyes_3[1] - 4 - outline_p3[:, 1:2]) / 4, 0, 1)
    off_p3 = outline_p3 - eyes_3
    under_hair_p3 = off_p3 * [0.88, 0.85, 1.0] - [0, 0, 5.0]
    under_jaw_p3 = off_p3 * [0.72, 1.0, 0.5] - [0, 0.5, 5.0]
    way_p3 = under_hair_p3 + below_p1 * (under_jaw_p3 - under_hair_p3) - off_p3
    return outline_p3 + np.array(SKIRT)[:, None, None] * way_p3


def _ellipsoid(
    centre: tuple[float, float, float],
    axes: tuple[float, float, float],
    *,
    around: int = 24,
    down: int = 16,
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices, rows from the upper pole to the lower one, and triangles."""
    polar_d = np.linspace(0.02, np.pi - 0.02, down)[:, None]
    turn_a = np.arange(around) * 2 * np.pi / around
    unit = (np.sin(polar_d) * np.sin(turn_a), np.cos(polar_d) + 0 * turn_a, np.sin(polar_d) * np.cos(turn_a))
    rows = np.arange(down * around).reshape(down, around)
    return np.stack(unit, -1).reshape(-1, 3) * axes + centre, tube_triangles(rows)


def _plain(solid: tuple[np.ndarray, np.ndarray], colour_3: np.ndarray, *, hold: float) -> Shell:
    vertices_n3, triangles_f3 = solid
    return Shell(
        vertices_n3=vertices_n3,
        triangles_f3=triangles_f3,
        colour_n3=np.tile(np.asarray(colour_3, np.float64), (len(vertices_n3), 1)),
        hold_n=np.full(len(vertices_n3), hold),
    )


def _hair(look: Look, colour_3: np.ndarray, *, whole: bool) -> Shell:
    """A cap of strands; below the hairline it dips into the head, whose surface then covers it."""
    centre, axes = HAIR_OF_WHOLE if whole else HAIR
    side, top = look.hair_side**0.6, look.hair_top**0.6
    axes = (axes[0] * side, axes[1] * top, axes[2] * (side + top) / 2)
    vertices_n3, triangles_f3 = _ellipsoid(centre, axes, around=STRANDS, down=48)
    _, y_n, z_n = vertices_n3.T
    low_n = _soft((HAIRLINE_OF_WHOLE_CM if whole else HAIRLINE_CM) - y_n)
    back_n3 = (low_n * _soft(z_n - EARS_CM))[:, None] * DRAWN_BACK
    rng = np.random.default_rng(5)
    bright_da = rng.standard_normal(STRANDS) + 0.5 * rng.standard_normal((48, STRANDS))
    return Shell(
        vertices_n3=centre + (vertices_n3 - centre) * (1 - back_n3),
        triangles_f3=triangles_f3,
        colour_n3=colour_3 * (1 + STRAND_CONTRAST * bright_da.clip(-2, 2)).reshape(-1, 1),
        hold_n=np.ones(len(vertices_n3)),
    )


def _soft(value_n: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above SOFT_CM, smooth between."""
    ramp_n = np.clip(value_n / SOFT_CM, 0, 1)
    return ramp_n * ramp_n * (3 - 2 * ramp_n)


def _neck(skin_3: np.ndarray, radii: tuple[float, float], *, around: int = 32, down: int = 10) -> Shell:
    """It twists from the head's pose at its upper end to the shoulders' at its lower one."""
    at_d11 = np.linspace(0, 1, down)[:, None, None]
    turn_a = np.arange(around) * 2 * np.pi / around
    ring_a3 = np.stack([radii[0] * np.sin(turn_a), 0 * turn_a, radii[1] * np.cos(turn_a)], -1)
    top_3, low_3 = np.array(NECK)
    vertices_da3 = top_3 + at_d11 * (low_3 - top_3) + ring_a3 * (1 + 0.12 * at_d11**3)
    return Shell(
        vertices_n3=vertices_da3.reshape(-1, 3),
        triangles_f3=tube_triangles(np.arange(down * around).reshape(down, around)),
        colour_n3=np.repeat(np.linspace(*NECK_SHADE, down), around)[:, None] * skin_3,
        hold_n=np.repeat(1 - at_d11.ravel(), around),
    )
