"""The turned squares that a face is cut from, as the landmark net was trained to see them.

A region is (centre x, centre y, width, height, angle) in px and rad, y down; the angle is the eye line's, so
that the eyes lie level in the cut. Its size is one and a half times the face's. The numbers are those of
MediaPipe (face_landmarks_detector_graph.cc and rect_transformation_calculator.cc, Apache-2.0), also in that
pixel k of a cut of S pixels lies at k / S of the side.

Shape suffixes: n regions, m regions, l landmarks (478), 5 region, 4 box, 23 affine matrix.
"""

import numpy as np

SIZE_OF_FACE = 1.5  # side of the region over the longer side of the face's box
OUTER_EYE_CORNERS = (33, 263)  # the person's right and left, in the 478 landmarks


def whole_frame(height_px: int, width_px: int) -> np.ndarray:
    """The region [5] of the smallest square around a frame."""
    side = max(height_px, width_px)
    return np.array([width_px / 2, height_px / 2, side, side, 0.0])


def region_of_box(box_4: np.ndarray, right_eye_2: np.ndarray, left_eye_2: np.ndarray) -> np.ndarray:
    """The region [5] of a face's box (left, top, right, bottom) and its eyes."""
    across = left_eye_2 - right_eye_2
    centre, sides = (box_4[:2] + box_4[2:]) / 2, SIZE_OF_FACE * (box_4[2:] - box_4[:2])
    return np.array([*centre, *sides, np.arctan2(across[1], across[0])])


def regions_of_landmarks(landmarks_nl3: np.ndarray) -> np.ndarray:
    """The regions [N, 5], square, of faces whose landmarks are known, px."""
    points_nl2 = np.asarray(landmarks_nl3, np.float64)[:, :, :2]
    low_n2, high_n2 = points_nl2.min(axis=1), points_nl2.max(axis=1)
    right, left = OUTER_EYE_CORNERS
    across_n2 = points_nl2[:, left] - points_nl2[:, right]
    side_n = SIZE_OF_FACE * (high_n2 - low_n2).max(axis=1)
    angle_n = np.arctan2(across_n2[:, 1], across_n2[:, 0])
    return np.column_stack([(low_n2 + high_n2) / 2, side_n, side_n, angle_n])


def sampling_matrices(region_n5: np.ndarray, size_px: int) -> np.ndarray:
    """Affine matrices [N, 2, 3] from a pixel (column, row, 1) of the cut to the px of the frame."""
    centre_n2, sides_n2, angle_n = region_n5[:, :2], region_n5[:, 2:4], region_n5[:, 4]
    cos_n, sin_n = np.cos(angle_n), np.sin(angle_n)
    step_n22 = np.stack([np.stack([cos_n, -sin_n], -1), np.stack([sin_n, cos_n], -1)], axis=1)
    step_n22 = step_n22 * (sides_n2 / size_px)[:, None, :]
    corner_n2 = centre_n2 - step_n22.sum(axis=2) * (size_px / 2)
    return np.concatenate([step_n22, corner_n2[:, :, None]], axis=2)


def to_frame(points_nl3: np.ndarray, region_n5: np.ndarray, size_px: int) -> np.ndarray:
    """Landmarks float32 [N, 478, 3] in the frame's px from those in the px of each region's cut.

    Depth is scaled as the width is.
    """
    matrix_n23 = sampling_matrices(region_n5, size_px)
    flat_nl2 = points_nl3[:, :, :2] @ matrix_n23[:, :, :2].transpose(0, 2, 1) + matrix_n23[:, None, :, 2]
    depth_nl1 = points_nl3[:, :, 2:] * (region_n5[:, 2] / size_px)[:, None, None]
    return np.concatenate([flat_nl2, depth_nl1], axis=2).astype(np.float32)


def boxes(region_n5: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom [N, 4] of the regions, their angles ignored."""
    half_n2 = region_n5[:, 2:4] / 2
    return np.concatenate([region_n5[:, :2] - half_n2, region_n5[:, :2] + half_n2], axis=1)


def overlaps(box_n4: np.ndarray, box_m4: np.ndarray) -> np.ndarray:
    """Intersection over union [N, M] of boxes (left, top, right, bottom)."""
    low_nm2 = np.maximum(box_n4[:, None, :2], box_m4[:, :2])
    high_nm2 = np.minimum(box_n4[:, None, 2:], box_m4[:, 2:])
    common_nm = np.maximum(high_nm2 - low_nm2, 0).prod(axis=2)
    area_n, area_m = ((box[:, 2:] - box[:, :2]).prod(axis=1) for box in (box_n4, box_m4))
    return common_nm / np.maximum(area_n[:, None] + area_m - common_nm, 1e-9)
