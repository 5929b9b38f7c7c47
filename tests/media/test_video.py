"""The 25 fps grid: whatever the source's timestamps are, each grid frame is the nearest one."""

import numpy as np
import pytest

from style2talker.errors import Reject
from style2talker.media.audio import read_audio
from style2talker.media.video import read_frames


@pytest.fixture
def shown(numbers_of):
    """The numbers of the frames that a span shows."""
    return lambda path, **span: numbers_of(read_frames(path, **span))


def irregular_times(rate_hz: float, num_frames: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    steps_s = rng.uniform(0.4, 1.6, num_frames - 1) / rate_hz
    return np.concatenate([[0.0], np.cumsum(steps_s)])


@pytest.mark.parametrize("rate_hz", [24.6, 29.97, 30, 50, 60])
def test_time_error_is_at_most_half_a_source_frame(make_media, rate_hz, shown):
    times_s = np.arange(int(3 * rate_hz)) / rate_hz
    numbers = shown(make_media(times_s=times_s))
    error_s = times_s[numbers] - np.arange(len(numbers)) / 25
    inside = np.arange(len(numbers)) / 25 <= times_s[-1]
    assert np.abs(error_s[inside]).max() <= 0.5 / rate_hz + 1e-4
    assert len(numbers) == round(len(times_s) / rate_hz * 25)


def test_thirty_to_twenty_five_drops_every_sixth_frame_and_repeats_none(make_media, shown):
    numbers = shown(make_media(times_s=np.arange(120) / 30))
    steps = np.diff(numbers)
    assert set(steps) == {1, 2}
    assert np.all(np.diff(np.flatnonzero(steps == 2)) == 5)


def test_twenty_five_is_left_as_it_is(make_media, shown):
    path = make_media(times_s=np.arange(50) / 25)
    assert shown(path).tolist() == list(range(50))


def test_half_rate_shows_every_frame_twice_in_spite_of_rounded_timestamps(make_media, shown):
    numbers = shown(make_media("clip.mkv", times_s=np.arange(25) / 12.5))
    assert numbers[:48].tolist() == [k // 2 for k in range(48)]


def test_a_variable_rate_is_resampled_by_time_not_by_count(make_media, shown):
    times_s = irregular_times(22.13, 70)
    numbers = shown(make_media(times_s=times_s))
    instants_s = np.arange(len(numbers)) / 25
    best_s = np.abs(times_s[None] - instants_s[:, None]).min(axis=1)
    assert np.allclose(np.abs(times_s[numbers] - instants_s), best_s, atol=2e-4)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mpg", "mpeg1video"), ("a.ts", "libx264")]
)
def test_a_span_in_the_middle_equals_that_part_of_the_whole(make_media, name, codec, shown):
    path = make_media(name, times_s=np.arange(500) / 25, rate_hz=25, codec=codec, gop=60)
    for start_s, end_s in [(0.0, 1.0), (3.96, 5.0), (11.6, 13.0), (18.0, 20.0)]:
        expected = list(range(round(start_s * 25), round(end_s * 25)))
        assert shown(path, start_s=start_s, end_s=end_s).tolist() == expected


def test_frames_past_the_end_are_not_made_up(make_media, shown):
    path = make_media(times_s=np.arange(50) / 25)
    assert shown(path, start_s=1.0, end_s=4.0).tolist() == list(range(25, 50))
    with pytest.raises(Reject) as caught:
        shown(path, start_s=7.0)
    assert caught.value.kind == "decode_failed"


def test_a_video_that_starts_late_starts_at_zero_on_its_own_clock(make_media, shown):
    path = make_media(times_s=0.5 + np.arange(50) / 25, audio_s=(0, 2.5))
    assert shown(path).tolist() == list(range(50))


@pytest.mark.parametrize(
    ("rotation_deg", "corner"), [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (-90, (0, -1))]
)
def test_rotation_turns_counter_clockwise_by_the_display_matrix(make_media, rotation_deg, corner):
    frame = next(read_frames(make_media(times_s=np.arange(3) / 25, rotation_deg=rotation_deg)))
    assert frame.shape == ((160, 96, 3) if rotation_deg % 180 else (96, 160, 3))
    rows, columns = (slice(4, 12) if side == 0 else slice(-12, -4) for side in corner)
    red, green, _ = frame[rows, columns].reshape(-1, 3).mean(axis=0)
    assert red > 150 > 80 > green


def test_size_sets_the_shorter_side_and_keeps_the_shape(make_media):
    path = make_media(times_s=np.arange(3) / 25, rotation_deg=90)
    assert next(read_frames(path, size_px=48)).shape == (80, 48, 3)


def test_a_repeated_frame_is_a_new_array(make_media):
    first, second, *_ = read_frames(make_media(times_s=np.arange(5) / 12.5))
    first[:] = 0
    assert second.any()


def test_no_video(make_media):
    with pytest.raises(Reject) as caught:
        list(read_frames(make_media("speech.mov", audio_s=(0, 1))))
    assert caught.value.kind == "no_video"


def test_real_frames_and_real_sound_have_the_same_length(shared_data):
    for name in ["retalking_face_1.mp4", "grid_swwp2s.mpg", "styletalk_feifeili_clip1.mp4"]:
        path = shared_data / "clips" / name
        num_frames = sum(1 for _ in read_frames(path, size_px=32))
        assert abs(num_frames - len(read_audio(path)) / 640) <= 0.5
