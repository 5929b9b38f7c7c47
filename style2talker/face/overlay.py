"""A fitted mesh drawn over its picture, and how far it lies from the landmarks.

Shapes: V vertices, L landmarks with a place on the mesh, F triangles, E edges, H W picture. Points are px of
the picture, y down (geometry.project).

A mesh of up to MOST_WIRES vertices is drawn as wires, a denser one shaded; hidden parts are left out.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from style2talker.face.canonical import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    LIPS_LOWER_INNER,
    LIPS_LOWER_OUTER,
    LIPS_UPPER_INNER,
    LIPS_UPPER_OUTER,
    open_triangles,
)
from style2talker.face.drawing import (
    ORANGE,
    SKY_BLUE,
    WHITE,
    YELLOW,
    Colour,
    draw_dots,
    draw_lines,
    draw_segments,
)
from style2talker.face.geometry import project, rotation_matrix
from style2talker.face.model import NUM_LANDMARKS, FaceModel, embedded
from style2talker.face.raster import rasterise

MOST_WIRES = 1000
WIRE_INK, SHADE_INK, HEAT_INK = 0.5, 0.55, 0.8
WORST_PERCENT = 5.0  # of the distance between the eyes: the end of the colour scale
LIPS = (LIPS_UPPER_OUTER, LIPS_LOWER_OUTER, LIPS_UPPER_INNER, LIPS_LOWER_INNER)
LIDS = (EYE_RIGHT_UPPER, EYE_RIGHT_LOWER, EYE_LEFT_UPPER, EYE_LEFT_LOWER)
BROWS = (BROW_RIGHT[:5], BROW_LEFT[:5])
CONTOURS: tuple[tuple[str, tuple[tuple[int, ...], ...], Colour], ...] = (
    ("brows", BROWS, YELLOW),
    ("lids", LIDS, SKY_BLUE),
    ("lips", LIPS, ORANGE),
)
"""Names, landmarks in order along each line, and colours of what is emphasised."""
_VIRIDIS = np.asarray(cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_VIRIDIS))[
    :, 0, ::-1
]
_LIGHT_3 = np.array([0.35, 0.45, 0.82])


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """A mesh in one frame: its vertices and the landmarks' places on it.

    Attributes:
        points_v2: px of the picture.
        turned_v3: cm, after the head's turn: x to the right, y up, z towards the viewer.
        landmarks_l2: [478, 2] px, NaN for landmarks without a place on the mesh.
        shows_l: bool [478], False where the face around the landmark is turned away.
    """

    points_v2: np.ndarray
    turned_v3: np.ndarray
    landmarks_l2: np.ndarray
    shows_l: np.ndarray


class MeshPen:
    """Draws one face model's meshes. The same input gives the same pixels."""

    def __init__(self, model: FaceModel) -> None:
        self.model = model
        corner_f33 = model.mean_v3[model.triangles_f3]
        towards_f = np.cross(corner_f33[:, 1] - corner_f33[:, 0], corner_f33[:, 2] - corner_f33[:, 0])[:, 2]
        # Winding differs between models; a face looks at the viewer on average.
        self.triangles_f3 = model.triangles_f3 if towards_f.sum() > 0 else model.triangles_f3[:, ::-1]
        if len(model.mean_v3) == NUM_LANDMARKS:
            self.triangles_f3 = self.triangles_f3[open_triangles(self.triangles_f3)]
        self.edges_e2, self.of_edge_e2 = _edges(self.triangles_f3)
        between_f3 = embedded().triangles_f3
        between_f3 = between_f3[np.isin(between_f3, model.landmark_l).all(axis=1)]
        self.landmark_triangles_f3, self.heat_f3 = between_f3, between_f3[open_triangles(between_f3)]

    def pose(
        self,
        identity_k: np.ndarray,
        expression_k: np.ndarray,
        rotation_3: np.ndarray,
        translation_3: np.ndarray,
    ) -> Posed:
        """The mesh of one frame's coefficients where `geometry.project` puts it."""
        # Double precision, so that a pixel does not depend on the order in which a sum was taken.
        vertices_1v3 = self.model.shape(identity_k.astype(np.float64), expression_k[None].astype(np.float64))
        points_v2 = project(vertices_1v3, rotation_3[None], translation_3[None])[0]
        landmarks_l2 = np.full((NUM_LANDMARKS, 2), np.nan)
        landmarks_l2[self.model.landmark_l] = self.model.at_landmarks(points_v2)
        shows_l = ~np.isin(np.arange(NUM_LANDMARKS), self.landmark_triangles_f3)
        front_f = _faces_viewer(landmarks_l2, self.landmark_triangles_f3)
        shows_l[self.landmark_triangles_f3[front_f]] = True
        return Posed(
            points_v2=points_v2,
            turned_v3=vertices_1v3[0] @ rotation_matrix(rotation_3[None])[0].T,
            landmarks_l2=landmarks_l2,
            shows_l=shows_l,
        )

    def draw_mesh(self, picture_hw3: np.ndarray, posed: Posed) -> np.ndarray:
        """A copy of the picture with the mesh over it and brows, lids and lips emphasised."""
        front_f = _faces_viewer(posed.points_v2, self.triangles_f3)
        if len(posed.points_v2) <= MOST_WIRES:
            drawn_hw3 = picture_hw3.copy()
            shown_e = np.append(front_f, False)[self.of_edge_e2].any(axis=1)
            draw_segments(drawn_hw3, posed.points_v2[self.edges_e2[shown_e]], WHITE)
            drawn_hw3 = cv2.addWeighted(drawn_hw3, WIRE_INK, picture_hw3, 1 - WIRE_INK, 0)
        else:
            drawn_hw3 = self._shaded(picture_hw3, posed)
        width_px = max(round(picture_hw3.shape[0] / 200), 1)
        for _, contours, colour in CONTOURS:
            for contour in contours:
                line_n2 = posed.landmarks_l2[list(contour)].copy()
                line_n2[~posed.shows_l[list(contour)]] = np.nan
                draw_lines(drawn_hw3, [line_n2], colour, width_px=width_px)
        return np.asarray(drawn_hw3)

    def draw_heat(self, picture_hw3: np.ndarray, posed: Posed, percent_l: np.ndarray) -> np.ndarray:
        """A darkened grey copy of the picture with each landmark's error in colour.

        Args:
            percent_l: [478] of the distance between the eyes, NaN where unknown; see `heat_colours`.
        """
        grey_hw = cv2.cvtColor(picture_hw3, cv2.COLOR_RGB2GRAY)
        drawn_hw3 = np.repeat((grey_hw * 0.55).astype(np.uint8)[..., None], 3, axis=2)
        known_f3 = self.heat_f3[np.isfinite(percent_l[self.heat_f3]).all(axis=1)]
        if len(known_f3) > NUM_LANDMARKS:
            points_l2 = np.nan_to_num(posed.landmarks_l2)
            triangle_hw, weight_hw3 = self._raster(points_l2, np.zeros(NUM_LANDMARKS), known_f3, drawn_hw3)
            inside_hw = triangle_hw >= 0
            value_n = (percent_l[known_f3[triangle_hw[inside_hw]]] * weight_hw3[inside_hw]).sum(axis=1)
            mixed_n3 = HEAT_INK * heat_colours(value_n) + (1 - HEAT_INK) * drawn_hw3[inside_hw]
            drawn_hw3[inside_hw] = np.round(mixed_n3).astype(np.uint8)
        else:  # too few landmarks for a surface
            seen_l = np.isfinite(percent_l) & posed.shows_l
            radius_px = picture_hw3.shape[0] / 110
            draw_dots(drawn_hw3, posed.landmarks_l2[seen_l], heat_colours(percent_l[seen_l]), radius_px)
        return drawn_hw3

    def _shaded(self, picture_hw3: np.ndarray, posed: Posed) -> np.ndarray:
        triangle_hw, weight_hw3 = self._raster(
            posed.points_v2, posed.turned_v3[:, 2], self.triangles_f3, picture_hw3
        )
        corner_f33 = posed.turned_v3[self.triangles_f3]
        normal_f3 = np.cross(corner_f33[:, 1] - corner_f33[:, 0], corner_f33[:, 2] - corner_f33[:, 0])
        normal_v3 = np.zeros_like(posed.turned_v3)
        for corner_f in self.triangles_f3.T:
            np.add.at(normal_v3, corner_f, normal_f3)
        normal_v3 /= np.maximum(np.linalg.norm(normal_v3, axis=1, keepdims=True), 1e-9)
        light_v = np.clip(normal_v3 @ _LIGHT_3, 0, 1) * 190 + 50
        inside_hw = triangle_hw >= 0
        light_n = (light_v[self.triangles_f3[triangle_hw[inside_hw]]] * weight_hw3[inside_hw]).sum(axis=1)
        drawn_hw3 = picture_hw3.copy()
        mixed_n3 = SHADE_INK * light_n[:, None] + (1 - SHADE_INK) * drawn_hw3[inside_hw]
        drawn_hw3[inside_hw] = np.round(mixed_n3).astype(np.uint8)
        return drawn_hw3

    @staticmethod
    def _raster(
        points_v2: np.ndarray, depth_v: np.ndarray, triangles_f3: np.ndarray, picture_hw3: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The rasteriser counts from the first pixel's middle."""
        height, width = picture_hw3.shape[:2]
        return rasterise(points_v2 - 0.5, depth_v, triangles_f3, height, width, front_only=True)


def heat_colours(percent_n: np.ndarray) -> np.ndarray:
    """Colours [N, 3] of errors from 0 (violet) to WORST_PERCENT (yellow): viridis, for any colour vision."""
    level_n = np.clip(np.nan_to_num(percent_n) / WORST_PERCENT * 255, 0, 255).round().astype(np.uint8)
    return _VIRIDIS[level_n]


def _faces_viewer(points_v2: np.ndarray, triangles_f3: np.ndarray) -> np.ndarray:
    """bool [F]: corners run counter-clockwise as seen; in px, y down, their area is negative."""
    a_f2, b_f2, c_f2 = np.moveaxis(points_v2[triangles_f3], 1, 0)
    across_f2, down_f2 = b_f2 - a_f2, c_f2 - a_f2
    return across_f2[:, 0] * down_f2[:, 1] - across_f2[:, 1] * down_f2[:, 0] < 0


def _edges(triangles_f3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each edge once [E, 2], and the two triangles beside it [E, 2], -1 at a border."""
    sides_n2 = np.sort(
        np.concatenate([triangles_f3[:, [0, 1]], triangles_f3[:, [1, 2]], triangles_f3[:, [2, 0]]])
    )
    owner_n = np.tile(np.arange(len(triangles_f3)), 3)
    edges_e2, edge_n = np.unique(sides_n2, axis=0, return_inverse=True)
    beside_e2 = np.full((len(edges_e2), 2), -1)
    for owner, edge in zip(owner_n, edge_n.ravel(), strict=True):
        beside_e2[edge, int(beside_e2[edge, 0] >= 0)] = owner
    return edges_e2, beside_e2
