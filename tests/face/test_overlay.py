"""What is drawn over a picture lies where `project` puts it, and colours say what the numbers say."""

from dataclasses import replace

import numpy as np
import pytest

from style2talker.face import overlay
from style2talker.face.canonical import LIPS_LOWER_OUTER
from style2talker.face.curves import PAGE_FRAMES, ROW_PX, CurvePen, fit_curves, num_curves
from style2talker.face.drawing import ORANGE, draw_dots, draw_lines, draw_text
from style2talker.face.geometry import project
from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS, embedded
from style2talker.face.overlay import WORST_PERCENT, MeshPen, Posed, heat_colours
from style2talker.face.storyboard import (
    HEAD_PX,
    PANEL_PX,
    WIDTH_PX,
    Shot,
    draw_picture,
    draw_shot,
    frame_and_time,
    height_px,
)

MODEL = embedded()
SIZE_PX = 256
STILL = np.zeros(3), np.array([128.0, 128.0, 11.0])


@pytest.fixture(scope="module")
def pen() -> MeshPen:
    return MeshPen(MODEL)


def posed(pen: MeshPen, *, yaw_deg: float = 0.0) -> Posed:
    rotation_3 = np.array([0.0, np.radians(yaw_deg), 0.0])
    return pen.pose(np.zeros(len(MODEL.identity_kv3)), np.zeros(52), rotation_3, STILL[1])


def black() -> np.ndarray:
    return np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)


def pixel(picture_hw3: np.ndarray, at_2: np.ndarray) -> np.ndarray:
    """The pixel that holds a point in px from the picture's corner."""
    return picture_hw3[int(at_2[1]), int(at_2[0])].astype(int)


def test_a_point_between_pixels_is_drawn_between_them() -> None:
    picture_hw3 = black()
    draw_dots(picture_hw3, np.array([[10.5, 20.5], [41.0, 20.5]]), np.full((2, 3), 255), 2)
    rows, columns = np.nonzero(picture_hw3[..., 0])
    left, right = columns < 30, columns > 30
    weight_n = picture_hw3[rows, columns, 0].astype(float)
    # The first pixel's middle is at 0.5.
    assert np.average(columns[left] + 0.5, weights=weight_n[left]) == pytest.approx(10.5, abs=0.05)
    assert np.average(columns[right] + 0.5, weights=weight_n[right]) == pytest.approx(41.0, abs=0.05)
    assert np.average(rows + 0.5, weights=weight_n) == pytest.approx(20.5, abs=0.05)


def test_text_and_lines_stop_at_the_border_and_at_nan() -> None:
    picture_hw3 = black()
    width = draw_text(picture_hw3, "a long sentence", (SIZE_PX - 20, 2))
    assert width > 60
    draw_lines(picture_hw3, [np.array([[-50, 100], [50, 100], [np.nan, 0], [150, 100], [900, 100]])], ORANGE)
    assert picture_hw3[:, 60:140].max() == 0
    assert (picture_hw3[99:101, 200].max(axis=0) > 0).any()


def test_the_mesh_lies_where_project_puts_it(pen: MeshPen) -> None:
    vertices_1v3 = MODEL.shape(np.zeros(len(MODEL.identity_kv3)), np.zeros((1, 52)))
    points_v2 = project(vertices_1v3, STILL[0][None], STILL[1][None])[0]
    drawn_hw3 = pen.draw_mesh(black(), posed(pen))
    for lip in LIPS_LOWER_OUTER:
        assert np.abs(pixel(drawn_hw3, points_v2[lip]) - ORANGE).max() < 90, lip
    skin = [4, 10, 152, 50, 280, 151]
    assert all(pixel(drawn_hw3, points_v2[vertex]).max() > 50 for vertex in skin)
    rows, columns = np.nonzero(drawn_hw3.max(axis=2))
    low_2, high_2 = points_v2.min(axis=0), points_v2.max(axis=0)
    assert [columns.min(), rows.min()] == pytest.approx(low_2, abs=2.5)
    assert [columns.max() + 1, rows.max() + 1] == pytest.approx(high_2, abs=2.5)


