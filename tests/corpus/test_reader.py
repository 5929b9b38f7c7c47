"""Reading: what was written comes back, by column, in order, as float32; a bad corpus is one sentence."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from style2talker.corpus.reader import Corpus, matrix
from style2talker.corpus.schema import SCHEMA_VERSION
from style2talker.errors import UserError


def test_rows_come_back_in_order_with_the_columns_asked_for(tiny_corpus: Path) -> None:
    corpus = Corpus.open(str(tiny_corpus))
    rows = list(corpus.clips("train", ["clip_id", "expression", "words", "pitch_hz"]))
    assert [row["clip_id"] for row in rows] == ["train0", "train1"]
    assert rows[0].keys() == {"clip_id", "expression", "words", "pitch_hz"}
    assert rows[0]["expression"].shape == (50, 52)
    assert rows[0]["expression"].dtype == np.float32
    assert rows[0]["pitch_hz"].shape == (50,)
    assert rows[0]["words"][0]["word"] == "hello"


def test_splits_counts_frames_and_rejects(tiny_corpus: Path) -> None:
    corpus = Corpus.open(tiny_corpus.as_uri())
    assert corpus.splits == ("train", "val")
    assert (corpus.num_clips(), corpus.num_clips("val")) == (4, 2)
    assert [row["clip_id"] for row in corpus.frames()] == ["train0", "train1", "val0", "val1"]
    (only,) = corpus.frames(["val1"])
    assert len(only["jpeg"]) == 50
    assert [row["kind"] for row in corpus.rejects()] == ["not_media"]


def test_matrix_reads_scalars_arrays_and_lists_alike() -> None:
    values = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    column = pa.array([[[0.0, 0.0]], values], type=pa.list_(pa.list_(pa.float32())))
    for value in (column[1], values, np.array(values)):
        np.testing.assert_array_equal(matrix(value), np.array(values, dtype=np.float32))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: "[]", "not a corpus manifest"),
        (lambda text: json.dumps({"schema_version": SCHEMA_VERSION + 1}), "upgrade style2talker"),
        (lambda text: json.dumps({"schema_version": SCHEMA_VERSION}), "not a corpus manifest"),
    ],
)
def test_a_bad_manifest_is_one_sentence(tiny_corpus: Path, damage, sentence: str) -> None:
    manifest = tiny_corpus / "corpus.json"
    manifest.write_text(damage(manifest.read_text()))
    with pytest.raises(UserError, match=sentence):
        Corpus.open(str(tiny_corpus))


def test_bad_questions_are_one_sentence(tiny_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no corpus"):
        Corpus.open(str(tmp_path / "nowhere"))
    corpus = Corpus.open(str(tiny_corpus))
    with pytest.raises(UserError, match="no column 'colour'"):
        list(corpus.clips("train", ["colour"]))
    with pytest.raises(UserError, match="no split 'trian'"):
        list(corpus.clips("trian"))
    (tiny_corpus / "clips/val-00000.parquet").unlink()
    with pytest.raises(UserError, match="has lost clips/val-00000"):
        list(corpus.clips("val"))


def test_named_clips_are_the_same_rows_as_all_clips(tiny_corpus: Path) -> None:
    corpus = Corpus.open(str(tiny_corpus))
    every = {row["clip_id"]: row for row in corpus.clips(columns=["clip_id", "expression"])}
    named = list(corpus.clips(columns=["expression", "clip_id"], clip_ids=["val1", "train0", "nobody"]))
    assert [row["clip_id"] for row in named] == ["train0", "val1"]  # the manifest's order, not the caller's
    for row in named:
        np.testing.assert_array_equal(row["expression"], every[row["clip_id"]]["expression"])
    assert list(corpus.clips(columns=["speaker"], clip_ids=[])) == []
