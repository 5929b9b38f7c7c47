"""Where every target pixel was in the source picture, as the morphable model sees it: Style-A's geometric
prior.

Inside the face the flow is exact for the model: the target mesh is rasterised and each pixel's barycentric
point is looked up in the source mesh. Outside, the head's rigid motion (the affine map of the face's outline)
is carried on, corrected by a blurred extension of what the face's edge does, and fades to zero far from the
head. The network adds a residual to this flow (style_a.motion), so it does not have to discover from few
clips that jaws open.

Axes: T frames, V vertices (478), F triangles, P picture side in pixels, K coefficients.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from style2talker.corpus.schema import FRAME_SIZE_PX
from style2talker.face.canonical import LIPS_LOWER_INNER, LIPS_UPPER_INNER, OVAL
from style2talker.face.geometry import depth, project
from style2talker.face.model import FaceModel, embedded
from style2talker.face.raster import rasterise

NUM_PLANES = 5
"""x and y of the flow (`grid_sample` units), face coverage, visibility in the source, inner mouth."""
MOUTH_RING = (*LIPS_UPPER_INNER, *reversed(LIPS_LOWER_INNER[1:-1]))
HEAD_RADIUS = 1.35
FADE_RADIUS = 2.2
"""In radii of the face's outline: up to the first the head moves rigidly, beyond the second nothing moves."""
NECK_FADE = 1.4
"""Below the face distances count for more: the neck ends on shoulders that stay."""
EDGE_PARTS = (96, 20)
NEAR_WEIGHT = 50.0
"""Two blurs (sigma as parts of the side) carry the edge's motion outwards: the fine one rules where it
reaches."""
SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PosedFace:
    """One person's meshes in the 256 px crop: with expression, and without it."""

    points_tv2: np.ndarray
    depth_tv: np.ndarray
    rigid_tv2: np.ndarray

    def __getitem__(self, frame: int | slice) -> "PosedFace":
        frames = frame if isinstance(frame, slice) else slice(frame, frame + 1)
        return PosedFace(
            points_tv2=self.points_tv2[frames],
            depth_tv=self.depth_tv[frames],
            rigid_tv2=self.rigid_tv2[frames],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPrior:
    """Turns coefficients into flow priors.

    Args:
        size_px: side P of the priors.
        model: the face model whose coefficients are given.
    """

    size_px: int = 128
    model: FaceModel = field(default_factory=embedded)

    def pose(
        self,
        identity_k: np.ndarray,
        expression_tk: np.ndarray,
        rotation_t3: np.ndarray,
        translation_t3: np.ndarray,
    ) -> PosedFace:
        """Project one person's face for T frames."""
        vertices_tv3 = self.model.shape(identity_k, expression_tk)
        neutral_tv3 = self.model.shape(identity_k, np.zeros_like(expression_tk[:1]))
        neutral_tv3 = np.repeat(neutral_tv3, len(rotation_t3), axis=0)
        return PosedFace(
            points_tv2=project(vertices_tv3, rotation_t3, translation_t3),
            depth_tv=depth(vertices_tv3, rotation_t3),
            rigid_tv2=project(neutral_tv3, rotation_t3, translation_t3),
        )

    def __call__(self, source: PosedFace, target: PosedFace) -> np.ndarray:
        """Prior float32 [5, P, P] from the first frame of `source` to the first frame of `target`.

        `out(p) = source(p + flow(p))`. Visibility is the source triangle's area over the target's, clipped to
        [0, 1] and 0 for a triangle that faced away: what is below 1 was compressed or hidden in the source.
        """
        size_px = self.size_px
        scale = size_px / FRAME_SIZE_PX
        source_v2 = source.points_tv2[0] * scale - 0.5
        target_v2 = target.points_tv2[0] * scale - 0.5
        triangles_f3 = self.model.triangles_f3
        triangle_hw, weight_hw3 = rasterise(target_v2, target.depth_tv[0], triangles_f3, size_px, size_px)
        on_face = triangle_hw >= 0

        flow_hw2 = self._around(source.rigid_tv2[0] * scale - 0.5, target.rigid_tv2[0] * scale - 0.5)
        corner_n3 = triangles_f3[triangle_hw[on_face]]
        shift_v2 = source_v2 - target_v2
        shift_n2 = (weight_hw3[on_face][..., None] * shift_v2[corner_n3]).sum(axis=1)
        flow_hw2 = _extend(flow_hw2, shift_n2, on_face)

        source_area_f, target_area_f = _areas(source_v2[triangles_f3]), _areas(target_v2[triangles_f3])
        ratio_f = source_area_f / np.where(np.abs(target_area_f) < 1e-9, 1e-9, target_area_f)
        visible_hw = np.ones((size_px, size_px), np.float32)
        visible_hw[on_face] = np.clip(ratio_f, 0, 1)[triangle_hw[on_face]]
        # The prior's edges become feature edges in the network; a one-pixel blur keeps them from aliasing.
        planes = [
            *np.moveaxis(flow_hw2 * (2 / size_px), -1, 0),
            cv2.GaussianBlur(on_face.astype(np.float32), (3, 3), 0),
            cv2.GaussianBlur(visible_hw, (3, 3), 0),
            _polygon(target_v2[list(MOUTH_RING)], size_px),
        ]
        return np.stack(planes).astype(np.float32)

    def _around(self, source_v2: np.ndarray, target_v2: np.ndarray) -> np.ndarray:
        """Rigid head motion [P, P, 2] in px, fading with the distance from the face's outline."""
        source_n2, target_n2 = source_v2[list(OVAL)], target_v2[list(OVAL)]
        centre_2 = target_n2.mean(axis=0)
        design_n3 = np.column_stack([target_n2 - centre_2, np.ones(len(target_n2))])
        affine_32 = np.linalg.lstsq(design_n3, source_n2 - target_n2, rcond=None)[0]
        axis = np.arange(self.size_px, dtype=np.float64)
        offset_hw2 = np.stack(np.meshgrid(axis, axis), axis=-1) - centre_2
        spread_22 = np.linalg.inv(np.cov((target_n2 - centre_2).T) * 2)
        offset_below_hw2 = offset_hw2 * np.where(offset_hw2[..., 1:] > 0, [1, NECK_FADE], 1)
        radius_hw = np.sqrt(np.einsum("hwi,ij,hwj->hw", offset_below_hw2, spread_22, offset_below_hw2))
        near_hw = np.clip((FADE_RADIUS - radius_hw) / (FADE_RADIUS - HEAD_RADIUS), 0, 1)
        near_hw = near_hw**2 * (3 - 2 * near_hw)
        return (offset_hw2 @ affine_32[:2] + affine_32[2]) * near_hw[..., None]


def _extend(flow_hw2: np.ndarray, shift_n2: np.ndarray, on_face: np.ndarray) -> np.ndarray:
    """Put the face's shifts into the flow, and let what they add to it die out around the face."""
    extra_hw2 = np.zeros_like(flow_hw2)
    extra_hw2[on_face] = shift_n2 - flow_hw2[on_face]
    stack_hw3 = np.dstack([extra_hw2, on_face]).astype(np.float32)
    near_hw3, far_hw3 = (cv2.GaussianBlur(stack_hw3, (0, 0), len(flow_hw2) / part) for part in EDGE_PARTS)
    mean_hw3 = near_hw3 * NEAR_WEIGHT + far_hw3
    # The far blur is a half at the face's edge: there the local mean applies in full, further out it fades.
    strength_hw = np.minimum(2 * far_hw3[..., 2], 1) / np.maximum(mean_hw3[..., 2], 1e-6)
    around_hw2 = flow_hw2 + mean_hw3[..., :2] * strength_hw[..., None]
    return np.where(on_face[..., None], flow_hw2 + extra_hw2, around_hw2)


def _areas(corner_f32: np.ndarray) -> np.ndarray:
    (ax, ay), (bx, by), (cx, cy) = (corner_f32[:, i].T for i in range(3))
    return (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)


def _polygon(points_n2: np.ndarray, size_px: int) -> np.ndarray:
    mask = np.zeros((size_px, size_px), np.uint8)
    fixed = np.round(points_n2 * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, lineType=cv2.LINE_AA, shift=SUBPIXEL_BITS)
    return mask.astype(np.float32) / 255
