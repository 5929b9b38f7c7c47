"""Stages that take rows in batches: what is beside a row changes nothing, also where it kills."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pytest
from fake_stages import batched, fake_stages  # type: ignore[import-not-found]
from hypothesis import given
from hypothesis import strategies as st

from pipelines.isolate import Home, Isolated
from pipelines.ledger import attempt
from pipelines.stage import Row, Stage, units_of
from style2talker.corpus.reader import Corpus
from style2talker.corpus.verify import verify
from style2talker.errors import Reject, UserError
from style2talker.media.footage import Footage


def stage_of(
    make: Any = None, *, batch_size: int = 8, grain: Literal["clip", "source"] = "clip", **more: Any
) -> Stage:
    return Stage(
        name="odd",
        version=1,
        schema=pa.schema([]),
        config=None,
        make=make,
        batch_size=batch_size,
        grain=grain,
        timeout_per_s=0.0,
        **more,
    )


def rows_of(what: Sequence[str]) -> list[Row]:
    """One clip of a second for each word; two clips follow each other in each source."""
    return [
        {
            "clip_id": f"c{number}",
            "source_id": f"s{number // 2}",
            "source_uri": f"{number // 2}.mp4",
            "start_s": 0.0,
            "end_s": 1.0,
            "what": each,
        }
        for number, each in enumerate(what)
    ]


def square(rows: list[Row]) -> list[Any]:
    """What each row becomes; a row that is `bad` fails the batch, one that is `reject` only itself."""
    if any(row["what"] == "bad" for row in rows):
        raise ValueError("one of these is bad")
    if any(row["what"] == "gone" for row in rows):
        raise FileNotFoundError("gone")
    return [Reject("odd", "Odd.") if row["what"] == "reject" else {"clip_id": row["clip_id"]} for row in rows]


@given(st.lists(st.sampled_from(["good", "bad", "gone", "reject"]), min_size=1, max_size=12))
def test_each_row_has_its_own_end_in_order_whatever_is_beside_it(what: list[str]) -> None:
    rows = rows_of(what)
    together = attempt(stage_of(), square, rows)
    alone = [attempt(stage_of(), square, [row])[0] for row in rows]
    assert together == alone
    kinds = {"good": None, "bad": "odd_failed", "gone": "vanished", "reject": "odd"}
    assert [done.rejects[0]["kind"] if done.rejects else None for done in together] == [
        kinds[each] for each in what
    ]
    assert [row["clip_id"] for done in together for row in [*done.rows, *done.rejects]] == [
        row["clip_id"] for row in rows
    ]


@given(st.lists(st.sampled_from(["good", "bad"]), min_size=1, max_size=9))
def test_the_clips_of_a_source_share_their_fate_and_are_never_parted(what: list[str]) -> None:
    seen: list[list[str]] = []

    def work(rows: list[Row]) -> list[Any]:
        seen.append([row["source_id"] for row in rows])
        return square(rows)

    rows = rows_of(what)
    done = attempt(stage_of(grain="source"), work, rows)
    for unit in units_of(stage_of(grain="source"), rows):
        spoiled = any(row["what"] == "bad" for row in unit)
        places = [rows.index(row) for row in unit]
        assert [bool(done[place].rejects) for place in places] == [spoiled] * len(unit)
    num_clips = {row["source_id"]: sum(r["source_id"] == row["source_id"] for r in rows) for row in rows}
    assert all(batch.count(source) == num_clips[source] for batch in seen for source in batch)


def test_what_is_no_fault_of_a_row_is_not_looked_for_among_the_rows() -> None:
    calls = []

    def work(rows: list[Row]) -> list[Any]:
        calls.append(len(rows))
        raise UserError("there are no weights.")

    with pytest.raises(UserError, match="no weights"):
        attempt(stage_of(), work, rows_of(["good"] * 5))
    assert calls == [5]


def test_the_row_that_kills_a_batch_is_found_by_halves_and_tried_three_times_alone(tmp_path: Path) -> None:
    def deadly(config: Any, footage: Footage) -> Callable[[list[Row]], list[Any]]:
        def run(rows: list[Row]) -> list[Any]:
            with Path(rows[0]["calls"]).open("a") as calls:
                calls.write(f"{len(rows)} ")
            if any(row["what"] == "kill" for row in rows):
                os._exit(3)
            return [{"clip_id": row["clip_id"]} for row in rows]

        return run

    home = Home()
    stage = stage_of(deadly, isolated=True)
    work = Isolated(stage, Footage(str(tmp_path)), home)
    what = ["good", "good", "kill", "good"]
    rows = [row | {"calls": str(tmp_path / "calls")} for row in rows_of(what)]
    done = attempt(stage, work, rows)
    home.close()
    assert [len(each.rows) for each in done] == [1, 1, 0, 1]
    (reject,) = done[2].rejects
    assert (reject["clip_id"], reject["kind"], reject["attempts"]) == ("c2", "killed", 3)
    assert (tmp_path / "calls").read_text().split() == ["4", "2", "2", "1", "1", "1", "1"]


def test_a_batch_may_take_as_long_as_its_rows(tmp_path: Path) -> None:
    limits: list[float] = []

    class Child:
        def ask(self, name: str, given: Any, *, limit_s: float) -> Any:
            limits.append(limit_s)
            return given

    work = Isolated(stage_of(timeout_s=10.0), Footage(str(tmp_path)), Home())
    work.start = Child  # type: ignore[method-assign, assignment]
    work(rows_of(["good"] * 3))
    assert limits == [30.0]


def test_the_size_of_the_batches_changes_no_byte_and_every_row_is_counted(
    build_here, contents, footage: Path, tmp_path: Path
) -> None:
    for size in (2, 7):
        build_here(footage, tmp_path / str(size), stages=batched(fake_stages(), batch_size=size))
        assert verify(str(tmp_path / str(size))) == []
    assert contents(tmp_path / "2") == contents(tmp_path / "7")
    assert Corpus.open(str(tmp_path / "2")).num_clips() > 20


def test_a_source_whose_clips_are_others_now_is_transcribed_again_as_a_whole(
    build_here, contents, tmp_path: Path
) -> None:
    from fake_stages import MOODY, MOODY_FRAMES  # type: ignore[import-not-found]

    from pipelines.retry import retry

    root = tmp_path / "footage"
    root.mkdir()
    (root / "a.mp4").write_text(f"50 60 {MOODY_FRAMES}")
    (root / "b.mp4").write_text("51 61")
    stages = batched(fake_stages(), batch_size=4)
    MOODY[0] = True
    try:
        build_here(root, tmp_path / "out", stages=stages)
    finally:
        MOODY[0] = False
    assert [row["stage"] for row in Corpus.open(str(tmp_path / "out")).rejects()] == ["hear"]
    built = retry(str(tmp_path / "out"), stages=stages)
    assert built is not None
    assert {"hear": 1, "transcribe": 3}.items() <= {
        spent.stage: spent.num_rows for spent in built.spent
    }.items()
    build_here(root, tmp_path / "clean", stages=stages)
    assert contents(tmp_path / "out") == contents(tmp_path / "clean")
