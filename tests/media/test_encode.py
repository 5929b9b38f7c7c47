"""What is written comes back: frames, sound, length, tags, and the same bytes every time."""

import hashlib

import av
import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.media.audio import read_audio
from style2talker.media.encode import VideoWriter, write_video
from style2talker.media.probe import probe
from style2talker.media.video import read_frames

COLOURS = [(200, 30, 40), (30, 180, 60), (40, 60, 210), (230, 180, 150)]


def moving_picture(num_frames: int, *, height_px: int = 64, width_px: int = 96) -> list[np.ndarray]:
    frames = np.zeros((num_frames, height_px, width_px, 3), np.uint8)
    for number, colour in enumerate(COLOURS):
        frames[:, :, number * width_px // 4 : (number + 1) * width_px // 4] = colour
    return [np.roll(frame, 2 * number, axis=0) for number, frame in enumerate(frames)]


def speech_like(num_samples: int) -> np.ndarray:
    noise_n = np.random.default_rng(3).normal(size=num_samples + 7)
    return (0.1 * np.convolve(noise_n, np.ones(8) / 8, "valid")).astype(np.float32)


def test_frames_and_colours_survive(tmp_path):
    frames = moving_picture(20)
    assert write_video(tmp_path / "out.mp4", frames) == 20
    back = list(read_frames(tmp_path / "out.mp4"))
    assert len(back) == 20
    for written, read in zip(frames, back, strict=True):
        assert np.abs(written.astype(int) - read)[:, 8:16].mean() < 6


@pytest.mark.parametrize("extra_samples", [-600, -1, 0, 333, 640])
def test_sound_is_not_moved_and_the_length_is_within_a_frame(tmp_path, extra_samples):
    audio_n = speech_like(50 * 640 + extra_samples)
    write_video(tmp_path / "out.mp4", moving_picture(50), audio_n)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.duration is not None
        assert abs(container.duration / av.time_base - len(audio_n) / 16_000) <= 0.04
    back_n = read_audio(tmp_path / "out.mp4")
    match = [np.corrcoef(np.roll(back_n, shift)[500:-1500], audio_n[500 : len(back_n) - 1500])[0, 1]
             for shift in (-1, 0, 1)]  # fmt: skip
    assert np.argmax(match) == 1
    assert match[1] > 0.98


def test_tags_can_be_read_back(tmp_path):
    tags = {"comment": "AI-generated", "title": "a talking head"}
    write_video(tmp_path / "plain.mp4", moving_picture(3), metadata=tags)
    write_video(tmp_path / "own.mp4", moving_picture(3), metadata=tags | {"style2talker:seed": "7"})
    with av.open(str(tmp_path / "plain.mp4")) as container:
        assert tags.items() <= container.metadata.items()
    with av.open(str(tmp_path / "own.mp4")) as container:
        assert (tags | {"style2talker:seed": "7"}).items() <= container.metadata.items()


def test_the_index_comes_before_the_data_so_that_playback_can_start_early(tmp_path):
    write_video(tmp_path / "out.mp4", moving_picture(5))
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_same_input_gives_the_same_bytes(tmp_path):
    digests = set()
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, moving_picture(40), speech_like(25_600), {"comment": "AI-generated"})
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_nothing_appears_when_the_work_fails_half_way(tmp_path):
    def write_half() -> None:
        with VideoWriter(tmp_path / "out.mp4", width=96, height=64) as writer:
            writer.write(moving_picture(1)[0])
            raise RuntimeError("the renderer failed")

    with pytest.raises(RuntimeError):
        write_half()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("frames", "audio", "words"),
    [
        ([], None, "no frames"),
        ([np.zeros((65, 96, 3), np.uint8)], None, "must be even"),
        ([np.zeros((64, 96, 3), np.float32)], None, "expected uint8"),
        ([np.zeros((64, 96, 3), np.uint8), np.zeros((64, 64, 3), np.uint8)], None, "expected uint8"),
        ([np.zeros((64, 96, 3), np.uint8)] * 5, np.zeros(9600, np.float32), "pad or cut"),
    ],
)
def test_a_bad_call_is_one_sentence_and_leaves_nothing_behind(tmp_path, frames, audio, words):
    with pytest.raises(UserError, match=words):
        write_video(tmp_path / "out.mp4", frames, audio)
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_probes_as_25_fps_and_16_khz(tmp_path):
    write_video(tmp_path / "out.mp4", moving_picture(30), speech_like(19_200))
    info = probe(tmp_path / "out.mp4")
    assert info.duration_s == pytest.approx(1.2, abs=1e-3)
    assert info.video_rate_hz == 25
    assert info.audio_rate_hz == 16_000
