"""A head of the ICT-FaceKit model as a solid: another mesh and other shapes than the embedded model's.

Shape suffixes: t frames, v vertices, k coefficients, p points that mesh and photograph share, 2 px of the
photograph, 3 cm.
"""

import numpy as np
from scipy.interpolate import RBFInterpolator

from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.model import FaceModel
from style2talker.twin.identity import Look
from style2talker.twin.portrait import Portrait, portrait
from style2talker.twin.shell import build_shell
from style2talker.twin.skin import Opening, Skin, holes
from style2talker.twin.skin_map import skin_map
from style2talker.twin.solid import Pose, Solid

UPPER_LIP, LOWER_LIP = 62, 66  # of the 68 points
JAW, EYES = slice(0, 17), slice(36, 48)
WIDTH_CM = 14.7  # of the mean jaw
EYEBALL_CM, IRIS_CM = 1.18, 0.58  # radii
GAZE_RAD = np.radians([32.0, 26.0])  # at eyeLook 1: sideways, up and down
SMOOTHING = 2.0  # of the warp: its points are no more exact than half a px of the photograph


class WholeHead:
    """One identity of a face model that is a whole head, with holes for eyes and mouth and without eyeballs.

    Args:
        points_68: the model's vertices at the 68 iBUG points.
    """

    def __init__(
        self,
        model: FaceModel,
        points_68: np.ndarray,
        identity_k: np.ndarray,
        look: Look,
        *,
        shoulders: Pose,
        size_px: int = 256,
    ) -> None:
        self.model, self.identity_k = model, np.asarray(identity_k)
        names = model.expression_names
        self._neutral_v3 = model.shape(self.identity_k, np.zeros((1, len(names))))[0]
        jaw_v3 = model.expression_kv3[names.index("jawOpen")]
        self._jaw_y_cm = float(jaw_v3[points_68[LOWER_LIP], 1])
        right, left, mouth = holes(model.triangles_f3, model.mean_v3)
        skin = Skin(
            weights_nv=None,
            triangles_f3=model.triangles_f3,
            photo_n2=photo_places(model.mean_v3, points_68, portrait(), mirrored=look.mirrored),
            eyes=(right, left),
            mouth=mouth,
            outline=np.zeros(0, np.int64),
        )
        self._eyeballs_23 = np.stack([_eyeball(self._neutral_v3, eye) for eye in skin.eyes])
        skin_texture = skin_map(portrait(), look)
        shell = build_shell(
            look,
            eyes_3=self._neutral_v3[points_68[EYES]].mean(0),
            width=float(np.ptp(self._neutral_v3[points_68[JAW], 0])) / WIDTH_CM,
            skin_3=skin_texture.skin_3,
            hair_3=skin_texture.hair_3,
            whole=True,
        )
        self.solid = Solid(
            skin,
            skin_texture,
            shell,
            look,
            rest_v3=self._neutral_v3,
            lips_3=self._neutral_v3[points_68[[UPPER_LIP, LOWER_LIP]]].mean(0),
            shoulders=shoulders,
            size_px=size_px,
        )

    def vertices(self, expression_tk: np.ndarray) -> np.ndarray:
        """The true vertices [T, V, 3] in cm, before pose."""
        return self._neutral_v3 + np.tensordot(expression_tk, self.model.expression_kv3, axes=1)

    def render(self, expression_k: np.ndarray, pose: Pose) -> np.ndarray:
        """One frame, float32 [size, size, 3], 0 to 255, without blur and noise."""
        amount = dict(zip(self.model.expression_names, np.asarray(expression_k).tolist(), strict=True))
        irises = []
        for centre_3, side, outwards in zip(self._eyeballs_23, ("Right", "Left"), (-1, 1), strict=True):
            sideways = outwards * (amount[f"eyeLookOut{side}"] - amount[f"eyeLookIn{side}"])
            up = amount[f"eyeLookUp{side}"] - amount[f"eyeLookDown{side}"]
            irises.append(_iris(centre_3, *(np.array([sideways, up]) * GAZE_RAD)))
        vertices_v3 = self.vertices(np.asarray(expression_k)[None])[0]
        jaw_y_cm = amount["jawOpen"] * self._jaw_y_cm
        return self.solid.render(vertices_v3, np.stack(irises), pose, jaw_y_cm=jaw_y_cm)


def photo_places(
    mean_v3: np.ndarray, points_68: np.ndarray, photo: Portrait, *, mirrored: bool = False
) -> np.ndarray:
    """Where each vertex of a symmetric mean face lies in the photograph, px [V, 2].

    The face is laid over the photograph's landmarks, which have a depth, by the best similarity (Umeyama
    1991); then a thin-plate spline (Bookstein 1989) takes the points that both have to their places in the
    photograph.

    Args:
        mirrored: the photograph is meant to be seen in a mirror.
    """
    landmarks = [photo.landmarks_l3[list(each)].mean(0) * [1, -1, -1] for each in IBUG_TO_MEDIAPIPE.values()]
    target_p3, points = np.stack(landmarks), points_68[list(IBUG_TO_MEDIAPIPE)]
    target_p3, target_3 = target_p3 - target_p3.mean(0), target_p3.mean(0)
    source_v3 = mean_v3.astype(np.float64) - mean_v3[points].mean(0)
    u, size, vt = np.linalg.svd(target_p3.T @ source_v3[points])
    to_photo = size.sum() / (source_v3[points] ** 2).sum() * (u @ vt)[:2]
    warp = RBFInterpolator(
        source_v3[points] @ to_photo.T, target_p3[:, :2], kernel="thin_plate_spline", smoothing=SMOOTHING
    )
    seen_v3 = source_v3 * [-1, 1, 1] if mirrored else source_v3
    return (warp(seen_v3 @ to_photo.T) + target_3[:2]) * [1, -1]


def _eyeball(vertices_v3: np.ndarray, eye: Opening) -> np.ndarray:
    """Centre of the eyeball that touches the plane of the lids from behind."""
    rim_p3 = vertices_v3[np.append(eye.upper, eye.lower)]
    x, y, _ = (rim_p3.min(0) + rim_p3.max(0)) / 2
    return np.array([x, y, rim_p3[:, 2].max() - EYEBALL_CM])


def _iris(centre_3: np.ndarray, turn_rad: float, rise_rad: float) -> np.ndarray:
    """Its centre and the points to the picture's right, top, left and bottom, [5, 3] cm."""
    right_3 = np.array([np.cos(turn_rad), 0, -np.sin(turn_rad)])
    ahead_3 = np.array(
        [np.sin(turn_rad) * np.cos(rise_rad), np.sin(rise_rad), np.cos(turn_rad) * np.cos(rise_rad)]
    )
    top_3 = np.cross(ahead_3, right_3)
    middle_3 = centre_3 + ahead_3 * np.sqrt(EYEBALL_CM**2 - IRIS_CM**2)
    return middle_3 + IRIS_CM * np.stack([0 * top_3, right_3, top_3, -right_3, -top_3])
