"""Schemas grow by columns: an older corpus reads as one of today, and nothing it held changes by that."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.corpus import migrate as migrate_module
from style2talker.corpus.manifest import read_manifest, write_manifest
from style2talker.corpus.migrate import ADDED, SCHEMAS, migrate, schema_at
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import CLIPS, REJECTS, SCHEMA_VERSION
from style2talker.corpus.uri import open_store
from style2talker.corpus.verify import verify
from style2talker.errors import UserError

NEW_IN_2 = {
    "clips": {"audio_uri": None, "redistribution": False, "picture_hash": None, "audio_hash": None},
    "frames": {},
    "rejects": {"source_id": None},
}
NEW_IN_3 = (
    *("sync_offset_frames", "sync_confidence", "audio_shift_s", "hearing", "net_names", "net_probability"),
    *("unit_readings", "picture", "opinions", "agreement", "confidence", "flags", "corrected"),
    *("sentence_sources", "sentence_scores"),
)
NEW = {**NEW_IN_2, "clips": {**NEW_IN_2["clips"], **dict.fromkeys(NEW_IN_3)}}


def as_version_1(kind: str, table: pa.Table) -> pa.Table:
    return table.drop_columns(list(NEW[kind]))


@pytest.fixture
def old_corpus(tiny_corpus: Path, rewrite: Callable[..., Path]) -> Path:
    """The tiny corpus as the program of schema version 1 wrote it."""
    return rewrite(tiny_corpus, as_version_1, schema_version=1)


def test_a_corpus_of_version_1_is_sound_and_reads_as_one_of_today(old_corpus: Path) -> None:
    assert verify(str(old_corpus)) == []
    corpus = Corpus.open(str(old_corpus))
    for table in corpus.tables():
        assert table.schema.equals(CLIPS)
    rows = list(corpus.clips("train"))
    assert [row["clip_id"] for row in rows] == ["train0", "train1"]
    assert all(row[name] == value for row in rows for name, value in NEW["clips"].items())
    (reject,) = corpus.rejects()
    assert (reject["source_id"], reject["kind"]) == (None, "not_media")
    assert list(reject) == REJECTS.names
    assert len(list(corpus.frames())) == 4


def test_new_columns_alone_can_be_asked_for(old_corpus: Path) -> None:
    corpus = Corpus.open(str(old_corpus))
    rows = list(corpus.clips(columns=["redistribution", "audio_uri"]))
    assert rows == [{"redistribution": False, "audio_uri": None}] * 4
    (row,) = corpus.clips(columns=["audio_uri", "clip_id"], clip_ids=["val1"])
    assert row == {"audio_uri": None, "clip_id": "val1"}


def test_old_and_new_give_the_same_rows_whatever_is_asked_for(
    tiny_corpus: Path, tmp_path: Path, rewrite: Callable[..., Path]
) -> None:
    new = Corpus.open(str(shutil.copytree(tiny_corpus, tmp_path / "new")))
    old = Corpus.open(str(rewrite(tiny_corpus, as_version_1, schema_version=1)))
    fresh = NEW["clips"]
    ids = st.lists(st.sampled_from(["train0", "train1", "val0", "val1", "nobody"]), unique=True)

    @settings(max_examples=40, deadline=None)
    @given(
        split=st.sampled_from([None, "train", "val"]),
        columns=st.none() | st.lists(st.sampled_from(CLIPS.names), unique=True, min_size=1),
        clip_ids=st.none() | ids,
    )
    def ask(split: str | None, columns: list[str] | None, clip_ids: list[str] | None) -> None:
        answers = [list(corpus.tables(split, columns, clip_ids)) for corpus in (old, new)]
        for before, after in zip(*answers, strict=True):
            assert before.schema.equals(after.schema)
            known = [name for name in after.column_names if name not in fresh]
            assert before.select(known).equals(after.select(known))
            for name in set(after.column_names) & set(fresh):
                assert set(before.column(name).to_pylist()) == {fresh[name]}

    ask()


def test_a_shard_of_another_version_than_the_manifest_says_is_refused(old_corpus: Path) -> None:
    store = open_store(str(old_corpus))
    write_manifest(store, dataclasses.replace(read_manifest(store), schema_version=SCHEMA_VERSION))
    with pytest.raises(UserError, match=r"not what the manifest says.*delete it and run the build again"):
        list(Corpus.open(str(old_corpus)).clips())
    assert any(
        "does not have the clips schema; it differs in" in problem for problem in verify(str(old_corpus))
    )


def test_every_column_that_a_version_added_is_in_the_schema() -> None:
    for kinds in ADDED.values():
        for kind, columns in kinds.items():
            assert set(columns) <= set(SCHEMAS[kind].names)
    assert dict(ADDED) == {
        2: {kind: columns for kind, columns in NEW_IN_2.items() if columns},
        3: {"clips": dict.fromkeys(NEW_IN_3)},
    }
    assert max(ADDED) == SCHEMA_VERSION


SIMPLE = pa.schema([field for field in CLIPS if not pa.types.is_nested(field.type)])


def old_table(names: list[str], num_rows: int) -> pa.Table:
    rng = np.random.default_rng(num_rows)
    columns = []
    for name in names:
        numbers = pa.array(rng.integers(0, 2, num_rows))
        columns.append(numbers.cast(SIMPLE.field(name).type))
    return pa.table(columns, schema=pa.schema([SIMPLE.field(name) for name in names]))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_migrating_fills_in_and_nothing_else(data: st.DataObject) -> None:
    """Whatever columns came with versions 2 to 4: steps may be taken singly or at once, before or after rows
    and columns are chosen and tables joined, and the old columns come out as they went in.
    """
    born = {name: data.draw(st.integers(1, 4)) for name in SIMPLE.names}
    added = {v: {"clips": {n: None for n in SIMPLE.names if born[n] == v}} for v in (2, 3, 4)}
    first = data.draw(st.integers(1, 4))
    between = data.draw(st.integers(first, 4))
    num_rows = data.draw(st.integers(0, 6))
    with (
        mock.patch.object(migrate_module, "ADDED", added),
        mock.patch.dict(migrate_module.SCHEMAS, {"clips": SIMPLE}),
    ):
        table = old_table(schema_at("clips", first).names, num_rows)
        new = migrate(table, "clips", version=first, to=4)
        assert new.schema.equals(SIMPLE)
        assert new.select(table.column_names).equals(table)
        assert all(new.column(name).null_count == num_rows for name in SIMPLE.names if born[name] > first)
        step = migrate(table, "clips", version=first, to=between)
        assert migrate(step, "clips", version=between, to=4).equals(new)
        rows = pa.array(
            data.draw(st.lists(st.integers(0, max(num_rows - 1, 0)), max_size=num_rows)), pa.int32()
        )
        assert migrate(table.take(rows), "clips", version=first, to=4).equals(new.take(rows))
        names = data.draw(st.lists(st.sampled_from(SIMPLE.names), unique=True))
        held = table.select([name for name in names if name in table.column_names])
        if held.num_columns:
            assert migrate(held, "clips", version=first, to=4).select(names).equals(new.select(names))
        twice = pa.concat_tables([table, table])
        assert migrate(twice, "clips", version=first, to=4).equals(pa.concat_tables([new, new]))
