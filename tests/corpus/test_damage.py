"""One flipped bit anywhere in a corpus: `verify` names the file, and no reader ever gets another number."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.corpus.manifest import NAME, read_manifest, write_manifest
from style2talker.corpus.reader import Corpus
from style2talker.corpus.uri import open_store
from style2talker.corpus.verify import verify
from style2talker.errors import UserError

FILES = (
    *("clips/train-00000.parquet", "clips/val-00000.parquet"),
    *("frames/train-00000.parquet", "rejects.parquet"),
)


def everything(folder: Path) -> list[Any]:
    """All rows in a form that `==` compares, NaN included."""
    corpus = Corpus.open(str(folder))
    rows = [*corpus.clips(), *corpus.frames(), *corpus.rejects()]
    return [
        {name: value.tobytes() if isinstance(value, np.ndarray) else value for name, value in row.items()}
        for row in rows
    ]


def rows_or_sentence(folder: Path) -> list[Any] | str:
    try:
        return everything(folder)
    except UserError as error:
        return str(error)


def flipped(content: bytes, place: float, bit: int) -> bytes:
    """One bit of `content` turned over; `place` from 0 to 1."""
    damaged = bytearray(content)
    damaged[int(place * len(content))] ^= 1 << bit
    return bytes(damaged)


def test_one_flipped_bit_in_a_shard_is_told_or_changes_nothing(tiny_corpus: Path) -> None:
    truth = everything(tiny_corpus)
    contents = {name: (tiny_corpus / name).read_bytes() for name in FILES}

    @settings(max_examples=80, deadline=None)
    @given(
        name=st.sampled_from(FILES),
        # Bodies are large and all alike; most of what can go wrong is in headers and footers.
        place=st.one_of(st.floats(0, 0.05), st.floats(0.8, 0.999999), st.floats(0, 0.999999)),
        bit=st.integers(0, 7),
    )
    def flip(name: str, place: float, bit: int) -> None:
        (tiny_corpus / name).write_bytes(flipped(contents[name], place, bit))
        (problem,) = verify(str(tiny_corpus))
        read = rows_or_sentence(tiny_corpus)
        (tiny_corpus / name).write_bytes(contents[name])
        assert name in problem
        assert problem.endswith("delete it and run the build again.")
        assert read == truth or (name in read and read.endswith("run the build again."))

    flip()


def test_one_flipped_bit_in_the_manifest_loses_no_row(tiny_corpus: Path) -> None:
    truth, path = everything(tiny_corpus), tiny_corpus / NAME
    content = path.read_bytes()

    @settings(max_examples=80, deadline=None)
    @given(place=st.floats(0, 0.999999), bit=st.integers(0, 7))
    def flip(place: float, bit: int) -> None:
        path.write_bytes(flipped(content, place, bit))
        read = rows_or_sentence(tiny_corpus)
        assert read == truth or "run the build again" in read or "upgrade style2talker" in read

    flip()


def test_a_header_that_hides_values_is_seen(tiny_corpus: Path) -> None:
    """A page's header is under no checksum: fewer values in it would cut the end off a list, silently."""
    path = tiny_corpus / "clips/train-00000.parquet"
    content, truth = path.read_bytes(), everything(tiny_corpus)
    outcomes = set()
    # where 50 values of face_found are announced: zigzag 100, between the fields' own bytes
    for place in [at for at in range(4, 6000) if content[at - 2 : at + 3] == b"\x1c\x15\x64\x15\x00"]:
        path.write_bytes(flipped(content, place / len(content) + 1e-9, 2))
        with pytest.raises(UserError, match="values, the footer says 50"):
            everything(tiny_corpus)
        outcomes.add(place)
    path.write_bytes(content)
    assert outcomes
    assert everything(tiny_corpus) == truth


def test_a_cut_manifest_or_shard_says_how_to_mend_it(tiny_corpus: Path) -> None:
    manifest, shard = tiny_corpus / NAME, tiny_corpus / "clips/val-00000.parquet"
    whole = shard.read_bytes()
    for length in (0, 3, len(whole) // 2, len(whole) - 1):
        shard.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"clips/val-00000.parquet is damaged.*run the build again\.$"):
            everything(tiny_corpus)
    shard.unlink()
    with pytest.raises(UserError, match=r"has lost clips/val-00000.parquet.*run the build again\.$"):
        everything(tiny_corpus)
    text = manifest.read_bytes()
    for length in (0, 1, len(text) // 2, len(text) - 3):
        manifest.write_bytes(text[:length])
        with pytest.raises(UserError, match=r"run the build again\.$"):
            Corpus.open(str(tiny_corpus))


def test_a_shard_that_nobody_would_ask_for_is_a_damaged_manifest(tiny_corpus: Path) -> None:
    store = open_store(str(tiny_corpus))
    manifest = read_manifest(store)
    for change in ({"kind": "clip3"}, {"split": "trayn"}, {"split": ""}):
        odd = dataclasses.replace(manifest.shards[0], **change)
        write_manifest(store, dataclasses.replace(manifest, shards=(odd, *manifest.shards[1:])))
        with pytest.raises(UserError, match="or a damaged one"):
            read_manifest(store)


def test_a_manifest_from_before_the_first_schema_is_refused(tiny_corpus: Path) -> None:
    path = tiny_corpus / NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 0}))
    with pytest.raises(UserError, match="schema version 0"):
        Corpus.open(str(tiny_corpus))
