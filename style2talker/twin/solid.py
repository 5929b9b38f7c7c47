"""Draw a solid head: a textured, lit mesh with eyes, mouth, hair, neck and shoulders, at any turn.

Shape suffixes: v vertices of the face model, n vertices drawn (skin, skirt, shell), f triangles, p points of
a rim, s px that show something, h, w picture (`SAMPLES` times as fine as the finished one), 2 px, 3 cm or
colour (0 to 255).
"""

import cv2
import numpy as np

from style2talker.face.geometry import depth, project
from style2talker.face.raster import rasterise
from style2talker.twin.eyes import Eyes
from style2talker.twin.identity import Look
from style2talker.twin.mesh import tube_triangles, turned, vertex_normals
from style2talker.twin.mouth import Mouth
from style2talker.twin.shell import Shell, skirt
from style2talker.twin.skin import Skin
from style2talker.twin.skin_map import SkinMap, sampled

SAMPLES = 2
BRIGHTEST = 0.85  # cosine at which a face lit from the front is as bright as the photograph
EYE_LIGHT = 0.9
TOOTH = np.array([232.0, 226.0, 214.0])
WALL = (150.0, 152.0, 150.0)
SKIRT_FOLLOWS = 0.8  # of the outline's movement, by the ring nearest to it; the last ring stays
LID_CM = 0.4  # thicker than a lid, thinner than a nose
MOUTH = 3  # eyes are holes 1 and 2
Pose = tuple[np.ndarray, np.ndarray]  # rotation_3 in rad, translation_3 as in face/geometry.py


