"""From the detector net's numbers to the regions of faces.

The net is BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047) for near faces: 896 anchors on a 16 x 16 and
an 8 x 8 grid of a 128 px picture, each with a score, a box and six points. Overlapping boxes are averaged by
score, as the paper does instead of taking the best one. Thresholds are MediaPipe's (face_detector_graph.cc).

Shape suffixes: a anchors (896), d faces found, c candidates, n numbers of a candidate; 5 region, 4 box.
"""

import numpy as np

from style2talker.face.regions import overlaps, region_of_box, whole_frame

DETECTOR_SIZE_PX = 128
GRIDS = ((16, 2), (8, 6))  # cells along a side, anchors per cell
LEAST_SCORE = 0.0  # a logit: probability one half
SAME_BOX = 0.5  # intersection over union from which two boxes are one face
RIGHT_EYE, LEFT_EYE = 0, 1  # of the six points, the person's


def _anchors() -> np.ndarray:
    centres = []
    for cells, per_cell in GRIDS:
        rows, columns = np.divmod(np.arange(cells * cells), cells)
        grid = (np.column_stack([columns, rows]) + 0.5) * (DETECTOR_SIZE_PX / cells)
        centres.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(centres)


ANCHORS_A2 = _anchors()
"""Centres of the anchors, px of the 128 px picture."""


def find_regions(
    values_a16: np.ndarray, scores_a: np.ndarray, *, height_px: int, width_px: int
) -> np.ndarray:
    """The regions [D, 5] of the faces in a frame, px, surest first.

    Args:
        values_a16: the net's centre, size and six points of each anchor, px; positions from the anchor's.
        scores_a: the net's logits.
        height_px, width_px: of the frame, which the net saw as the middle of a square.
    """
    seen = np.flatnonzero(scores_a > LEAST_SCORE)
    seen = seen[np.argsort(-scores_a[seen], kind="stable")]
    values_c82 = values_a16[seen].astype(np.float64).reshape(-1, 8, 2)
    half_c2 = values_c82[:, 1] / 2
    points_c72 = np.delete(values_c82, 1, axis=1) + ANCHORS_A2[seen, None]
    valid = (half_c2 > 0).all(axis=1)
    box_c4 = np.concatenate([points_c72[:, 0] - half_c2, points_c72[:, 0] + half_c2], axis=1)
    found_cn = np.concatenate([box_c4, points_c72[:, 1:].reshape(-1, 12)], axis=1)[valid]
    weight_c = 1 / (1 + np.exp(-scores_a[seen][valid].astype(np.float64)))

    frame = whole_frame(height_px, width_px)
    scale, offset = frame[2] / DETECTOR_SIZE_PX, np.tile(frame[:2] - frame[2] / 2, 8)
    regions = []
    left = np.arange(len(weight_c))
    while len(left):
        same = overlaps(found_cn[left[:1], :4], found_cn[left, :4])[0] > SAME_BOX
        merged = np.average(found_cn[left[same]], axis=0, weights=weight_c[left[same]])
        merged = merged * scale + offset
        eyes = merged[4:].reshape(6, 2)
        regions.append(region_of_box(merged[:4], eyes[RIGHT_EYE], eyes[LEFT_EYE]))
        left = left[~same]
    return np.array(regions).reshape(-1, 5)