def test_what_is_turned_away_is_not_drawn(pen: MeshPen) -> None:
    front, turned = posed(pen), posed(pen, yaw_deg=60)  # the subject's left goes out of sight
    assert front.shows_l[[234, 454]].all()
    assert turned.shows_l[234]
    assert not turned.shows_l[454]


def test_colours_are_the_error(pen: MeshPen) -> None:
    scale_n3 = heat_colours(np.array([0.0, WORST_PERCENT, 2 * WORST_PERCENT]))
    np.testing.assert_array_equal(scale_n3[1], scale_n3[2])
    assert scale_n3[0, 2] > scale_n3[0, 1]  # violet
    assert scale_n3[1, 1] > scale_n3[1, 2]  # yellow
    face = posed(pen)
    percent_l = np.zeros(NUM_LANDMARKS)
    percent_l[50] = WORST_PERCENT  # on the cheek
    hot_hw3 = pen.draw_heat(black(), face, percent_l)
    row, column = np.unravel_index(hot_hw3[..., 1].argmax(), (SIZE_PX, SIZE_PX))
    assert [column + 0.5, row + 0.5] == pytest.approx(face.landmarks_l2[50], abs=1)
    ring = np.full(NUM_LANDMARKS, np.nan)
    assert pen.draw_heat(black(), face, ring).max() == 0


