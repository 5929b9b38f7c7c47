"""A file that is no media is data, not a crash: each kind of it has its own name in the rejects."""

import os

import numpy as np
import pytest
from PIL import Image

from style2talker.errors import Reject
from style2talker.media.audio import load_speech, read_audio
from style2talker.media.probe import probe
from style2talker.media.video import read_frames

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty_file"),
        (POINTER, "git_lfs_pointer"),
        (b"404: Not Found\n" * 40, "not_media"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://localhost/secret.ts\n", "not_media"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "not_media"),
        (bytes(5000), "not_media"),
    ],
    ids=["zero bytes", "git-lfs pointer", "text", "playlist", "concat script", "zeros"],
)
def test_what_is_not_media_says_so_whoever_opens_it(tmp_path, content, kind):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    for open_it in (probe, read_audio, load_speech, lambda path: list(read_frames(path))):
        with pytest.raises(Reject) as caught:
            open_it(path)
        assert caught.value.kind == kind
        assert caught.value.message.startswith("clip.mp4:")


def test_a_still_picture_is_not_media(tmp_path):
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "clip.png")
    (tmp_path / "clip.png").rename(tmp_path / "clip.mp4")
    with pytest.raises(Reject) as caught:
        probe(tmp_path / "clip.mp4")
    assert caught.value.kind == "not_media"


def test_a_file_that_vanished_after_it_was_listed(tmp_path):
    with pytest.raises(Reject) as caught:
        probe(tmp_path / "gone.mp4")
    assert caught.value.kind == "vanished"


def test_a_directory_named_like_a_video(tmp_path):
    (tmp_path / "clip.mp4").mkdir()
    with pytest.raises(Reject) as caught:
        probe(tmp_path / "clip.mp4")
    assert caught.value.kind == "not_media"


def test_a_file_we_may_not_read(tmp_path, make_media, monkeypatch):
    path = make_media(times_s=[0, 0.04])
    path.chmod(0)
    if os.access(path, os.R_OK):  # the superuser reads everything

        def refuse(*_args, **_kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(Reject) as caught:
        probe(path)
    assert caught.value.kind == "unreadable"


def test_names_with_colons_and_percent_signs_are_files_not_protocols(make_media):
    path = make_media("http: 100%d #1.mp4", times_s=np.arange(10) / 25)
    assert probe(path).duration_s == pytest.approx(0.4, abs=0.04)
