"""What lies outside a clip: the speaker's neutral, the data set's label, a person's word. A row is made again
when what it is told changes, and only then."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from fake_stages import fake_stages  # type: ignore[import-not-found]
from hypothesis import given
from hypothesis import strategies as st

from pipelines.build import build as build_all
from pipelines.build import make_plan
from pipelines.forget import forget
from pipelines.rounds import Built
from style2talker.corpus.corrections import DROP, WITHDRAW, Correction, add_correction, now_utc
from style2talker.corpus.reader import Corpus
from style2talker.corpus.uri import open_store
from style2talker.corpus.verify import verify
from style2talker.emotion.context import Neutral
from style2talker.emotion.neutral import LEAST_CLIPS, Evidence, Quiet, chosen_clips, neutral_of


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Ana has six clips, of which the data set calls two neutral; Ben has eight, without labels; Cleo one."""
    root = tmp_path / "footage"
    for name, text in {
        "ana-neutral": "50 60",
        "ana-happy": "51 61 62 63",
        "ben-1": "52 64 65 68 69",
        "ben-2": "53 66 67",
        "cleo-1": "54",
    }.items():
        root.mkdir(exist_ok=True)
        (root / f"{name}.mp4").write_text(f"({name}) {text}")
    write_card(root)
    return root


def write_card(root: Path, pattern: str = "(neutral|happy)") -> None:
    lines = [
        "name: people",
        f"layout: ['^(?P<speaker>[a-z]+)-(?P<emotion>{pattern})', '^(?P<speaker>[a-z]+)-']",
        "num_partitions: 2",
    ]
    (root / "card.yaml").write_text("\n".join(lines))


@pytest.fixture
def make(build_here: Callable[..., Any]) -> Callable[[Path, Path], Built]:
    def make(footage: Path, out: Path) -> Built:
        return build_all(str(footage), out=str(out), workers=1, stages=fake_stages())

    return make


def computed(built: Built) -> dict[str, int]:
    return {spent.stage: spent.num_rows for spent in built.spent if spent.num_rows}


def clips(out: Path) -> dict[str, dict[str, Any]]:
    return {row["clip_id"]: row for row in Corpus.open(str(out)).clips()}


def test_a_label_that_changes_is_told_to_its_own_speaker_only(make, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(people, out)
    write_card(people, "(happy)")
    built = make(people, out)  # nobody says any more which of Ana's are neutral, and six are too few to tell
    assert computed(built) == {"judge": 6, "write": 6}
    assert make(people, out).steps == ()


def correction_of(row: dict[str, Any], **said: Any) -> Correction:
    return Correction(
        clip_id=row["clip_id"], source_id=row["source_id"], author="Ana", time_utc=now_utc(), **said
    )


def test_a_correction_wins_and_nothing_else_changes(
    make, people: Path, tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]
) -> None:
    out = tmp_path / "out"
    make(people, out)
    before, files = clips(out), contents(out)
    chosen = next(row for row in before.values() if row["source_uri"].startswith("ben-1"))
    add_correction(open_store(str(out)), correction_of(chosen, emotion="fear", level=3))
    built = make(people, out)
    assert computed(built) == {"judge": 1, "write": 1}
    after = clips(out)
    assert verify(str(out)) == []
    changed = {i for i in before if repr(before[i]) != repr(after[i])}
    assert changed == {chosen["clip_id"]}
    row = after[chosen["clip_id"]]
    assert (row["emotion"], row["emotion_level"], row["corrected"]["author"]) == ("fear", 3, "Ana")
    assert make(people, out).steps == ()

    add_correction(open_store(str(out)), correction_of(chosen, verdict=WITHDRAW))
    make(people, out)
    del files["card.html"], files["README.md"]  # they look at other clips
    assert {name: content for name, content in contents(out).items() if name in files} == files


def planned(people: Path, out: Path) -> dict[str, int]:
    steps = make_plan(people, out=str(out), stages=fake_stages()).steps
    return Counter(
        {stage: sum(s.num_rows for s in steps if s.stage == stage) for stage in ("judge", "write")}
    )


