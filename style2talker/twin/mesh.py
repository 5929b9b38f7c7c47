"""The sheet that is drawn: the face mesh, and rings around it that carry hair, neck and backdrop.

The face is rigid with the head; the rings hold on to the head as far as the hair reaches and then let go, so
the picture warps smoothly and stands still at its border.

Shape suffixes: v vertices of the face (478), n vertices of the sheet, f triangles, o points of the face oval
(36), r rings, t frames, 2 or 3 coordinates. Model space is in cm, pictures in px.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from style2talker.face.canonical import OVAL
from style2talker.face.geometry import depth, project, rotation_matrix
from style2talker.face.model import FaceModel

RINGS = np.array([1.04, 1.1, 1.2, 1.35, 1.55, 1.75, 1.95, 2.2, 2.6, 3.4])
BEHIND_CM = 3.0  # how far the head's surface falls back per oval radius
EXPRESSION_FADE = 0.22  # in oval radii: how far the skin around the face follows the jaw
HOLD_DOWN, HOLD_SIDE, HOLD_UP = 1.0, 1.7, 2.0  # in oval radii: chin, hair at the sides, hair on top
HAIR_ENDS = 1.95
FADE_DOWN, FADE_UP = 0.6, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The mesh of one identity.

    Attributes:
        triangles_f3: face and rings.
        texture_n2: where each vertex lies in the photograph, px.
        rest_n3: vertices of the expressionless face, cm.
        hold_n: 1 where a vertex moves with the head, 0 where it stays.
    """

    triangles_f3: np.ndarray
    texture_n2: np.ndarray
    rest_n3: np.ndarray
    hold_n: np.ndarray

    def drawn(
        self,
        vertices_v3: np.ndarray,
        pose: tuple[np.ndarray, np.ndarray],
        *,
        rest: tuple[np.ndarray, np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(points_n2 px, depth_n, vertices_n3 cm) of one frame.

        Args:
            vertices_v3: the face with its expression, before pose.
            pose: (rotation_3, translation_3) of this frame. rest: the pose at which nothing has moved.
        """
        num_face, num_oval = len(vertices_v3), len(OVAL)
        moved_o3 = (vertices_v3 - self.rest_n3[:num_face])[list(OVAL)]
        fade_r = np.exp(-(RINGS - 1) / EXPRESSION_FADE)
        rings_n3 = self.rest_n3[num_face:] + (fade_r[:, None, None] * moved_o3).reshape(-1, 3)
        assert len(rings_n3) == len(RINGS) * num_oval
        vertices_n3 = np.concatenate([vertices_v3, rings_n3])
        with_head_n2, still_n2 = (
            project(vertices_n3[None], rotation_3[None], translation_3[None])[0]
            for rotation_3, translation_3 in (pose, rest)
        )
        hold_n1 = self.hold_n[:, None]
        points_n2 = hold_n1 * with_head_n2 + (1 - hold_n1) * still_n2
        return points_n2, depth(vertices_n3[None], pose[0][None])[0], vertices_n3


def build_sheet(
    model: FaceModel,
    identity_k: np.ndarray,
    landmarks_l2: np.ndarray,
    *,
    hair_side: float = 1.0,
    hair_top: float = 1.0,
) -> Sheet:
    """The sheet of one identity on a photograph with these landmarks; `hair_*` scale the hair's volume."""
    rest_v3 = model.shape(identity_k, np.zeros((1, len(model.expression_names))))[0]
    oval = list(OVAL)
    oval_o3, oval_o2 = rest_v3[oval], landmarks_l2[oval]
    centre_3, centre_2 = oval_o3.mean(0), oval_o2.mean(0)
    grow_r = RINGS[:, None, None]
    up_o = _upwards(oval_o3 - centre_3)
    volume_o = 1 + np.clip(up_o + 0.35, 0, 1) * (hair_side - 1 + (hair_top - hair_side) * np.clip(up_o, 0, 1))
    # the volume is given back outside the hair, so that the backdrop's border stays
    hair_r = np.clip((HAIR_ENDS + 0.6 - RINGS) / 0.6, 0, 1)[:, None]
    grown_ro = 1 + (RINGS[:, None] - 1) * (1 + (volume_o - 1) * hair_r)
    rings_ro3 = centre_3 + grown_ro[..., None] * (oval_o3 - centre_3)
    rings_ro3[..., 2] = oval_o3[:, 2] - BEHIND_CM * (RINGS[:, None] - 1)
    rings_ro2 = centre_2 + grow_r * (oval_o2 - centre_2)
    return Sheet(
        triangles_f3=np.concatenate([model.triangles_f3, _ring_triangles(len(rest_v3))]),
        texture_n2=np.concatenate([landmarks_l2, rings_ro2.reshape(-1, 2)]),
        rest_n3=np.concatenate([rest_v3, rings_ro3.reshape(-1, 3)]),
        hold_n=np.concatenate([np.ones(len(rest_v3)), _hold(oval_o3 - centre_3).reshape(-1)]),
    )


def _hold(direction_o3: np.ndarray) -> np.ndarray:
    """How firmly each ring vertex is held by the head, [R, 36]."""
    up_o = _upwards(direction_o3)
    far_o = np.where(up_o > 0, HOLD_SIDE + (HOLD_UP - HOLD_SIDE) * up_o, 0)
    lift_o = np.clip((up_o + 1) / 0.9, 0, 1)  # 0 straight below the chin, 1 from the ears upwards
    far_o = np.maximum(far_o, HOLD_DOWN + (HOLD_SIDE - HOLD_DOWN) * lift_o**2)
    fade_o = FADE_DOWN + (FADE_UP - FADE_DOWN) * lift_o
    gone_ro = np.clip((RINGS[:, None] - far_o) / fade_o, 0, 1)
    return 1 - gone_ro**2 * (3 - 2 * gone_ro)


def _upwards(direction_o3: np.ndarray) -> np.ndarray:
    """Sine of each direction above the horizontal, in the picture: -1 at the chin, 1 at the crown."""
    return direction_o3[:, 1] / np.linalg.norm(direction_o3[:, :2], axis=1)


def _ring_triangles(num_face: int) -> np.ndarray:
    rings = num_face + np.arange(len(RINGS) * len(OVAL)).reshape(len(RINGS), len(OVAL))
    return tube_triangles([np.array(OVAL), *rings])


def tube_triangles(loops: Iterable[np.ndarray]) -> np.ndarray:
    """Triangles [F, 3] that join each closed loop of vertices to the next; all loops are of one length."""
    triangles = []
    for inner, outer in pairwise(loops):
        next_inner, next_outer = np.roll(inner, -1), np.roll(outer, -1)
        triangles += [np.stack([inner, outer, next_outer], 1), np.stack([inner, next_outer, next_inner], 1)]
    return np.concatenate(triangles)


def vertex_normals(
    vertices_n3: np.ndarray, triangles_f3: np.ndarray, *, outwards: bool = False
) -> np.ndarray:
    """Unit normals, area-weighted, turned towards the viewer.

    Args:
        outwards: corners run counter-clockwise seen from outside, and that is where normals point.
    """
    a, b, c = (vertices_n3[triangles_f3[:, i]] for i in range(3))
    normal_f3 = np.cross(b - a, c - a)
    if not outwards:
        normal_f3 *= np.sign(normal_f3[:, 2:] + 1e-12)
    normal_n3 = np.stack(
        [
            np.bincount(triangles_f3.ravel(), np.repeat(normal_f3[:, i], 3), len(vertices_n3))
            for i in range(3)
        ],
        axis=1,
    )
    return normal_n3 / np.maximum(np.linalg.norm(normal_n3, axis=1, keepdims=True), 1e-9)


def turned(normal_n3: np.ndarray, rotation_3: np.ndarray) -> np.ndarray:
    """Normals after the head's rotation."""
    return normal_n3 @ rotation_matrix(rotation_3[None])[0].T
