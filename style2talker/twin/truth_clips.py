"""Clips of solid heads whose coefficients are known in every frame, to measure a face fit on.

Shape suffixes: t frames, k coefficients, v vertices, h, w picture, 2 sides (subject's right, left) or px,
3 rotation or translation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from style2talker.face.geometry import project, rotation_matrix
from style2talker.twin.solid import Pose
from style2talker.twin.truth_motion import Motion, TruthSpec

SIZE_PX = 256
NECK_3 = (0.0, -10.0, -9.5)  # what the head turns about, from between the eyes, cm
CENTRE = (0.5, 0.42)  # where the neutral face's eyes are, in the picture
SCALE_PX_PER_CM = (7.6, 9.4)
SHOULDERS_FOLLOW = 0.45  # of the clip's mean turn
BLUR_PX = (0.6, 0.95)
NOISE = 2.0  # standard deviation of the sensor noise, in steps of 8 bit
Vertices = Sequence[int] | np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthClip:
    """A clip and what is known of it.

    Attributes:
        frames_thw3: uint8 RGB. expression_tk, identity_k: coefficients of the model that drew it.
        rotation_t3: (pitch, yaw, roll) rad. translation_t3: (x px, y px, px per cm).
        points_tv2: the true vertices in the picture, px.
        mouth_t, lids_t2, brows_t2: opening of the lips, of the lids, and height of the brows over the corners
            of the eyes, in units of the distance between the eyes' middles, in space.
        closure_n: the frames in the middle of p, b and m.
    """

    frames_thw3: np.ndarray
    expression_tk: np.ndarray
    identity_k: np.ndarray
    rotation_t3: np.ndarray
    translation_t3: np.ndarray
    points_tv2: np.ndarray
    mouth_t: np.ndarray
    lids_t2: np.ndarray
    brows_t2: np.ndarray
    closure_n: np.ndarray


class Head(Protocol):
    """A person who can be drawn."""

    identity_k: np.ndarray

    def vertices(self, expression_tk: np.ndarray) -> np.ndarray: ...

    def render(self, expression_k: np.ndarray, pose: Pose) -> np.ndarray: ...


def placed(spec: TruthSpec, moves: Motion, eyes_3: np.ndarray) -> tuple[np.ndarray, Pose]:
    """(translation_t3 of the head, pose of the shoulders); the head turns about the neck, which sways."""
    rng = np.random.default_rng((spec.performance, spec.person, 29))
    scale_t = rng.uniform(*SCALE_PX_PER_CM) * (1 + moves.sway_t3[:, 2])
    flip = np.array([1.0, -1.0])
    neck_3 = eyes_3 + np.array(NECK_3)
    at_2 = np.array(CENTRE) * SIZE_PX + scale_t.mean() * (neck_3 - eyes_3)[:2] * flip
    turned_t2 = (rotation_matrix(moves.rotation_t3) @ neck_3)[:, :2]
    shift_t2 = at_2 + moves.sway_t3[:, :2] - scale_t[:, None] * turned_t2 * flip
    turn_3 = np.array([0, np.radians(spec.yaw_deg) * SHOULDERS_FOLLOW, 0])
    still_2 = at_2 - scale_t.mean() * (rotation_matrix(turn_3[None])[0] @ neck_3)[:2] * flip
    translation_t3 = np.column_stack([shift_t2, scale_t]).astype(np.float32)
    return translation_t3, (turn_3, np.append(still_2, scale_t.mean()))


def camera(image_hw3: np.ndarray, rng: np.random.Generator, blur_px: float) -> np.ndarray:
    """What a sensor makes of a drawn picture: a little blur, noise, 8 bit."""
    blurred_hw3 = cv2.GaussianBlur(image_hw3, (0, 0), blur_px)
    noise_hw3 = rng.standard_normal(image_hw3.shape, np.float32) * np.float32(NOISE)
    return np.clip(np.rint(blurred_hw3 + noise_hw3), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Which vertices tell how open a face is; sides are the subject's right, then left."""

    lips: tuple[int, int]
    lids: tuple[tuple[Vertices, Vertices], tuple[Vertices, Vertices]]
    brows: tuple[Vertices, Vertices]
    corners: tuple[tuple[int, int], tuple[int, int]]

    def parts(self, vertices_nv3: np.ndarray) -> np.ndarray:
        """Height [N] of the upper lip over the lower one, in the unit of the vertices."""
        upper, lower = self.lips
        return vertices_nv3[:, upper, 1] - vertices_nv3[:, lower, 1]

    def of(self, vertices_tv3: np.ndarray, rest_v3: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(mouth_t, lids_t2, brows_t2) in units of the distance between the eyes of `rest_v3`."""
        eyes_23 = rest_v3[np.array(self.corners)].mean(1)
        unit = np.linalg.norm(eyes_23[1] - eyes_23[0])
        mouth_t = np.maximum(self.parts(vertices_tv3), 0)
        lids = [
            np.linalg.norm(vertices_tv3[:, list(upper)] - vertices_tv3[:, list(lower)], axis=-1).mean(1)
            for upper, lower in self.lids
        ]
        brows = [
            vertices_tv3[:, list(brow), 1].mean(1) - vertices_tv3[:, list(corners), 1].mean(1)
            for brow, corners in zip(self.brows, self.corners, strict=True)
        ]
        return mouth_t / unit, np.stack(lids, 1) / unit, np.stack(brows, 1) / unit


def make_clip(
    spec: TruthSpec, head: Head, moves: Motion, translation_t3: np.ndarray, measures: Measures
) -> TruthClip:
    """Draw one person doing one thing. The same arguments give the same bytes."""
    rng = np.random.default_rng((spec.person, spec.performance, 37))
    blur_px = rng.uniform(*BLUR_PX)
    frames = [
        camera(head.render(expression_k, (rotation_3, translation_3)), rng, blur_px)
        for expression_k, rotation_3, translation_3 in zip(
            moves.expression_tk, moves.rotation_t3, translation_t3, strict=True
        )
    ]
    vertices_tv3 = head.vertices(moves.expression_tk)
    rest_v3 = head.vertices(np.zeros_like(moves.expression_tk[:1]))[0]
    mouth_t, lids_t2, brows_t2 = measures.of(vertices_tv3, rest_v3)
    return TruthClip(
        frames_thw3=np.stack(frames),
        expression_tk=moves.expression_tk,
        identity_k=head.identity_k.astype(np.float32),
        rotation_t3=moves.rotation_t3,
        translation_t3=translation_t3,
        points_tv2=project(vertices_tv3, moves.rotation_t3, translation_t3).astype(np.float32),
        mouth_t=mouth_t.astype(np.float32),
        lids_t2=lids_t2.astype(np.float32),
        brows_t2=brows_t2.astype(np.float32),
        closure_n=moves.closure_n,
    )