def test_a_plan_counts_the_rows_that_are_told_something_else(make, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(people, out)
    assert planned(people, out) == {"judge": 0, "write": 0}
    write_card(people, "(happy)")
    assert planned(people, out) == {"judge": 6, "write": 6}


def damage(path: Path, column: str) -> None:
    """Flip a bit in the data of one column; size and time of change stay."""
    stat = path.stat()
    group = pq.read_metadata(path).row_group(0)
    chunk = next(
        c for c in map(group.column, range(group.num_columns)) if c.path_in_schema.startswith(column)
    )
    content = bytearray(path.read_bytes())
    content[chunk.data_page_offset + chunk.total_compressed_size - 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("column", ["movement", "frontal"])
def test_evidence_that_is_damaged_is_made_again_and_a_correction_arrives(
    make, people: Path, tmp_path: Path, column: str
) -> None:
    out = tmp_path / "out"
    make(people, out)
    before = clips(out)
    chosen = next(row for row in before.values() if row["source_uri"].startswith("ben-1"))
    for path in sorted(out.glob("_work/see/p*.parquet")):
        damage(path, column)
    for path in out.glob("_work/neutral/*"):
        path.unlink()
    add_correction(open_store(str(out)), correction_of(chosen, emotion="fear"))
    make(people, out)
    after = clips(out)
    assert after[chosen["clip_id"]]["emotion"] == "fear"
    assert {i for i in before if repr(before[i]) != repr(after[i])} == {chosen["clip_id"]}


def test_a_dropped_clip_is_a_reject_and_comes_back(make, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(people, out)
    chosen = next(iter(clips(out).values()))
    add_correction(open_store(str(out)), correction_of(chosen, verdict=DROP))
    make(people, out)
    (reject,) = Corpus.open(str(out)).rejects()
    assert (reject["kind"], reject["clip_id"], reject["stage"]) == (
        "dropped_by_review",
        chosen["clip_id"],
        "judge",
    )
    assert chosen["clip_id"] not in clips(out)
    add_correction(open_store(str(out)), correction_of(chosen, verdict=WITHDRAW))
    make(people, out)
    assert chosen["clip_id"] in clips(out)


def test_who_stays_keeps_their_labels_when_a_recording_of_theirs_is_forgotten(
    make, people: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    make(people, out)
    before = clips(out)
    gone = next(row for row in before.values() if row["source_uri"].startswith("ana-neutral"))
    add_correction(open_store(str(out)), correction_of(gone, emotion="sad"))
    forget(str(out), sources=[gone["source_uri"]])
    after = clips(out)
    assert len(after) == len(before) - 2
    assert all(repr(before[i]) == repr(after[i]) for i in after)
    assert gone["clip_id"].encode() not in (out / "corrections.parquet").read_bytes()
    built = make(people, out)  # of Ana's that are left none is called neutral
    assert computed(built) == {"judge": 4, "write": 4}


@given(order=st.permutations(range(9)), labelled=st.sets(st.integers(0, 8), max_size=3))
def test_a_neutral_does_not_depend_on_the_order_and_prefers_labels(
    order: list[int], labelled: set[int]
) -> None:
    clips = [Quiet(f"{i}", i in labelled, float(i % 4)) for i in range(9)]
    chosen = chosen_clips(clips)
    assert chosen == chosen_clips([clips[i] for i in order])
    if labelled:
        assert chosen == tuple(f"{i}" for i in sorted(labelled))
        return
    left_out = {clip.movement for clip in clips if clip.clip_id not in chosen}
    assert len(chosen) == 7
    assert max(clip.movement for clip in clips if clip.clip_id in chosen) <= min(left_out)
    assert chosen_clips(clips[: LEAST_CLIPS - 1]) == ()


@given(order=st.permutations(range(5)))
def test_a_neutral_is_the_mean_of_what_was_seen_and_survives_its_file(order: list[int]) -> None:
    rng = np.random.default_rng(0)
    nets_cne, readings_cr2 = rng.dirichlet(np.ones(8), (5, 3)), rng.random((5, 10, 2)).astype(np.float32)
    readings_cr2[2, 4:] = np.nan  # one clip without a frontal view
    readings_cr2[:, 9] = np.nan
    evidence = [
        Evidence(
            clip_id=f"{i}",
            net_ne=nets_cne[i].astype(np.float32),
            reading_r2=readings_cr2[i],
            voice={"pitch_hz": 100.0 + i} if i != 3 else {},
        )
        for i in range(5)
    ]
    neutral = neutral_of([evidence[i] for i in order])
    assert json.dumps(neutral.to_dict()) == json.dumps(neutral_of(evidence).to_dict())
    back = Neutral.from_dict(json.loads(json.dumps(neutral.to_dict())))
    assert np.array_equal(back.reading_r2, neutral.reading_r2, equal_nan=True)
    assert np.array_equal(back.net_ne, neutral.net_ne)
    assert np.allclose(neutral.reading_r2[:9], np.nanmean(readings_cr2[:, :9], axis=0))
    assert np.isnan(neutral.reading_r2[9]).all()
    assert neutral.voice == {"pitch_hz": 101.75}


def test_a_clip_is_no_part_of_the_neutral_that_it_is_judged_by() -> None:
    rng = np.random.default_rng(1)
    nets_cne = rng.dirichlet(np.ones(8), (4, 3)).astype(np.float32) * 0.9 + 0.0125
    readings_cr2 = rng.random((4, 10, 2)).astype(np.float32)
    readings_cr2[:, 7:] = np.nan
    evidence = [
        Evidence(clip_id=f"{i}", net_ne=nets_cne[i], reading_r2=readings_cr2[i], voice={}) for i in range(4)
    ]
    without = neutral_of(evidence).without("2", nets_cne[2], readings_cr2[2])
    others = neutral_of([each for each in evidence if each.clip_id != "2"])
    assert without is not None
    assert without.clip_ids == others.clip_ids
    assert np.allclose(without.net_ne, others.net_ne, rtol=1e-5)
    assert np.allclose(without.reading_r2, others.reading_r2, atol=1e-5, equal_nan=True)
    assert neutral_of(evidence[:1]).without("0", nets_cne[0], readings_cr2[0]) is None
