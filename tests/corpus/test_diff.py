"""Differences of corpora that were changed by hand: each is found, and blamed on what really caused it."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.corpus.diff import Difference, diff
from style2talker.corpus.manifest import StageEntry, read_manifest, write_manifest
from style2talker.corpus.reader import Corpus
from style2talker.corpus.recipe import recipe_changes
from style2talker.corpus.uri import open_store

STAGES = ("track", "fit", "hear", "see", "judge", "write")


def stage_entries(**versions: int) -> tuple[StageEntry, ...]:
    return tuple(
        StageEntry(
            name=name, version=versions.get(name, 1), config_sha256="", weights={}, libraries={"numpy": "2"}
        )
        for name in STAGES
    )


def with_values(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    field = table.schema.field(name)
    return table.set_column(table.column_names.index(name), field, pa.array(values, field.type))


class Pair:
    """Two copies of one corpus; `change` edits the second as a build with other stages would have."""

    def __init__(self, old: Path, new: Path, rewrite: Callable[..., Path]) -> None:
        self.old, self.new, self.rewrite = old, new, rewrite
        self.rewrite(old, lambda kind, table: self._made_by(kind, table, {}), stages=stage_entries())
        shutil.copytree(old, new, dirs_exist_ok=True)

    def change(
        self, edit: Callable[[str, pa.Table], pa.Table] = lambda _, table: table, **versions: int
    ) -> Difference:
        def both(kind: str, table: pa.Table) -> pa.Table:
            return edit(kind, self._made_by(kind, table, versions))

        self.rewrite(self.new, both, stages=stage_entries(**versions))
        return self.diff()

    def diff(self) -> Difference:
        return diff(Corpus.open(str(self.old)), Corpus.open(str(self.new)))

    @staticmethod
    def _made_by(kind: str, table: pa.Table, versions: dict[str, int]) -> pa.Table:
        if kind != "clips":
            return table
        entries = [
            {"stage": name, "version": versions.get(name, 1), "config_sha256": "", "weights": ""}
            for name in STAGES
        ]
        return with_values(table, "provenance", [entries] * table.num_rows)


@pytest.fixture
def pair(tiny_corpus: Path, tmp_path: Path, rewrite: Callable[..., Path]) -> Pair:
    return Pair(tiny_corpus, tmp_path / "new", rewrite)


def on_clips(**columns: Callable[[str], Any]) -> Callable[[str, pa.Table], pa.Table]:
    """An edit: column -> its new value by clip id."""

    def edit(kind: str, table: pa.Table) -> pa.Table:
        if kind == "clips":
            for name, value in columns.items():
                table = with_values(table, name, [value(i) for i in table.column("clip_id").to_pylist()])
        return table

    return edit


def test_a_corpus_does_not_differ_from_itself(pair: Pair) -> None:
    found = pair.diff()
    assert found.num_clips == (4, 4)
    assert not any([found.changes, found.added, found.removed, found.relabelled, found.split_moves])
    assert [drift.distance for drift in found.drift] == [0.0, 0.0, 0.0]


def test_a_new_version_without_an_effect_relabels_nothing(pair: Pair) -> None:
    found = pair.change(write=2)
    assert [str(change) for change in found.changes] == ["write version: 1 -> 2"]
    assert found.relabelled == ()


def test_other_sentences_are_the_writers_or_of_what_it_was_told(pair: Pair) -> None:
    told = [{"text": "Another.", "evidence": []}] * 5
    sentences = on_clips(sentences=lambda _: told)
    by_writer = pair.change(sentences, write=2)
    assert [clip.clip_id for clip in by_writer.relabelled] == ["train0", "train1", "val0", "val1"]
    assert {cause for clip in by_writer.relabelled for cause in clip.changed["sentences"]} == {"write"}
    seen = on_clips(sentences=lambda _: told, emotion=lambda _: "sad", emotion_level=lambda _: 3)
    by_eyes = pair.change(seen, judge=2, hear=2)
    for clip in by_eyes.relabelled:  # hear changed too, but what it heard is what it was
        assert clip.changed == {"emotion": ("judge",), "level": ("judge",), "sentences": ("judge",)}
        assert (clip.emotion, clip.level) == (("happy", "sad"), (2, 3))


def test_values_that_move_by_themselves_are_called_unexplained(pair: Pair) -> None:
    found = pair.change(on_clips(transcript=lambda _: "other words"))
    assert {clip.changed["transcript"] for clip in found.relabelled} == {("unexplained",)}


def test_one_coefficient_of_one_clip_is_found(pair: Pair) -> None:
    def edit(kind: str, table: pa.Table) -> pa.Table:
        if kind != "clips" or "train1" not in table.column("clip_id").to_pylist():
            return table
        values = table.column("rotation").to_pylist()
        values[1][7][2] += 0.001
        return with_values(table, "rotation", values)

    (clip,) = pair.change(edit, fit=2).relabelled
    assert (clip.clip_id, clip.changed) == ("train1", {"coefficients": ("fit",)})


def test_removed_clips_say_why(pair: Pair) -> None:
    def drop(*clip_ids: str) -> Callable[[str, pa.Table], pa.Table]:
        def edit(kind: str, table: pa.Table) -> pa.Table:
            if kind == "clips":
                keep = pc.invert(pc.is_in(table.column("clip_id"), pa.array(clip_ids, pa.string())))
                sources = [f"{i:>064}" for i in table.column("clip_id").to_pylist()]
                return with_values(table, "source_id", sources).filter(keep)
            if kind == "rejects" and clip_ids:
                (row,) = table.to_pylist()
                row |= {"source_uri": "train0.mp4", "start_s": 0.0, "end_s": 9.0, "stage": "fit"}
                return pa.Table.from_pylist([row | {"kind": "fit_diverged"}], schema=table.schema)
            return table

        return edit

    pair.rewrite(pair.old, drop())
    found = pair.change(drop("train0", "val1"))
    assert [clip.why for clip in found.removed] == [
        "rejected by fit (fit_diverged): It is text.",
        "its recording is gone",
    ]
    back = diff(Corpus.open(str(pair.new)), Corpus.open(str(pair.old)))
    assert [clip.why for clip in back.added] == [
        "no longer rejected by fit (fit_diverged)",
        "a new recording",
    ]
    assert found.num_clips == (4, 2)


def test_a_forgotten_recording_is_called_so_and_not_gone(pair: Pair) -> None:
    def drop(kind: str, table: pa.Table) -> pa.Table:
        return table if kind == "rejects" else table.filter(pc.not_equal(table.column("clip_id"), "val0"))

    assert [clip.why for clip in pair.change(drop).removed] == ["its recording is cut differently"]
    store = open_store(str(pair.new))
    store.write("forgotten.json", json.dumps({"speakers": [], "sources": ["ab" * 32]}).encode())
    manifest = read_manifest(store)
    entry = dataclasses.replace(
        *(manifest.of_kind("rejects")), path="forgotten.json", kind="forgotten", rows=0
    )
    write_manifest(store, dataclasses.replace(manifest, shards=(*manifest.shards, entry)))
    assert [clip.why for clip in pair.diff().removed] == ["its recording was forgotten"]


def test_split_moves_and_the_card_that_moved_them(pair: Pair) -> None:
    def edit(kind: str, table: pa.Table) -> pa.Table:
        return on_clips(split=lambda i: "test" if i == "val1" else i[:-1])(kind, table)

    (move,) = pair.change(edit).split_moves
    assert (move.clip_id, move.speaker, move.old, move.new) == ("val1", "Sval1", "val", "test")


def test_the_card_and_the_settings_are_compared_by_key(pair: Pair, rewrite: Callable[..., Path]) -> None:
    config = {"profile": "small", "stages": {"write": {"sentences": 5, "seed": 1}}}
    rewrite(pair.old, lambda _, table: table, config=config, card={"licence": "MIT"})
    config = {"profile": "small", "stages": {"write": {"sentences": 5, "seed": 2}}}
    entries = [e for e in stage_entries() if e.name not in ("see", "write")]
    write = StageEntry(name="write", version=1, config_sha256="x", weights={"t5": "a" * 64}, libraries={})
    rewrite(
        pair.new,
        lambda _, t: t,
        config=config,
        card={"licence": "CC0-1.0"},
        stages=(*entries, write),
        profile="large",
    )
    manifests = [read_manifest(open_store(str(folder))) for folder in (pair.old, pair.new)]
    assert [str(change) for change in recipe_changes(*manifests)] == [
        "corpus profile: small -> large",
        "write config seed: 1 -> 2",
        "write weights t5: none -> aaaaaaaa",
        "write library numpy: 2 -> none",
        "see stage: present -> none",
        "card licence: MIT -> CC0-1.0",
    ]


def test_drift_is_the_share_of_clips_that_would_have_to_move(pair: Pair) -> None:
    found = pair.change(on_clips(emotion=lambda i: "sad" if i == "val0" else "happy"))
    emotion, speaker, language = found.drift
    assert (emotion.column, emotion.distance) == ("emotion", 0.25)
    assert emotion.shares == {"happy": (1.0, 0.75), "sad": (0.0, 0.25)}
    assert (speaker.distance, language.distance) == (0.0, 0.0)


def test_a_diff_read_backwards_says_the_opposite(pair: Pair) -> None:
    whole = {
        shard.path: (pair.new / shard.path).read_bytes()
        for shard in Corpus.open(str(pair.new)).manifest.shards
    }
    manifest = (pair.new / "corpus.json").read_bytes()

    @settings(max_examples=15, deadline=None)
    @given(
        kept=st.sets(st.sampled_from(["train0", "train1", "val0", "val1"]), min_size=1),
        level=st.integers(1, 3),
    )
    def check(kept: set[str], level: int) -> None:
        for path, content in whole.items():
            (pair.new / path).write_bytes(content)
        (pair.new / "corpus.json").write_bytes(manifest)

        def edit(kind: str, table: pa.Table) -> pa.Table:
            table = on_clips(emotion_level=lambda _: level)(kind, table)
            return (
                table.filter(pc.is_in(table.column("clip_id"), pa.array(sorted(kept))))
                if kind != "rejects"
                else table
            )

        there = pair.change(edit)
        back = diff(Corpus.open(str(pair.new)), Corpus.open(str(pair.old)))
        assert {clip.place.clip_id for clip in there.removed} == {"train0", "train1", "val0", "val1"} - kept
        assert [clip.place for clip in there.removed] == [clip.place for clip in back.added]
        assert not there.added
        assert not back.removed
        assert [c.level for c in there.relabelled] == [(b, a) for a, b in (c.level for c in back.relabelled)]
        assert len(there.relabelled) == (len(kept) if level != 2 else 0)
        for one, other in zip(there.drift, back.drift, strict=True):
            assert one.distance == pytest.approx(other.distance)
            assert 0 <= one.distance <= 1

    check()
