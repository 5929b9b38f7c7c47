"""A face model's fields at its landmarks, as a fit needs them, and how much each landmark counts.

Shapes: L landmarks, V vertices, K expression coefficients, C clip coefficients, N fields. Landmarks and
shapes lie as [3, L], so that axes are whole rows. Unit cm.
"""

import numpy as np

from style2talker.face.canonical import (
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    LIPS_LOWER_INNER,
    LIPS_UPPER_INNER,
    OVAL,
)
from style2talker.face.model import NUM_LANDMARKS, FaceModel

LANDMARK_SIGMA_CM = 0.05
NEIGHBOURS = 40.0  # landmarks that err as one; divides the evidence of 478 correlated points
OVAL_WEIGHT = 0.3  # the oval's landmarks slide along the silhouette as the head turns
LIP_AND_LID_WEIGHT = 4.0
RESTING = ("eyeLook", "eyeSquint", "eyeWide", "brow")
"""Expressions in which faces differ at rest by more than the identity modes say. Not lips and lids' closing:
an offset there would take the place of speech and blinks."""
REST_SIGMA = 0.15  # spread over people of what those expressions' landmarks show at rest


def landmark_weights() -> np.ndarray:
    """How much each of the 478 landmarks counts."""
    weight_l = np.ones(NUM_LANDMARKS)
    weight_l[list(OVAL)] = OVAL_WEIGHT
    for rim in (LIPS_UPPER_INNER, LIPS_LOWER_INNER, EYE_RIGHT_UPPER, EYE_RIGHT_LOWER, EYE_LEFT_UPPER):
        weight_l[list(rim)] = LIP_AND_LID_WEIGHT
    weight_l[list(EYE_LEFT_LOWER)] = LIP_AND_LID_WEIGHT
    return weight_l


class Shapes:
    """A face model's fields at its landmarks, in the precision of the fit. The same for all clips."""

    def __init__(self, model: FaceModel, dtype: type[np.floating]) -> None:
        def rows(field_nv3: np.ndarray) -> np.ndarray:
            """[..., V, 3] to [..., 3, L]."""
            return np.swapaxes(model.at_landmarks(field_nv3.astype(np.float64)), -1, -2).astype(dtype)

        self.mean_3l = rows(model.mean_v3)
        expression_k3l = rows(model.expression_kv3)
        resting = [k for k, name in enumerate(model.expression_names) if name.startswith(RESTING)]
        rest_k3l = REST_SIGMA * expression_k3l[resting]
        self.fields_n3l = np.concatenate([expression_k3l, rows(model.identity_kv3), rest_k3l])
        self.num_modes, self.num_identity = len(expression_k3l), len(model.identity_kv3)
        self.num_clip = len(self.fields_n3l) - self.num_modes
        evidence = 1 / (NEIGHBOURS * LANDMARK_SIGMA_CM**2)
        self.weight_l = (landmark_weights()[model.landmark_l] * evidence).astype(dtype)
        self.low, self.high = model.expression_bounds
        self.outward_3l = rows(_normals(model)).astype(dtype)
        self.flat_na = self.fields_n3l.reshape(len(self.fields_n3l), -1)
        self.gram_9n = self._gram(self.fields_n3l, self.fields_n3l)

    def _gram(self, left_n3l: np.ndarray, right_n3l: np.ndarray) -> np.ndarray:
        """The nine sums over landmarks of w F_ni G_mj, [9, N, M]."""
        return np.stack(
            [(left_n3l[:, i] * self.weight_l) @ right_n3l[:, j].T for i in range(3) for j in range(3)]
        )

    def with_pose(self, shape_3l: np.ndarray, *, with_clip: bool) -> np.ndarray:
        """The nine Gram matrices [9, A, A] of expression, clip (if wanted) and seven pose fields."""
        zero = np.zeros_like(shape_3l[0])
        x, y, z = shape_3l
        one = zero + 1
        pose_73l = np.stack(
            [
                *([one, zero, zero], [zero, one, zero], [zero, zero, one]),
                *([zero, -z, y], [z, zero, -x], [-y, x, zero]),
                [x, y, z],
            ]
        )
        num = self.num_modes + (self.num_clip if with_clip else 0)
        across_9n7 = self._gram(self.fields_n3l[:num], pose_73l)
        down_97n = across_9n7.reshape(3, 3, num, 7).transpose(1, 0, 3, 2).reshape(9, 7, num)
        own_9nn = self.gram_9n[:, :num, :num]
        return np.concatenate(
            [
                np.concatenate([own_9nn, across_9n7], axis=2),
                np.concatenate([down_97n, self._gram(pose_73l, pose_73l)], axis=2),
            ],
            axis=1,
        )


def _normals(model: FaceModel) -> np.ndarray:
    """Outward directions of the mean face's vertices [V, 3], not of unit length."""
    corner_f33 = model.mean_v3[model.triangles_f3].astype(np.float64)
    normal_f3 = np.cross(corner_f33[:, 1] - corner_f33[:, 0], corner_f33[:, 2] - corner_f33[:, 0])
    normal_v3 = np.zeros(model.mean_v3.shape)
    for corner in range(3):
        np.add.at(normal_v3, model.triangles_f3[:, corner], normal_f3)
    # Winding differs between models; a face looks outwards on average.
    return normal_v3 * np.sign(normal_v3[:, 2].sum())
