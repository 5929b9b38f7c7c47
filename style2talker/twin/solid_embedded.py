"""The embedded face model as a solid head.

Shape suffixes: t frames, v vertices (478), k coefficients, 3 cm.
"""

from functools import cache

import numpy as np

from style2talker.face.canonical import (
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    IRIS_LEFT,
    IRIS_RIGHT,
    LIPS_LOWER_INNER,
    LIPS_UPPER_INNER,
    OVAL,
    mirror_vertices,
    open_triangles,
)
from style2talker.face.model import embedded
from style2talker.twin.identity import Look
from style2talker.twin.portrait import portrait
from style2talker.twin.refine import Refined, refine
from style2talker.twin.shell import build_shell
from style2talker.twin.skin import Opening, Skin
from style2talker.twin.skin_map import skin_map
from style2talker.twin.solid import Pose, Solid

UPPER_LIP, LOWER_LIP = 13, 14
EYE_CORNERS = ((33, 133), (263, 362))
CORNERS = (78, 308, 33, 133, 263, 362)  # of mouth and eyes, where the rims turn
WIDTH_CM = 14.6  # of the mean face's outline


class EmbeddedHead:
    """One identity of the embedded model."""

    def __init__(self, identity_k: np.ndarray, look: Look, *, shoulders: Pose, size_px: int = 256) -> None:
        self.model, self.identity_k = embedded(), np.asarray(identity_k)
        names = self.model.expression_names
        self._neutral_v3 = self.model.shape(self.identity_k, np.zeros((1, len(names))))[0]
        self._jaw_open = names.index("jawOpen")
        photo = portrait()
        landmarks_v2 = photo.landmarks_l3[:, :2]
        if look.mirrored:
            landmarks_v2 = landmarks_v2[mirror_vertices(self.model.mean_v3)]
        skin_texture = skin_map(photo, look)
        shell = build_shell(
            look,
            eyes_3=self._neutral_v3[np.array(EYE_CORNERS)].mean((0, 1)),
            width=float(np.ptp(self._neutral_v3[list(OVAL), 0])) / WIDTH_CM,
            skin_3=skin_texture.skin_3,
            hair_3=skin_texture.hair_3,
            whole=False,
        )
        self.solid = Solid(
            _skin(landmarks_v2),
            skin_texture,
            shell,
            look,
            rest_v3=self._neutral_v3,
            lips_3=self._neutral_v3[[UPPER_LIP, LOWER_LIP]].mean(0),
            shoulders=shoulders,
            size_px=size_px,
        )

    def vertices(self, expression_tk: np.ndarray) -> np.ndarray:
        """The true vertices [T, 478, 3] in cm, before pose."""
        return self._neutral_v3 + np.tensordot(expression_tk, self.model.expression_kv3, axes=1)

    def render(self, expression_k: np.ndarray, pose: Pose) -> np.ndarray:
        """One frame, float32 [size, size, 3], 0 to 255, without blur and noise."""
        vertices_v3 = self.vertices(np.asarray(expression_k)[None])[0]
        jaw_y_cm = expression_k[self._jaw_open] * self.model.expression_kv3[self._jaw_open, LOWER_LIP, 1]
        irises_253 = vertices_v3[[IRIS_RIGHT, IRIS_LEFT]]
        return self.solid.render(vertices_v3, irises_253, pose, jaw_y_cm=float(jaw_y_cm))


@cache
def _refined() -> Refined:
    model = embedded()
    skin_f3 = model.triangles_f3[open_triangles(model.triangles_f3)]
    return refine(skin_f3, len(model.mean_v3), CORNERS)


def _skin(landmarks_v2: np.ndarray) -> Skin:
    fine = _refined()
    return Skin(
        weights_nv=fine.weights_nv,
        triangles_f3=fine.triangles_f3,
        photo_n2=fine.weights_nv @ landmarks_v2,
        eyes=(
            Opening(upper=fine.along(EYE_RIGHT_UPPER), lower=fine.along(EYE_RIGHT_LOWER)),
            Opening(upper=fine.along(EYE_LEFT_UPPER[::-1]), lower=fine.along(EYE_LEFT_LOWER[::-1])),
        ),
        mouth=Opening(upper=fine.along(LIPS_UPPER_INNER), lower=fine.along(LIPS_LOWER_INNER)),
        outline=fine.along((*OVAL, OVAL[0]))[:-1],
    )
