"""A hard cut is found; a face that talks, a flash and a broken frame are not cuts."""

import numpy as np
import pytest

from style2talker.errors import Reject
from style2talker.media.encode import write_video
from style2talker.media.shots import CutFinder, shot_boundaries
from style2talker.media.video import read_frames

SIZE_PX = 128
row, column = np.mgrid[0:SIZE_PX, 0:SIZE_PX] / SIZE_PX


def head(number: int, *, ground: tuple[int, int, int], skin: tuple[int, int, int]) -> np.ndarray:
    """A face that nods, sways and talks in front of a plain ground."""
    frame = np.empty((SIZE_PX, SIZE_PX, 3), np.uint8)
    frame[:] = ground
    x, y = 0.5 + 0.05 * np.sin(number / 4), 0.45 + 0.03 * np.sin(number / 7)
    frame[((column - x) / 0.22) ** 2 + ((row - y) / 0.32) ** 2 < 1] = skin
    mouth = 0.02 + 0.03 * abs(np.sin(number / 2))
    frame[((column - x) / 0.08) ** 2 + ((row - y - 0.16) / mouth) ** 2 < 1] = (90, 20, 20)
    return frame


ALICE = {"ground": (40, 60, 160), "skin": (220, 170, 140)}
BOB = {"ground": (150, 160, 150), "skin": (120, 80, 60)}


def test_one_talking_head_is_one_shot(tmp_path):
    write_video(tmp_path / "one.mp4", [head(k, **ALICE) for k in range(100)])
    assert shot_boundaries(tmp_path / "one.mp4") == []


def test_hard_cuts_are_found_at_the_first_new_frame(tmp_path):
    people = [ALICE] * 40 + [BOB] * 30 + [ALICE] * 30
    write_video(tmp_path / "cuts.mp4", [head(k, **who) for k, who in enumerate(people)])
    assert shot_boundaries(tmp_path / "cuts.mp4") == pytest.approx([1.6, 2.8])


def test_a_flash_and_a_broken_frame_are_not_cuts():
    finder = CutFinder()
    for k in range(60):
        frame = head(k, **ALICE)
        if k == 20:
            frame = np.full_like(frame, 255)
        if k == 40:
            frame = frame[::-1, ::-1] // 3
        finder.add(k / 25, frame)
    assert finder.cuts() == []


def test_a_fade_is_not_a_hard_cut():
    finder = CutFinder()
    for k in range(50):
        weight = np.clip((k - 10) / 30, 0, 1)
        frame = (1 - weight) * head(k, **ALICE) + weight * head(k, **BOB)
        finder.add(k / 25, frame.astype(np.uint8))
    assert finder.cuts() == []


def test_no_video(make_media):
    with pytest.raises(Reject) as caught:
        shot_boundaries(make_media("speech.mov", audio_s=(0, 1)))
    assert caught.value.kind == "no_video"


def test_real_talking_heads_are_one_shot_each(shared_data):
    for name in ["grid_bbaf2n.mpg", "hdtf_WDA_AOC.mp4", "styletalk_feifeili_clip1.mp4"]:
        assert shot_boundaries(shared_data / "clips" / name) == []


def test_two_real_people_before_the_same_screen_are_two_shots(shared_data, tmp_path):
    frames = [
        frame[:256, :256]
        for name in ("grid_bbaf2n.mpg", "grid_swwp2s.mpg")
        for frame in read_frames(shared_data / "clips" / name)
    ]
    write_video(tmp_path / "two.mp4", frames)
    assert shot_boundaries(tmp_path / "two.mp4") == pytest.approx([3.0])