def test_a_dense_mesh_is_shaded_and_few_landmarks_are_dots(
    pen: MeshPen, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = posed(pen)
    monkeypatch.setattr(overlay, "MOST_WIRES", 10)
    shaded_hw3 = pen.draw_mesh(black(), face)
    assert (shaded_hw3.max(axis=2) > 20).mean() > 0.2
    nose_2 = face.landmarks_l2[4]
    assert pixel(shaded_hw3, nose_2 - (0, 6)).min() > pixel(shaded_hw3, face.landmarks_l2[454] - [3, 0]).min()
    few_l = np.full(NUM_LANDMARKS, np.nan)
    few_l[[4, 61]] = WORST_PERCENT
    dots_hw3 = pen.draw_heat(black(), face, few_l)
    np.testing.assert_allclose(pixel(dots_hw3, nose_2), heat_colours(few_l[[4]])[0], atol=3)
    assert 0 < (dots_hw3.max(axis=2) > 0).sum() < 100


def shot(num_frames: int) -> Shot:
    """A clip whose frame 1 has a face only by interpolation and frame 2 none at all."""
    phase_t = np.linspace(0, 6, num_frames)
    expression_tk = np.zeros((num_frames, 52), np.float32)
    expression_tk[:, EXPRESSION_NAMES.index("jawOpen")] = 0.5 + 0.5 * np.sin(phase_t)
    rotation_t3 = np.stack([0 * phase_t, 0.3 * np.sin(phase_t), 0 * phase_t], axis=1).astype(np.float32)
    translation_t3 = np.tile(np.array([192, 192, 16], np.float32), (num_frames, 1))
    identity_k = np.zeros(len(MODEL.identity_kv3), np.float32)
    vertices_tv3 = MODEL.shape(identity_k, expression_tk)
    landmarks_tl2 = project(vertices_tv3, rotation_t3, translation_t3) + 0.4
    error_t = np.full(num_frames, 0.012, np.float32)
    landmarks_tl2[1:3], error_t[1:3] = np.nan, np.nan
    expression_tk[2], rotation_t3[2], translation_t3[2] = np.nan, np.nan, np.nan
    return Shot(
        title="a clip with a very long sentence " * 5,
        note="note",
        identity_k=identity_k,
        expression_tk=expression_tk,
        rotation_t3=rotation_t3,
        translation_t3=translation_t3,
        error_t=error_t,
        landmarks_tl2=landmarks_tl2,
    )


def test_frames_are_counted_as_the_table_counts_them_and_times_from_the_videos_beginning() -> None:
    part = replace(shot(452), start_s=20.04)
    assert frame_and_time(part, 0) == "frame 0 of 452  20.04 s"
    assert frame_and_time(part, 230) == "frame 230 of 452  29.24 s"
    assert frame_and_time(shot(452), 451) == "frame 451 of 452  18.04 s"


def test_a_second_stands_at_its_frame() -> None:
    curves = fit_curves(("a", "b"), np.zeros((60, 2)), np.zeros((60, 3)), np.full(60, np.nan))

    def ticks(start_s: float) -> np.ndarray:
        page_hw3 = CurvePen(curves, width_px=600, start_s=start_s).draw(0)
        return np.flatnonzero(page_hw3[ROW_PX * len(curves) + 3].max(axis=1) > 90)

    apart_px = (600 - 132 - 84) / 59
    assert np.ptp(ticks(0.0)) == pytest.approx(50 * apart_px, abs=2)  # 0, 1 and 2 s
    assert ticks(20.4).min() == pytest.approx(132 + 15 * apart_px, abs=2)  # 21 s
    assert np.ptp(ticks(20.4)) == pytest.approx(25 * apart_px, abs=2)  # and 22 s


def test_a_storyboard_has_the_same_bytes_twice_and_says_what_is_missing(pen: MeshPen) -> None:
    grey = [np.full((PANEL_PX, PANEL_PX, 3), 120, np.uint8)] * 4
    once, twice = (list(draw_shot(pen, shot(4), grey)) for _ in range(2))
    assert [frame.tobytes() for frame in once] == [frame.tobytes() for frame in twice]
    assert {frame.shape for frame in once} == {(height_px(EXPRESSION_NAMES), WIDTH_PX, 3)}
    heat = [frame[HEAD_PX : HEAD_PX + PANEL_PX, -PANEL_PX - 12 : -12] for frame in once]
    coloured = [np.ptp(panel.astype(int), axis=2).max() for panel in heat]
    assert coloured[0] > 50
    assert coloured[1] == 0  # interpolated: a pose, but no landmark to measure from
    assert heat[2].mean() < 60  # nothing known: dimmed
    picture_hw3 = draw_picture(pen, shot(4), grey[0])
    np.testing.assert_array_equal(picture_hw3[60:400], once[0][60:400])


def test_the_cursor_is_at_the_frame_and_pages_turn() -> None:
    long = shot(PAGE_FRAMES + 10)
    curves = fit_curves(EXPRESSION_NAMES, long.expression_tk, long.rotation_t3, long.error_t)
    assert [curve.name for curve in curves][0::5] == ["jaw open", "landmark error"]
    assert len(curves) == num_curves(EXPRESSION_NAMES)
    pen = CurvePen(curves, width_px=600)
    first, last, turned = pen.draw(0), pen.draw(PAGE_FRAMES - 1), pen.draw(PAGE_FRAMES)

    def cursor(page_hw3: np.ndarray) -> int:
        return int(page_hw3[8:250].min(axis=2).astype(int).sum(axis=0).argmax())

    assert cursor(first) == cursor(turned)
    assert cursor(last) - cursor(first) == pytest.approx(600 - 132 - 84, abs=2)
    assert (turned != first).any()


def test_a_model_without_arkits_names_shows_its_first_expressions() -> None:
    names = ("component1", "component2")
    curves = fit_curves(names, np.zeros((3, 2)), np.zeros((3, 3)), np.full(3, np.nan))
    assert [curve.name for curve in curves] == [*names, "yaw", "landmark error"]
    assert len(curves) == num_curves(names)
    assert CurvePen(curves, width_px=400).draw(1).shape[1] == 400
