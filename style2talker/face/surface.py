"""Points on the skin of a face, whichever model it is of, and which of them a picture shows.

Shapes: T frames, L landmarks, N points, F triangles. Unit cm; y up, z towards the viewer.

The skin is the mesh of MediaPipe's landmarks, which every model has places for: its triangles span no eye and
no open mouth, and points on it are as dense on one model as on another.
"""

import numpy as np
import torch

from style2talker.face.canonical import open_triangles
from style2talker.face.model import FaceModel, embedded
from style2talker.face.raster_batched import rasterise_batched

SPACING_CM = 0.9  # longest edge of the triangle that one point stands for
VISIBILITY_PX = 96  # side of the picture in which it is looked up what hides what
HIDDEN_CM = 0.4  # a surface this far before a point hides it; a pixel of a slanted cheek is less deep
LEAST_FACING = 0.25  # cosine; what is turned further away is seen too slantingly


class Surface:
    """Points fixed to the skin of `model`.

    Attributes:
        weights_nl: float32, points as sums of landmarks. area_n: what each stands for, cm squared.
        triangles_f3: of landmarks as the model orders them, outwards counter-clockwise.
    """

    def __init__(self, model: FaceModel, device: torch.device) -> None:
        mean_l3 = model.at_landmarks(model.mean_v3.astype(np.float64))
        triangles_f3 = _skin(model)
        corner_f33 = mean_l3[triangles_f3]
        outward_f3 = np.cross(corner_f33[:, 1] - corner_f33[:, 0], corner_f33[:, 2] - corner_f33[:, 0])
        if outward_f3[:, 2].sum() < 0:
            triangles_f3, outward_f3 = triangles_f3[:, ::-1].copy(), -outward_f3
        edge_f = np.linalg.norm(corner_f33 - np.roll(corner_f33, 1, axis=1), axis=2).max(axis=1)
        rows, areas = [], []
        for triangle_3, area, edge in zip(
            triangles_f3, np.linalg.norm(outward_f3, axis=1) / 2, edge_f, strict=True
        ):
            places_p3 = _places(int(np.ceil(edge / SPACING_CM)))
            row_pl = np.zeros((len(places_p3), len(mean_l3)), np.float32)
            row_pl[:, triangle_3] = places_p3
            rows.append(row_pl)
            areas.append(np.full(len(places_p3), area / len(places_p3), np.float32))
        touches_lf = np.zeros((len(mean_l3), len(triangles_f3)), np.float32)
        touches_lf[triangles_f3.ravel(), np.repeat(np.arange(len(triangles_f3)), 3)] = 1
        self.weights_nl = torch.from_numpy(np.concatenate(rows)).to(device)
        self.area_n = torch.from_numpy(np.concatenate(areas)).to(device)
        self.triangles_f3 = torch.from_numpy(triangles_f3.astype(np.int64)).to(device)
        self._touches_lf = torch.from_numpy(touches_lf).to(device)

    def normals(self, landmarks_tl3: torch.Tensor) -> torch.Tensor:
        """Unit vectors outwards [T, N, 3] at the points."""
        a, b, c = (landmarks_tl3[:, self.triangles_f3[:, corner]] for corner in range(3))
        normal_tl3 = self._touches_lf @ torch.linalg.cross(b - a, c - a)
        return torch.nn.functional.normalize(self.weights_nl @ normal_tl3, dim=2)

    def facing(self, landmarks_tl3: torch.Tensor, normal_tn3: torch.Tensor) -> torch.Tensor:
        """How squarely the viewer sees each point [T, N]: the cosine, 0 where something hides it.

        Args:
            landmarks_tl3, normal_tn3: after the head's turn.
        """
        low_t12 = landmarks_tl3[..., :2].amin(1, keepdim=True)
        per_cm_t11 = (VISIBILITY_PX - 1) / (landmarks_tl3[..., :2] - low_t12).amax((1, 2), keepdim=True)
        pixels_tl2 = (landmarks_tl3[..., :2] - low_t12) * per_cm_t11
        depth_tl = landmarks_tl3[..., 2]
        triangle_thw, weight_thw3 = rasterise_batched(
            pixels_tl2, depth_tl, self.triangles_f3, VISIBILITY_PX, VISIBILITY_PX
        )
        frame_t111 = torch.arange(len(depth_tl), device=depth_tl.device)[:, None, None, None]
        corner_thw3 = depth_tl[frame_t111, self.triangles_f3[triangle_thw]]
        nearest_thw = torch.where(triangle_thw < 0, -torch.inf, (corner_thw3 * weight_thw3).sum(3))

        column_tn, row_tn = (self.weights_nl @ pixels_tl2).round().long().unbind(2)
        hidden_tn = (
            nearest_thw[frame_t111[:, :, 0, 0], row_tn, column_tn] > depth_tl @ self.weights_nl.T + HIDDEN_CM
        )
        facing_tn = normal_tn3[..., 2]
        return torch.where(hidden_tn | (facing_tn < LEAST_FACING), 0, facing_tn)


def _skin(model: FaceModel) -> np.ndarray:
    """Triangles of skin, in the model's own numbers of its landmarks."""
    triangles_f3 = embedded().triangles_f3
    triangles_f3 = triangles_f3[open_triangles(triangles_f3)]
    triangles_f3 = triangles_f3[np.isin(triangles_f3, model.landmark_l).all(axis=1)]
    return np.searchsorted(model.landmark_l, triangles_f3)


def _places(parts: int) -> np.ndarray:
    """Weights [parts squared, 3] of the middles of the equal triangles that a triangle is cut into."""
    i, j = (each.ravel() for each in np.mgrid[:parts, :parts])
    up = np.stack([i, j], 1)[i + j < parts] + 1 / 3
    down = np.stack([i, j], 1)[i + j < parts - 1] + 2 / 3
    two_p2 = np.concatenate([up, down]) / parts
    return np.column_stack([1 - two_p2.sum(axis=1), two_p2]).astype(np.float32)
