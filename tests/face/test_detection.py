"""Detection: numbers written for known boxes come back as these boxes, averaged where they overlap."""

import numpy as np
import pytest

from style2talker.face.detection import ANCHORS_A2, find_regions

EYES = {0: (-0.2, -0.1), 1: (0.2, -0.1)}  # of the box's side, from its centre


def net_numbers(*faces: tuple[float, float, float, float, int]) -> tuple[np.ndarray, np.ndarray]:
    """What the detector would say of faces (x, y, side in px of 128; logit; how many anchors fire)."""
    values_a16, scores_a = np.zeros((896, 16), np.float32), np.full(896, -5, np.float32)
    for x, y, side, logit, count in faces:
        for anchor in np.argsort(np.linalg.norm(ANCHORS_A2 - [x, y], axis=1), kind="stable")[:count]:
            from_anchor = np.array([x, y]) - ANCHORS_A2[anchor]
            values_a16[anchor, :2], values_a16[anchor, 2:4] = from_anchor, side
            for point, offset in EYES.items():
                values_a16[anchor, 4 + 2 * point : 6 + 2 * point] = from_anchor + side * np.array(offset)
            scores_a[anchor] = logit
    return values_a16, scores_a


def test_anchors_cover_the_picture_evenly():
    assert ANCHORS_A2.shape == (896, 2)
    np.testing.assert_allclose(ANCHORS_A2.mean(axis=0), 64)
    assert ANCHORS_A2.min() == 4
    assert ANCHORS_A2.max() == 124


@pytest.mark.parametrize(("height_px", "width_px"), [(128, 128), (720, 1280), (1280, 720)])
def test_a_face_is_where_it_was_drawn_in_any_frame(height_px: int, width_px: int):
    regions_d5 = find_regions(*net_numbers((70, 60, 30, 3, 8)), height_px=height_px, width_px=width_px)
    scale = max(height_px, width_px) / 128
    left, top = (width_px - 128 * scale) / 2, (height_px - 128 * scale) / 2
    expected = [70 * scale + left, 60 * scale + top, 45 * scale, 45 * scale, 0]
    np.testing.assert_allclose(regions_d5, [expected], rtol=1e-5, atol=1e-4)


def test_two_faces_come_surest_first_and_no_face_is_none():
    regions_d5 = find_regions(
        *net_numbers((30, 64, 20, 1, 6), (90, 64, 30, 4, 6)), height_px=128, width_px=128
    )
    np.testing.assert_allclose(regions_d5[:, 0], [90, 30], atol=1e-3)
    assert find_regions(*net_numbers(), height_px=128, width_px=128).shape == (0, 5)


def test_boxes_of_one_face_are_averaged_by_their_scores():
    values_a16, scores_a = net_numbers((64, 64, 30, 0.5, 2))
    sure, unsure = np.flatnonzero(scores_a > 0)
    scores_a[sure] = np.log(0.9 / 0.1)
    scores_a[unsure] = np.log(0.6 / 0.4)
    values_a16[unsure, 0] += 5
    region_5 = find_regions(values_a16, scores_a, height_px=128, width_px=128)[0]
    assert region_5[0] == pytest.approx(64 + 5 * 0.6 / 1.5)