class Solid:
    """One person in front of a camera.

    Args:
        rest_v3: the expressionless face, cm. lips_3: middle of the line of its closed lips.
        shoulders: their pose; they do not turn with the head.
    """

    def __init__(
        self,
        skin: Skin,
        skin_map: SkinMap,
        shell: Shell,
        look: Look,
        *,
        rest_v3: np.ndarray,
        lips_3: np.ndarray,
        shoulders: Pose,
        size_px: int,
    ) -> None:
        self.skin, self.look, self.shell, self.size_px = skin, look, shell, size_px
        self._shoulders, self._texture = shoulders, skin_map.texture
        rest_n3 = skin.drawn(rest_v3)
        self._outline_p3 = rest_n3[skin.outline]
        eyes_3 = np.mean([rest_n3[np.append(eye.upper, eye.lower)].mean(0) for eye in skin.eyes], axis=0)
        self._rings_rp3 = skirt(self._outline_p3, eyes_3)
        self._triangles_f3, self._hole_f = self._mesh(len(rest_n3))

        rings_6 = np.tile(skin_map.at(skin.photo_n2[skin.outline]), (len(self._rings_rp3), 1))
        hairy_n1 = np.tile(np.clip(self._outline_p3[:, 1:2] - eyes_3[1], 0, 1), (len(self._rings_rp3), 1))
        rings_6[:, 2:] += hairy_n1 * (np.append(0, skin_map.hair_3) - rings_6[:, 2:])
        shell_6 = np.column_stack([np.zeros((len(shell.vertices_n3), 3)), shell.colour_n3])
        self._carried_n6 = np.concatenate([skin_map.at(skin.photo_n2), rings_6, shell_6]).astype(np.float32)
        self._hold_n1 = np.append(np.ones(len(rest_n3) + len(rings_6)), shell.hold_n)[:, None]
        light = look.ambient + (1 - look.ambient) * max(look.light_3[2], 0) / BRIGHTEST
        self._eyes = Eyes(iris_3=np.array(look.iris_3), light=EYE_LIGHT * light)
        self._mouth = Mouth(line_3=lips_3, tooth_3=TOOTH * light)
        self._wall_hw3 = _wall(look, size_px * SAMPLES)

    def render(
        self, vertices_v3: np.ndarray, irises_253: np.ndarray, pose: Pose, *, jaw_y_cm: float
    ) -> np.ndarray:
        """One frame, float32 [size, size, 3], 0 to 255, without blur and noise.

        Args:
            vertices_v3: the face with its expression, cm, before pose.
            irises_253: right and left eye: centre and the points to the picture's right, top, left and
                bottom, cm, before pose.
            jaw_y_cm: how far the lower teeth have moved up; negative when the jaw opens.
        """
        skin_n3 = self.skin.drawn(vertices_v3)
        moved_p3 = skin_n3[self.skin.outline] - self._outline_p3
        follows_r11 = np.linspace(SKIRT_FOLLOWS, 0, len(self._rings_rp3))[:, None, None]
        rings_n3 = (self._rings_rp3 + follows_r11 * moved_p3).reshape(-1, 3)
        vertices_n3 = np.concatenate([skin_n3, rings_n3, self.shell.vertices_n3])
        points_n2, depth_n = self._placed(vertices_n3, pose)
        side_px = self.size_px * SAMPLES
        triangle_hw, weight_hw3 = rasterise(
            points_n2, depth_n, self._triangles_f3, side_px, side_px, front_only=True
        )
        image_hw3 = self._surface(triangle_hw, weight_hw3, self._shade(vertices_n3, pose[0]))
        hole_hw = self._hole_f[triangle_hw]
        self._paint_eyes(image_hw3, hole_hw, points_n2, irises_253, pose)
        for eye in self.skin.eyes:
            upper, lower = (
                points_n2[rim][self._seen(points_n2, depth_n, rim, triangle_hw, weight_hw3)]
                for rim in (eye.upper, eye.lower)
            )
            self._eyes.paint_lashes(image_hw3, (upper, lower), scale=SAMPLES)
        self._paint_mouth(image_hw3, hole_hw, jaw_y_cm, pose)
        image_hw3 = cv2.resize(image_hw3, (self.size_px, self.size_px), interpolation=cv2.INTER_AREA)
        return np.clip(image_hw3, 0, 255)

    def _mesh(self, num_skin: int) -> tuple[np.ndarray, np.ndarray]:
        """(triangles_f3, hole_f: 0 for a surface, or which hole it is, and one more for no triangle)."""
        patches = [opening.triangles_f3 for opening in (*self.skin.eyes, self.skin.mouth)]
        rings = num_skin + np.arange(self._rings_rp3.size // 3).reshape(self._rings_rp3.shape[:2])
        pieces = [self.skin.triangles_f3, *patches]
        if rings.size:
            pieces.append(tube_triangles([self.skin.outline, *rings][::-1]))
        pieces.append(self.shell.triangles_f3 + num_skin + rings.size)
        holes = [0, 1, 2, MOUTH, *[0] * (len(pieces) - 4)]
        hole_f = np.repeat(np.array(holes, np.uint8), [len(piece) for piece in pieces])
        return np.concatenate(pieces).astype(np.int32), np.append(hole_f, np.uint8(0))

    def _placed(self, vertices_n3: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        """Fine px, and depth in cm, of what the head holds, what the shoulders hold and what is between."""
        (head_n2, head_n), (still_n2, still_n) = (
            (
                _fine(project(vertices_n3[None], rotation_3[None], translation_3[None])[0]),
                depth(vertices_n3[None], rotation_3[None])[0],
            )
            for rotation_3, translation_3 in (pose, self._shoulders)
        )
        hold_n1 = self._hold_n1
        return still_n2 + hold_n1 * (head_n2 - still_n2), still_n + hold_n1[:, 0] * (head_n - still_n)

    def _shade(self, vertices_n3: np.ndarray, rotation_3: np.ndarray) -> np.ndarray:
        """Brightness of each vertex against the photograph's: Lambert's law, and light all around."""
        normal_n3 = vertex_normals(vertices_n3, self._triangles_f3[self._hole_f[:-1] == 0], outwards=True)
        lambert_n = np.maximum(turned(normal_n3, rotation_3) @ np.array(self.look.light_3), 0)
        return self.look.ambient + (1 - self.look.ambient) * lambert_n / BRIGHTEST

    def _surface(self, triangle_hw: np.ndarray, weight_hw3: np.ndarray, shade_n: np.ndarray) -> np.ndarray:
        carried_n7 = np.column_stack([self._carried_n6, shade_n]).astype(np.float32)
        shown_hw = triangle_hw >= 0
        corner_s3, weight_s3 = self._triangles_f3[triangle_hw[shown_hw]], weight_hw3[shown_hw]
        carried_s7 = carried_n7[corner_s3[:, 0]] * weight_s3[:, :1]
        for i in (1, 2):
            carried_s7 += carried_n7[corner_s3[:, i]] * weight_s3[:, i : i + 1]
        colour_s3 = carried_s7[:, 3:6]
        colour_s3 += carried_s7[:, 2:3] * (sampled(self._texture, carried_s7[:, :2]) - colour_s3)
        image_hw3 = self._wall_hw3.copy()
        image_hw3[shown_hw] = colour_s3 * carried_s7[:, 6:]
        return image_hw3

    def _paint_eyes(
        self,
        image_hw3: np.ndarray,
        hole_hw: np.ndarray,
        points_n2: np.ndarray,
        irises_253: np.ndarray,
        pose: Pose,
    ) -> None:
        rotation_3, translation_3 = pose
        for hole, (eye, iris_53) in enumerate(zip(self.skin.eyes, irises_253, strict=True), 1):
            iris_52 = _fine(project(iris_53[None], rotation_3[None], translation_3[None])[0])
            open_hw = (hole_hw == hole).astype(np.float32)
            lids = points_n2[eye.upper], points_n2[eye.lower]
            self._eyes.paint_ball(image_hw3, lids, iris_52, open_hw=open_hw)

    def _seen(
        self,
        points_n2: np.ndarray,
        depth_n: np.ndarray,
        vertices: np.ndarray,
        triangle_hw: np.ndarray,
        weight_hw3: np.ndarray,
    ) -> np.ndarray:
        """bool for each of `vertices`: nothing lies before it but the skin it belongs to."""
        last_px = self.size_px * SAMPLES - 1
        column, row = np.clip(np.rint(points_n2[vertices]), 0, last_px).astype(int).T
        corners = self._triangles_f3[triangle_hw[row, column]]
        surface = (depth_n[corners] * weight_hw3[row, column]).sum(axis=1)
        return (triangle_hw[row, column] < 0) | (depth_n[vertices] > surface - LID_CM)

    def _paint_mouth(self, image_hw3: np.ndarray, hole_hw: np.ndarray, jaw_y_cm: float, pose: Pose) -> None:
        rows, columns = np.nonzero(hole_hw == MOUTH)
        if not len(rows):
            return
        margin = 4 * SAMPLES  # the blur of its light looks this far
        low_2 = np.maximum(np.array([columns.min(), rows.min()]) - margin, 0)
        window = slice(low_2[1], rows.max() + margin), slice(low_2[0], columns.max() + margin)
        open_hw = (hole_hw[window] == MOUTH).astype(np.float32)
        fine_3 = np.append(_fine(pose[1][:2]), pose[1][2] * SAMPLES)
        inside_hw3 = self._mouth.seen(low_2, open_hw, jaw_y_cm, (pose[0], fine_3), scale=SAMPLES)
        image_hw3[window] += open_hw[..., None] * (inside_hw3 - image_hw3[window])


def _fine(points_n2: np.ndarray) -> np.ndarray:
    """Px of the fine picture; px are counted at their centres."""
    return (points_n2 + 0.5) * SAMPLES - 0.5


def _wall(look: Look, side_px: int) -> np.ndarray:
    """A wall out of focus, lighter around the head."""
    y, x = np.mgrid[:side_px, :side_px] / side_px - 0.5
    cloud = np.random.default_rng(11).normal(0, 0.05, (8, 8)).astype(np.float32)
    cloud = cv2.resize(cloud, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    light = 1.08 - 0.6 * (x**2 + (y + 0.1) ** 2) + cloud
    return (light[..., None] * np.array(look.backdrop_3 or WALL)).astype(np.float32)
