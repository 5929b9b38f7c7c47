"""Draw one person: pose and expression coefficients in, picture out.

Shape suffixes: t frames, k coefficients, v face vertices, n sheet vertices; h, w picture; 2 px;
3 cm or colour.
"""

import cv2
import numpy as np

from style2talker.face.canonical import mirror_vertices
from style2talker.face.fit import Fit, fit_clip
from style2talker.face.model import EXPRESSION_NAMES, FaceModel, embedded
from style2talker.face.raster import rasterise
from style2talker.twin.eyes import Eyes
from style2talker.twin.identity import identity_coefficients, look_of
from style2talker.twin.mesh import build_sheet, turned, vertex_normals
from style2talker.twin.mouth import Mouth
from style2talker.twin.paint import painted
from style2talker.twin.portrait import Portrait, portrait

SIZE_PX = 320
WINDOW = (130.0, 0.0, 196.0)  # left, top and side, in the photograph, of what a frame shows at rest
TEXTURE_SCALE = 2
COARSE = 2  # the sheet is rasterised at half size: what it carries is smooth, and its rims are drawn apart
UPPER_LIP, LOWER_LIP, JAW_OPEN = 13, 14, EXPRESSION_NAMES.index("jawOpen")
TOOTH = np.array([232.0, 226.0, 214.0])


class Scene:
    """One person in front of a camera, ready to be drawn in any pose and expression.

    Args:
        identity: which person; the first six are drawn up by hand, the others are mixtures.
        model: the face model; None takes the embedded one.
    """

    def __init__(self, identity: int, *, model: FaceModel | None = None) -> None:
        self.model = model or embedded()
        self.look = look_of(identity)
        photo = portrait()
        texture, landmarks_l2 = painted(photo, self.look), photo.landmarks_l3[:, :2]
        pose = _pose_of(photo, self.model)
        self.identity_k = identity_coefficients(identity, pose.identity_k, self.model)
        rotation_3, place_3 = pose.rotation_t3[0], pose.translation_t3[0]
        window_left = WINDOW[0]
        if self.look.mirrored:
            last = texture.shape[1] - 1
            texture = texture[:, ::-1]
            landmarks_l2 = landmarks_l2[mirror_vertices(self.model.mean_v3)] * [-1, 1] + [last, 0]
            rotation_3, place_3 = rotation_3 * [1, -1, -1], place_3 * [-1, 1, 1] + [last, 0, 0]
            window_left = last - WINDOW[0] - WINDOW[2]
        scale = SIZE_PX / WINDOW[2]
        self.rest_rotation_3 = np.asarray(rotation_3, np.float64)
        self.rest_translation_3 = scale * (place_3 - np.array([window_left, WINDOW[1], 0]))
        self._texture = cv2.resize(
            texture, None, fx=TEXTURE_SCALE, fy=TEXTURE_SCALE, interpolation=cv2.INTER_LANCZOS4
        )
        self._sheet = build_sheet(
            self.model,
            self.identity_k,
            landmarks_l2,
            hair_side=self.look.hair_side,
            hair_top=self.look.hair_top,
        )
        # pixel centres: photograph x is at TEXTURE_SCALE * (x + 0.5) - 0.5 of the enlarged texture
        self._texture_n2 = TEXTURE_SCALE * (self._sheet.texture_n2 + 0.5) - 0.5
        rest_v3 = self._sheet.rest_n3[: len(landmarks_l2)]
        self._mouth = Mouth(line_3=rest_v3[[UPPER_LIP, LOWER_LIP]].mean(0), tooth_3=TOOTH * self._brightness)
        self._eyes = Eyes(iris_3=np.array(self.look.iris_3), light=0.88 * self._brightness)

    @property
    def jaw_reach_cm(self) -> float:
        """How far `jawOpen` = 1 parts the lips."""
        jaw_v3 = self.model.expression_kv3[JAW_OPEN]
        return float(jaw_v3[UPPER_LIP, 1] - jaw_v3[LOWER_LIP, 1])

    @property
    def _brightness(self) -> float:
        return self.look.ambient + (1 - self.look.ambient) * max(self.look.light_3[2], 0)

    def render(
        self, expression_k: np.ndarray, rotation_3: np.ndarray, translation_3: np.ndarray
    ) -> np.ndarray:
        """One frame, float32 [320, 320, 3], 0 to 255, without noise. `translation_3` in px of this frame."""
        vertices_v3 = self.model.shape(self.identity_k, expression_k[None])[0]
        points_n2, depth_n, vertices_n3 = self._sheet.drawn(
            vertices_v3, (rotation_3, translation_3), rest=(self.rest_rotation_3, self.rest_translation_3)
        )
        num_face = len(vertices_v3)

        coarse_px = SIZE_PX // COARSE
        triangle_hw, weight_hw3 = rasterise(
            (points_n2 + 0.5) / COARSE - 0.5, depth_n, self._sheet.triangles_f3, coarse_px, coarse_px
        )
        carried_n3 = np.column_stack([self._texture_n2, self._shade(vertices_n3, rotation_3)]).astype(
            np.float32
        )
        corner_hw33 = carried_n3[self._sheet.triangles_f3[triangle_hw]]
        carried_hw3 = np.einsum("hwcd,hwc->hwd", corner_hw33, weight_hw3)
        carried_hw3 = cv2.resize(carried_hw3, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_LINEAR)
        image_hw3 = cv2.remap(
            self._texture,
            np.ascontiguousarray(carried_hw3[..., :2]),
            None,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        ).astype(np.float32)
        image_hw3 *= carried_hw3[..., 2:]

        points_v2 = points_n2[:num_face]
        jaw_3 = expression_k[JAW_OPEN] * self.model.expression_kv3[JAW_OPEN, LOWER_LIP]
        self._mouth.paint(image_hw3, points_v2, jaw_3, rotation_3, translation_3)
        self._eyes.paint(image_hw3, points_v2)
        return np.clip(image_hw3, 0, 255)

    def _shade(self, vertices_n3: np.ndarray, rotation_3: np.ndarray) -> np.ndarray:
        """Brightness of each vertex against the photograph's: Lambert, fading to 1 off the head."""
        normal_n3 = turned(vertex_normals(vertices_n3, self._sheet.triangles_f3), rotation_3)
        lambert_n = np.clip(normal_n3 @ np.array(self.look.light_3), 0, 1)
        shade_n = self.look.ambient + (1 - self.look.ambient) * lambert_n / 0.85
        hold_n = self._sheet.hold_n
        return hold_n * shade_n + (1 - hold_n)


def _pose_of(photo: Portrait, model: FaceModel) -> Fit:
    """Bones, pose and expression of the photographed person, in px of the photograph."""
    return fit_clip(
        photo.landmarks_l3[None],
        blendshapes_tk=photo.blendshapes_k[None],
        model=model,
        face_found_t=np.ones(1, bool),
    )
