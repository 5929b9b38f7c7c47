"""Verify finds every kind of damage and names the file."""

import dataclasses
from pathlib import Path

import pytest

from style2talker.corpus.manifest import read_manifest, write_manifest
from style2talker.corpus.schema import FRAMES
from style2talker.corpus.shard import write_shard
from style2talker.corpus.uri import open_store
from style2talker.corpus.verify import verify


def test_a_sound_corpus_has_no_problem(tiny_corpus: Path) -> None:
    assert verify(str(tiny_corpus)) == []


@pytest.mark.parametrize("place", [100, -100])
def test_one_flipped_bit_is_found(tiny_corpus: Path, place: int) -> None:
    shard = tiny_corpus / "clips/train-00000.parquet"
    content = bytearray(shard.read_bytes())
    content[place] ^= 1
    shard.write_bytes(content)
    (problem,) = verify(str(tiny_corpus))
    assert "clips/train-00000.parquet" in problem
    assert "its bytes changed" in problem


def test_missing_and_cut_files_are_found(tiny_corpus: Path) -> None:
    (tiny_corpus / "frames/val-00000.parquet").unlink()
    shard = tiny_corpus / "frames/train-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-10])
    problems = verify(str(tiny_corpus))
    assert any("frames/val-00000.parquet is missing" in p for p in problems)
    assert any("frames/train-00000.parquet has" in p for p in problems)


def test_a_cut_manifest_is_found(tiny_corpus: Path) -> None:
    manifest = tiny_corpus / "corpus.json"
    manifest.write_bytes(manifest.read_bytes()[:200])
    (problem,) = verify(str(tiny_corpus))
    assert "damaged" in problem


def test_a_manifest_that_points_outside_is_refused(tiny_corpus: Path) -> None:
    store = open_store(str(tiny_corpus))
    manifest = read_manifest(store)
    first = dataclasses.replace(manifest.shards[0], path="../../etc/passwd")
    write_manifest(store, dataclasses.replace(manifest, shards=(first, *manifest.shards[1:])))
    assert any("outside" in problem for problem in verify(str(tiny_corpus)))


def test_wrong_counts_and_strays_are_found(tiny_corpus: Path) -> None:
    store = open_store(str(tiny_corpus))
    manifest = read_manifest(store)
    write_manifest(store, dataclasses.replace(manifest, num_clips=5))
    (tiny_corpus / "clips/train-00009.parquet").write_bytes(b"PAR1")
    problems = verify(str(tiny_corpus))
    assert any("says 5 clips" in problem for problem in problems)
    assert any("train-00009.parquet is not in the manifest" in problem for problem in problems)


def test_a_changed_card_and_lost_pictures_are_found(tiny_corpus: Path) -> None:
    store = open_store(str(tiny_corpus))
    manifest = read_manifest(store)
    path = "frames/val-00000.parquet"
    rows = [{"clip_id": f"val{n}", "jpeg": [b"\xff\xd8"]} for n in range(2)]
    write_shard(tiny_corpus / path, rows, schema=FRAMES, rows_per_group=1)
    shards = tuple(
        dataclasses.replace(entry, bytes=store.size(path), sha256=store.sha256(path))
        if entry.path == path
        else entry
        for entry in manifest.shards
    )
    write_manifest(store, dataclasses.replace(manifest, shards=shards, card={"licence": "MIT"}))
    problems = verify(str(tiny_corpus))
    assert any("frames but 1 pictures" in problem for problem in problems)
    assert any("holds a card with sha256" in problem for problem in problems)
