"""Footage: a name becomes a path that can be read, wherever the file lies; and nothing outside the root."""

import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import fs

from style2talker.corpus.uri import Store, open_store
from style2talker.errors import Reject
from style2talker.media import footage as module
from style2talker.media.footage import KEPT_FILES, Footage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in ("b.mp4", "M030/sad/001.mp4", "M031/sad/001.mp4", ".hidden/x.mp4", "M030/.DS_Store"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 3)
    return root


@pytest.fixture
def remote(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Footage:
    """The same files behind a filesystem that is not this disk's."""
    other = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())

    def open_there(uri: str) -> Store:
        if "://" not in uri:
            return open_store(uri)
        return Store(uri=uri, filesystem=other, root=uri.removeprefix("s3://"))

    monkeypatch.setattr(module, "open_store", open_there)
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    return Footage("s3://root")


def test_files_are_listed_in_order_without_the_hidden_ones(root: Path) -> None:
    listed = Footage(str(root)).names()
    assert [file.uri for file in listed] == ["M030/sad/001.mp4", "M031/sad/001.mp4", "b.mp4"]
    assert listed[2].num_bytes == 15
    assert listed[2].mtime_ns == (root / "b.mp4").stat().st_mtime_ns


def test_here_and_elsewhere_give_the_same(root: Path, remote: Footage) -> None:
    here = Footage(str(root))
    for file in here.names():
        assert remote.path(file.uri).read_bytes() == here.path(file.uri).read_bytes()
        assert remote.path(file.uri).name == here.path(file.uri).name  # messages name it
        assert remote.sha256(file.uri) == here.sha256(file.uri)
        assert here.sha256(file.uri) == hashlib.sha256(here.path(file.uri).read_bytes()).hexdigest()
        assert remote.num_bytes(file.uri) == here.num_bytes(file.uri) == file.num_bytes
    assert [file.uri for file in remote.names()] == [file.uri for file in here.names()]


@pytest.mark.parametrize("uri", ["../secret.mp4", "/etc/passwd", "M030/../../secret.mp4", "link.mp4"])
def test_what_leads_out_of_the_root_is_refused(root: Path, uri: str) -> None:
    (root.parent / "secret.mp4").write_text("secret")
    (root / "link.mp4").symlink_to(root.parent / "secret.mp4")
    for ask in (Footage(str(root)).path, Footage(str(root)).sha256, Footage(str(root)).num_bytes):
        with pytest.raises(Reject) as caught:
            ask(uri)
        assert caught.value.kind == "outside_root"


def test_a_root_that_is_a_link_is_no_way_out(root: Path) -> None:
    (root.parent / "linked").symlink_to(root)
    assert Footage(str(root.parent / "linked")).path("b.mp4").is_file()


def test_files_that_are_gone_broken_links_and_pipes_have_their_reason(root: Path, remote: Footage) -> None:
    (root / "nowhere.mp4").symlink_to(root / "gone.mp4")
    os.mkfifo(root / "pipe.mp4")
    here = Footage(str(root))
    assert {"nowhere.mp4", "pipe.mp4"} < {file.uri for file in here.names()}
    reasons = {"nowhere.mp4": "vanished", "gone.mp4": "vanished", "pipe.mp4": "not_media"}
    for uri, kind in reasons.items():
        with pytest.raises(Reject) as caught:
            here.sha256(uri)
        assert caught.value.kind == kind
    with pytest.raises(Reject) as caught:
        remote.path("gone.mp4")
    assert caught.value.kind == "vanished"


def test_only_the_last_few_files_are_kept(root: Path, remote: Footage) -> None:
    names = [f"{index}.mp4" for index in range(KEPT_FILES + 3)]
    for name in names:
        (root / name).write_bytes(name.encode())
    paths = [remote.path(names[0]) and remote.path(name) for name in names]  # the first one stays in use
    assert [path.exists() for path in paths] == [True, *[False] * 3, *[True] * (KEPT_FILES - 1)]
    assert remote.path(names[2]).read_bytes() == b"2.mp4"


def test_it_travels_to_another_process(root: Path) -> None:
    assert pickle.loads(pickle.dumps(Footage(str(root)))).path("b.mp4") == root / "b.mp4"


def test_what_a_killed_process_fetched_is_removed_by_the_next(remote: Footage, tmp_path: Path) -> None:
    killed = (
        "import os, sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from style2talker.media.footage import _own_folder\n"
        "(_own_folder() / 'part').write_text('half'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", killed, str(tmp_path)], check=False).returncode == -9
    (left,) = tmp_path.glob("style2talker-footage-*")
    path = remote.path("b.mp4")
    assert not left.exists()
    assert path.exists()
    assert len(list(tmp_path.glob("style2talker-footage-*"))) == 1


def test_a_process_that_ends_removes_what_it_fetched(tmp_path: Path) -> None:
    ends = "from style2talker.media.footage import _own_folder; print(_own_folder().exists())"
    done = subprocess.run(
        [sys.executable, "-c", ends],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True"
    assert list(tmp_path.iterdir()) == []
