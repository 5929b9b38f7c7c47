"""The facts of a source come from its packets, not from what its header claims."""

from fractions import Fraction

import numpy as np
import pytest

from style2talker.errors import Reject
from style2talker.media.audio import read_audio
from style2talker.media.probe import probe
from style2talker.media.video import read_frames


def test_the_facts_of_an_ordinary_file(make_media):
    info = probe(make_media(times_s=np.arange(90) / 30, audio_s=(0, 3.0)))
    assert info.duration_s == pytest.approx(3.0, abs=0.002)
    assert info.video_rate_hz == pytest.approx(30, abs=0.1)
    assert (info.width_px, info.height_px, info.rotation_deg) == (160, 96, 0)
    assert info.audio_rate_hz == 44_100
    assert info.has_video
    assert info.has_audio


@pytest.mark.parametrize("name", ["clip.mpg", "clip.mkv", "clip.avi", "clip.ts"])
def test_duration_counts_the_last_frame_in_every_container(make_media, name):
    codec = {"clip.mpg": "mpeg1video", "clip.avi": "mpeg4"}.get(name, "libx264")
    rate = 25
    path = make_media(
        name, times_s=np.arange(75) / rate, rate_hz=rate, codec=codec, audio_s=(0, 3.0), audio_codec="mp2"
    )
    info = probe(path)
    assert info.duration_s == pytest.approx(3.0, abs=0.041)
    assert sum(1 for _ in read_frames(path)) == pytest.approx(info.duration_s * 25, abs=0.51)


def test_a_download_that_was_cut_off_is_as_long_as_what_arrived(make_media):
    path = make_media("clip.mpg", times_s=np.arange(500) / 25, rate_hz=25, codec="mpeg1video")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 5 < probe(path).duration_s < 15


def test_damaged_timestamps_do_not_become_a_day_of_silence(make_media):
    path = make_media("clip.mkv", times_s=[0, 0.04, 20_000], rate_hz=25, audio_s=(0, 0.1))
    for read in (probe, read_audio):
        with pytest.raises(Reject, match="bytes per second") as caught:
            read(path)
        assert caught.value.kind == "decode_failed"


@pytest.mark.parametrize(("rotation_deg", "size"), [(90, (96, 160)), (180, (160, 96)), (-90, (96, 160))])
def test_size_is_what_the_viewer_sees(make_media, rotation_deg, size):
    info = probe(make_media(times_s=np.arange(5) / 25, rotation_deg=rotation_deg))
    assert (info.width_px, info.height_px) == size
    assert info.rotation_deg == rotation_deg % 360


def test_pixels_that_are_not_square_are_made_square(make_media):
    path = make_media(times_s=np.arange(5) / 25, pixel_aspect=Fraction(16, 15))
    info = probe(path)
    assert (info.width_px, info.height_px) == (171, 96)
    assert next(read_frames(path)).shape == (96, 171, 3)


def test_sound_without_picture_is_no_video_unless_that_is_asked_for(make_media):
    path = make_media("speech.mov", audio_s=(0, 1.5))
    with pytest.raises(Reject) as caught:
        probe(path)
    assert caught.value.kind == "no_video"
    info = probe(path, need_video=False)
    assert not info.has_video
    assert info.duration_s == pytest.approx(1.5, abs=0.05)


def test_real_footage_has_the_length_that_its_frames_have(shared_data):
    expected = {"grid_bbaf2n.mpg": 3.0, "retalking_face_1.mp4": 6.1, "hdtf_WDA_AOC.mp4": 8.0}
    for name, duration_s in expected.items():
        path = shared_data / "clips" / name
        info = probe(path)
        assert info.duration_s == pytest.approx(duration_s, abs=0.005)
        assert sum(1 for _ in read_frames(path, size_px=32)) == pytest.approx(duration_s * 25, abs=0.51)
