"""Any history of corrections and withdrawals, by several people, comes back as it was made."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.corpus.corrections import (
    CORRECTIONS,
    Correction,
    UnitMark,
    add_correction,
    forget_corrections,
    in_force,
    now_utc,
    read_corrections,
    read_history,
)
from style2talker.corpus.uri import Store, open_store
from style2talker.emotion.facs import UNIT_NAMES
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS
from style2talker.errors import UserError

CLIPS, AUTHORS = ("a1", "b2", "c3"), ("Ada", "Grace")
marks = st.builds(
    UnitMark,
    st.sampled_from(sorted(UNIT_NAMES)),
    st.sampled_from(("both", "left", "right")),
    st.sampled_from(("low", "middle", "high")),
)
unit_sets = st.lists(marks, max_size=4, unique_by=lambda mark: mark.unit).map(tuple)
printable = st.text(max_size=20)


@st.composite
def corrections(draw: st.DrawFn) -> Correction:
    """Anything that a person can say; whether it can be withdrawn depends on the history before it."""
    clip_id, verdict = draw(st.sampled_from(CLIPS)), draw(st.sampled_from(("keep", "drop", "withdraw")))
    said = {}
    if verdict == "keep":
        said = {
            "emotion": draw(st.none() | st.sampled_from(EMOTIONS)),
            "level": draw(st.none() | st.sampled_from(LEVELS)),
            "action_units": draw(st.none() | unit_sets),
            "transcript": draw(st.none() | printable),
        }
    return Correction(
        clip_id=clip_id,
        source_id=f"source of {clip_id}",
        author=draw(st.sampled_from(AUTHORS)),
        time_utc=now_utc(),
        verdict=verdict,
        note=draw(printable),
        **said,
    )


def statement(clip_id: str = "a1", **values: object) -> Correction:
    given = {"clip_id": clip_id, "source_id": "s", "author": "Ada", "time_utc": "2026-01-02T03:04:05Z"}
    return Correction(**(given | values))  # type: ignore[arg-type]


@settings(max_examples=20, deadline=None)
@given(st.lists(corrections(), max_size=12))
def test_what_holds_is_the_last_statement_that_was_not_withdrawn(wanted: list[Correction]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        stacks: dict[str, list[Correction]] = {clip_id: [] for clip_id in CLIPS}
        made: list[Correction] = []
        for correction in wanted:
            stack = stacks[correction.clip_id]
            if correction.verdict != "withdraw":
                stack.append(correction)
            elif stack and stack[-1].author == correction.author:
                stack.pop()
            else:
                with pytest.raises(UserError, match="cannot withdraw"):
                    add_correction(store, correction)
                continue
            add_correction(store, correction)
            made.append(correction)
        assert read_history(store) == made
        holds = {clip_id: stack[-1] for clip_id, stack in stacks.items() if stack}
        assert read_corrections(store) == in_force(made) == holds


def test_a_withdrawal_brings_back_what_was_said_before(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    first, second = statement(emotion="sad", level=3), statement(verdict="drop")
    for correction in (first, second):
        add_correction(store, correction)
    assert read_corrections(store) == {"a1": second}
    add_correction(store, statement(verdict="withdraw"))
    assert read_corrections(store) == {"a1": first}
    assert len(read_history(store)) == 3  # nothing is ever taken out of the history


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"emotion": "joy"}, "emotion"),
        ({"level": 4}, "level"),
        ({"author": " "}, "author"),
        ({"time_utc": "2026-01-02T03:04:05"}, "time"),
        ({"time_utc": "2026-01-02T03:04:05+02:00"}, "time"),
        ({"time_utc": "yesterday"}, "time"),
        ({"verdict": "perhaps"}, "verdict"),
        ({"action_units": (UnitMark(12, "both", "huge"),)}, "action unit"),
        ({"action_units": (UnitMark(12, "left", "low"), UnitMark(12, "right", "low"))}, "twice"),
        ({"verdict": "drop", "emotion": "sad"}, "not kept"),
        ({"note": "x" * 2001}, "length"),
        ({"note": "\ud800"}, "letters"),
    ],
    ids=str,
)
def test_what_is_no_label_is_refused_in_a_sentence(values: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says):
        statement(**values)


def test_who_is_forgotten_takes_their_corrections_along(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    add_correction(store, statement("a1", source_id="gone", transcript="what I said"))
    add_correction(store, statement("b2", source_id="stays", emotion="happy"))
    forget_corrections(store, {"gone"})
    assert [row.clip_id for row in read_history(store)] == ["b2"]
    assert b"what I said" not in (tmp_path / CORRECTIONS).read_bytes()


def test_a_damaged_history_is_not_an_empty_one(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    for clip_id in CLIPS:
        add_correction(store, statement(clip_id, emotion="sad"))
    whole = (tmp_path / CORRECTIONS).read_bytes()
    for bad in (whole[: len(whole) // 2], b"", whole.replace(b"emotion", b"emotiom")):
        (tmp_path / CORRECTIONS).write_bytes(bad)
        with pytest.raises(UserError, match=r"corrections\.parquet"):
            add_correction(store, statement("d4"))
        assert (tmp_path / CORRECTIONS).read_bytes() == bad


def _add_many(folder: str, author: str) -> None:
    for number in range(8):
        add_correction(open_store(folder), statement(f"{author}{number}", author=author))


def test_two_people_at_once_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as people:  # each opens the folder anew, as another program would
        list(people.map(_add_many, [str(tmp_path)] * 2, AUTHORS))
    assert len(read_corrections(open_store(str(tmp_path)))) == 16


def test_in_a_bucket_it_is_the_same(faulty_s3: Any) -> None:
    faulty_s3.clear()
    store = open_store(faulty_s3.uri())
    assert read_corrections(store) == {}
    for correction in (statement(emotion="sad"), statement(verdict="drop"), statement(verdict="withdraw")):
        add_correction(store, correction)
    assert read_corrections(store) == {"a1": statement(emotion="sad")}


def test_a_build_that_sweeps_up_at_the_same_moment_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, swept, writing = open_store(str(tmp_path)), [], Store.writing

    @contextmanager
    def writing_and_losing(self: Store, name: str) -> Iterator[Path]:
        with writing(self, name) as scratch:
            yield scratch
            if not swept:  # a build takes it for what a killed program left
                swept.append(scratch)
                scratch.unlink()

    monkeypatch.setattr(Store, "writing", writing_and_losing)
    add_correction(store, statement(emotion="sad"))
    assert swept
    assert read_corrections(store) == {"a1": statement(emotion="sad")}
