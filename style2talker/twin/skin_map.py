"""The photograph as a texture for a face mesh, and what colour skin has where the photograph ends.

Shape suffixes: n points, h, w the head of the photograph, 2 px, 3 colour (0 to 255).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from style2talker.face.canonical import BROW_LEFT, BROW_RIGHT, OVAL
from style2talker.twin.identity import Look
from style2talker.twin.paint import painted
from style2talker.twin.portrait import HEAD, Portrait

ENLARGED = 3
EDGE_PX = 3.0  # this near to the face's outline the photograph shows other things too
FADE_PX = 5.0  # over this much inside the outline it gives way to plain skin
FAR_PX = 14.0  # beyond this outside the outline skin has its mean colour
SMOOTH_PX = 3.0
GRAIN = 3.0  # the enlarged photograph is smooth, skin is not; standard deviation in steps of 8 bit


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinMap:
    """The texture of one person.

    Attributes:
        texture: uint8 RGB, the enlarged head; bleeds over the face's outline.
        share_hw: how much of the photograph a place takes, [0, 1]. plain_hw3: the colour of the rest.
        skin_3, hair_3: mean colours.
    """

    texture: np.ndarray
    share_hw: np.ndarray
    plain_hw3: np.ndarray
    skin_3: np.ndarray
    hair_3: np.ndarray

    def at(self, photo_n2: np.ndarray) -> np.ndarray:
        """[N, 6] at px of the photograph: px of the texture, share of the photograph, plain colour."""
        head_n2 = photo_n2 - [HEAD[1].start, HEAD[0].start]
        texture_n2 = ENLARGED * (head_n2 + 0.5) - 0.5
        return np.column_stack(
            [texture_n2, sampled(self.share_hw, head_n2), sampled(self.plain_hw3, head_n2)]
        )


def skin_map(portrait: Portrait, look: Look) -> SkinMap:
    """The texture of one person, not mirrored."""
    head_hw3 = painted(portrait, look)[HEAD].astype(np.float32)
    hair_hw, skin_hw = portrait.hair_hw[HEAD], portrait.skin_hw[HEAD]
    inside_hw = _face(portrait)
    depth_hw = cv2.distanceTransform(inside_hw, cv2.DIST_L2, 5)
    own_hw = (depth_hw > EDGE_PX) & (portrait.backdrop_hw[HEAD] < 0.2)
    skin_3, hair_3 = (
        (head_hw3 * mask_hw[..., None]).sum((0, 1)) / mask_hw.sum() for mask_hw in (skin_hw * own_hw, hair_hw)
    )
    far_hw1 = np.clip(cv2.distanceTransform(1 - inside_hw, cv2.DIST_L2, 5) / FAR_PX, 0, 1)[..., None]
    bald_hw3 = cv2.GaussianBlur(_bled(head_hw3, own_hw & (hair_hw < 0.2)), (0, 0), SMOOTH_PX)
    texture = cv2.resize(
        _bled(head_hw3, own_hw), None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_LANCZOS4
    )
    grain = np.random.default_rng(3).normal(0, GRAIN, texture.shape[:2]).astype(np.float32)
    texture += cv2.GaussianBlur(grain, (0, 0), 0.8)[..., None]
    return SkinMap(
        texture=np.clip(np.rint(texture), 0, 255).astype(np.uint8),
        share_hw=np.clip((depth_hw - 1) / FADE_PX, 0, 1).astype(np.float32),
        plain_hw3=(bald_hw3 + far_hw1 * (skin_3 - bald_hw3)).astype(np.float32),
        skin_3=skin_3,
        hair_3=hair_3,
    )


def sampled(texture: np.ndarray, points_n2: np.ndarray) -> np.ndarray:
    """float32 values [N] or [N, 3] of a picture at px, bilinear; beyond its border, of the border."""
    width = 1024  # the maps of OpenCV have to be shorter than 32768 on each side
    padded = np.zeros(((len(points_n2) // width + 1) * width, 2), np.float32)
    padded[: len(points_n2)] = points_n2
    found = cv2.remap(
        texture, padded.reshape(-1, width, 2), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return found.reshape(len(padded), *texture.shape[2:])[: len(points_n2)].astype(np.float32)


def _face(portrait: Portrait) -> np.ndarray:
    """uint8 [h, w]: 1 inside the face's oval and, above the brows, on the hair."""
    inside_hw = np.zeros(portrait.hair_hw[HEAD].shape, np.uint8)
    corner = np.array([HEAD[1].start, HEAD[0].start])
    oval = portrait.landmarks_l3[list(OVAL), :2] - corner
    cv2.fillPoly(inside_hw, [np.rint(oval * 16).astype(np.int32)], 1, shift=4)
    brows = portrait.landmarks_l3[[*BROW_LEFT, *BROW_RIGHT], 1]
    above = slice(0, round(float(brows.min())) - HEAD[0].start)
    inside_hw[above][portrait.hair_hw[HEAD][above] > 0.5] = 1
    return inside_hw


def _bled(image_hw3: np.ndarray, own_hw: np.ndarray) -> np.ndarray:
    """The picture with each pixel that is not its own replaced by the nearest that is."""
    _, label_hw = cv2.distanceTransformWithLabels(
        (~own_hw).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colour_of = np.zeros((label_hw.max() + 1, 3), np.float32)
    colour_of[label_hw[own_hw]] = image_hw3[own_hw]
    return colour_of[label_hw]
