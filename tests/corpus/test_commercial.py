"""`commercial_only`: a corpus that looks as if it had no other clips, to readers and to the trainers."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from style2talker.corpus.reader import Corpus
from training.config import parse_config
from training.style_e import read_split
from training.style_e_config import StyleETraining


@pytest.fixture
def mixed_corpus(tiny_corpus: Path, rewrite: Callable[..., Path]) -> Path:
    """train0 may be used commercially; train1, val0 and val1 may not."""

    def restrict(kind: str, table: pa.Table) -> pa.Table:
        if kind != "clips":
            return table
        allowed = pa.array([clip_id == "train0" for clip_id in table.column("clip_id").to_pylist()])
        place = table.column_names.index("commercial_use")
        return table.set_column(place, table.schema.field(place), allowed)

    return rewrite(tiny_corpus, restrict)


def test_only_commercial_clips_are_seen(mixed_corpus: Path) -> None:
    assert Corpus.open(str(mixed_corpus)).num_clips() == 4
    corpus = Corpus.open(str(mixed_corpus), commercial_only=True)
    assert (corpus.splits, corpus.num_clips(), corpus.num_clips("val")) == (("train",), 1, 0)
    assert [row["clip_id"] for row in corpus.clips()] == ["train0"]
    assert [row["clip_id"] for row in corpus.frames()] == ["train0"]
    assert [row["speaker"] for row in corpus.clips(columns=["speaker"])] == ["Strain0"]
    assert list(corpus.clips(clip_ids=["train1"])) == []
    assert list(corpus.frames(["train1", "val0"])) == []
    assert [table.num_rows for table in corpus.tables("train", ["emotion"], ["train0", "train1"])] == [1]


@pytest.mark.parametrize(("option", "clips"), [([], 2), (["--commercial-only"], 1)])
def test_a_trainer_takes_the_option(mixed_corpus: Path, option: list[str], clips: int) -> None:
    words = ["--corpus", str(mixed_corpus), "--out", "unused", *option]
    config = parse_config(StyleETraining, words, prog="train style-e")
    assert len(read_split(config, "train")) == clips
