"""A disk that is full or read-only."""

import os
from pathlib import Path

import pytest


def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(
    start, small_disk, footage: Path, clean: Path, same, row
) -> None:
    disk = small_disk("size=200k")
    sentence = start(footage, disk / "out").sentence()
    assert "No space left on device" in sentence
    assert "free some space and run the same command again" in sentence
    kept = {path: path.stat().st_mtime_ns for path in disk.glob("out/_work/*/p*.parquet")}
    small_disk("size=64m")
    start(footage, disk / "out").finish()
    assert not [*disk.rglob("*.tmp")]  # of a worker that was ended in the middle of a write, too
    assert kept.items() <= {p: p.stat().st_mtime_ns for p in disk.glob("out/_work/*/p*.parquet")}.items()
    row(
        "a full disk (tmpfs of 200 kB) in the middle of the build",
        f"\u201c\u2026{sentence[sentence.index('cannot be written') :]}\u201d; after space was made the same "
        "command makes none of the finished work files again",
        same(disk / "out", clean),
    )


def test_a_read_only_output_is_one_sentence_and_stays_as_it_is(
    start, small_disk, footage: Path, clean: Path, build_here, same, row
) -> None:
    disk = small_disk("size=64m")
    build_here(footage, disk / "out")
    (footage / "new.mp4").write_text("70")
    small_disk("ro")
    sentence = start(footage, disk / "out").sentence()
    assert "Read-only file system" in sentence
    result = same(disk / "out", clean)
    row(
        "a read-only output",
        f"\u201c\u2026{sentence[sentence.index('cannot be') :]}\u201d",
        f"untouched: {result}",
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_output_is_one_sentence(start, footage: Path, row, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    sentence = start(footage, tmp_path / "out").sentence()
    assert "Permission denied" in sentence
    row("an output that belongs to another user", f"\u201c{sentence}\u201d", "nothing written")
