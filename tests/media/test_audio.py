"""Sound on the video's clock: a click seen at 1.00 s is heard at 1.00 s, whatever the container does."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import Reject
from style2talker.media.audio import (
    LONGEST_OVERLAP_S,
    _TimeLine,
    flac_decode,
    flac_encode,
    load_speech,
    read_audio,
    read_pieces,
)

CLICKS_S = [0.8, 1.5, 2.24]


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mov", "pcm_s16le"), ("a.mkv", "aac")])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_clicks_are_where_they_were_put(make_media, clicks_of, name, codec, rate_hz):
    path = make_media(
        name,
        times_s=np.arange(75) / 25,
        audio_s=(0, 3.0),
        clicks_s=CLICKS_S,
        audio_codec=codec,
        audio_rate_hz=rate_hz,
    )
    audio_n = read_audio(path)
    assert audio_n.dtype == np.float32
    assert len(audio_n) == 48_000
    assert clicks_of(audio_n) == pytest.approx(CLICKS_S, abs=0.004)


@pytest.mark.parametrize(("video_start_s", "audio_start_s"), [(0, 0.3), (0.3, 0), (0.52, 0.2), (0, 0)])
def test_a_stream_that_starts_late_stays_late(make_media, clicks_of, video_start_s, audio_start_s):
    path = make_media(
        times_s=video_start_s + np.arange(75) / 25, audio_s=(audio_start_s, 3.0), clicks_s=CLICKS_S
    )
    heard_s = clicks_of(read_audio(path))
    assert heard_s == pytest.approx([click_s - video_start_s for click_s in CLICKS_S], abs=0.004)


def test_sound_that_ends_60_ms_early_is_padded_with_silence(make_media):
    path = make_media(times_s=np.arange(75) / 25, audio_s=(0, 2.94), clicks_s=[2.9])
    audio_n = read_audio(path)
    assert len(audio_n) == 48_000
    assert np.abs(audio_n[-500:]).max() < 1e-3


def test_sound_that_outlasts_the_video_is_cut(make_media):
    assert len(read_audio(make_media(times_s=np.arange(50) / 25, audio_s=(0, 3.0)))) == 32_000


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mpg"])
def test_a_span_equals_that_part_of_the_whole(make_media, clicks_of, name):
    path = make_media(
        name,
        times_s=np.arange(300) / 25,
        rate_hz=25,
        codec="mpeg1video" if name == "a.mpg" else "libx264",
        audio_codec="mp2" if name == "a.mpg" else "aac",
        audio_s=(0, 12.0),
        clicks_s=np.arange(0.5, 11.9, 0.37),
    )
    whole_n = read_audio(path)
    for start_s, end_s in [(0.0, 1.0), (4.0, 6.4), (10.04, 12.0)]:
        part_n = read_audio(path, start_s=start_s, end_s=end_s)
        expected_n = whole_n[round(start_s * 16_000) : round(end_s * 16_000)]
        assert part_n.shape == expected_n.shape
        assert clicks_of(part_n[100:-100]) == pytest.approx(clicks_of(expected_n[100:-100]), abs=1e-3)
        # each run of the resampler starts on the nearest 1/16000 s, so two runs differ by up to a sample
        assert np.corrcoef(part_n[100:-100], expected_n[100:-100])[0, 1] > 0.9


def test_a_span_beyond_the_end_is_silence_of_the_right_length(make_media):
    path = make_media(times_s=np.arange(25) / 25, audio_s=(0, 1.0))
    assert not read_audio(path, start_s=5.0, end_s=6.0).any()
    assert len(read_audio(path, start_s=0.5, end_s=2.5)) == 32_000


def test_no_sound_track(make_media):
    with pytest.raises(Reject) as caught:
        read_audio(make_media(times_s=np.arange(5) / 25))
    assert caught.value.kind == "no_audio"


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "mp3")])
def test_speech_may_come_in_any_audio_file(make_media, clicks_of, name, codec):
    path = make_media(name, audio_s=(0, 3.0), clicks_s=CLICKS_S, audio_codec=codec, audio_rate_hz=22_050)
    audio_n = load_speech(path)
    assert len(audio_n) == pytest.approx(48_000, abs=1600)
    assert clicks_of(audio_n) == pytest.approx(CLICKS_S, abs=0.03)


@given(st.lists(st.floats(-1, 1, width=32), max_size=3000))
def test_flac_keeps_sixteen_bits_and_every_sample(values):
    audio_n = np.array(values, np.float32)
    data = flac_encode(audio_n)
    assert data == flac_encode(audio_n)
    assert np.abs(flac_decode(data) - audio_n).max(initial=0) <= 1 / 32768


def test_real_sound_is_as_long_as_its_video(shared_data):
    audio_n = read_audio(shared_data / "clips" / "mead_M030_sad_3_001.mp4")
    assert len(audio_n) == round(3.733296 * 16_000)
    assert 0.1 < np.abs(audio_n).max() <= 1


CHUNKS = st.lists(st.tuples(st.integers(-30_000, 40_000), st.integers(0, 3_000)), max_size=40)


@given(steps=CHUNKS, num_samples=st.integers(0, 200_000), size=st.integers(500, 50_000))
@settings(deadline=None)
def test_pieces_make_the_whole_whatever_the_clock_does(steps, num_samples, size):
    """Clocks that leap and go back; the whole is laid down as the docstring says, in one array."""
    whole_n, furthest, last, chunks = np.zeros(num_samples, np.float32), 0, 0, []
    for number, (step, length) in enumerate(steps, 1):
        chunks.append((last + step, np.full(length, number / 64, np.float32)))
        last += step + length
    for first, chunk_n in chunks:
        settled = max(furthest - round(LONGEST_OVERLAP_S * 16_000), 0)
        for index, sample in enumerate(chunk_n, first):
            if settled <= index < num_samples:
                whole_n[index] = sample
        if first < num_samples:
            furthest = max(furthest, min(first + len(chunk_n), num_samples))
    line = _TimeLine(min(size, num_samples))
    pieces = [piece for first, chunk_n in chunks for piece in laid(line, first, chunk_n, num_samples)]
    pieces += line.rest(num_samples)
    np.testing.assert_array_equal(np.concatenate(pieces), whole_n)
    assert all(len(piece) == size for piece in pieces[:-1])


def laid(line: _TimeLine, first: int, chunk_n: np.ndarray, num_samples: int) -> Iterator[np.ndarray]:
    if first < num_samples:
        yield from line.put(first, chunk_n[: num_samples - first])


@pytest.mark.parametrize("piece_s", [0.02, 0.7, 30.0])
def test_a_file_in_pieces_is_the_file(make_media, piece_s):
    path = make_media(times_s=0.3 + np.arange(75) / 25, audio_s=(0.1, 2.94), clicks_s=CLICKS_S)
    pieces = list(read_pieces(path, piece_s=piece_s))
    np.testing.assert_array_equal(np.concatenate(pieces), read_audio(path))
    assert {len(piece) for piece in pieces[:-1]} <= {round(piece_s * 16_000)}
