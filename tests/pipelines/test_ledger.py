"""Rebuilding a corpus costs only what changed: which rows are computed, which files keep their bytes."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_stages import MOODY, MOODY_FRAMES, fake_stages  # type: ignore[import-not-found]

from pipelines.build import build as build_all
from pipelines.forget import forget
from pipelines.retry import retry
from pipelines.rounds import Built
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import SCHEMA_VERSION
from style2talker.corpus.verify import verify
from style2talker.errors import UserError

STAGES = tuple(stage.name for stage in fake_stages())
PEOPLE = ("ana", "ben", "cleo", "dan", "eva")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two files of each person, in two partitions."""
    root = tmp_path / "footage"
    for person in PEOPLE:
        (root / person).mkdir(parents=True)
        for take in "ab":
            (root / person / f"{take}.mp4").write_text(f"({person}-{take}) 50 60")
    write_card(root)
    return root


def write_card(root: Path, extra: str = "") -> None:
    card = "name: people\nlayout: ['^(?P<speaker>[^/]+)/']\nnum_partitions: 2\n"
    (root / "card.yaml").write_text(card + extra)


@pytest.fixture
def make(build_here: Callable[..., Any]) -> Callable[..., Built]:
    """A build in this process that tells what it did."""

    def make(footage: Path, out: Path, **salt: int) -> Built:
        return build_all(str(footage), out=str(out), workers=1, stages=fake_stages(**salt))

    return make


def computed(built: Built | None) -> dict[str, int]:
    """Rows that each stage computed; copied ones do not count."""
    assert built is not None
    return {spent.stage: spent.num_rows for spent in built.spent if spent.num_rows}


def state(corpus: Path, kind: str) -> dict[str, tuple[int, bytes]]:
    return {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in (corpus / kind).iterdir()}


def speakers(corpus: Path) -> Counter[str]:
    return Counter(row["speaker"] for row in Corpus.open(str(corpus)).clips(columns=["speaker"]))


def test_a_new_file_costs_its_own_rows_only(make, people: Path, tmp_path: Path) -> None:
    make(people, tmp_path / "out")
    (people / "ana/c.mp4").write_text("(ana-c) 70")
    built = make(people, tmp_path / "out")
    assert computed(built) == dict.fromkeys(STAGES, 1)


def test_a_renamed_file_costs_no_row(make, people: Path, tmp_path: Path) -> None:
    make(people, tmp_path / "out")
    (people / "ana/a.mp4").rename(people / "ana/monday.mp4")
    assert computed(make(people, tmp_path / "out")) == {}
    uris = {row["source_uri"] for row in Corpus.open(str(tmp_path / "out")).clips(columns=["source_uri"])}
    assert "ana/monday.mp4" in uris
    assert "ana/a.mp4" not in uris


def test_a_new_label_never_rewrites_the_pictures(make, people: Path, tmp_path: Path) -> None:
    make(people, tmp_path / "out")
    before = state(tmp_path / "out", "frames")
    built = make(people, tmp_path / "out", fit_salt=1)
    assert computed(built).keys() == {"fit", "see", "judge", "write"}
    assert state(tmp_path / "out", "frames") == before
    assert not state(tmp_path / "out", "clips").items() & before.items()


def test_what_was_rejected_is_remembered(make, people: Path, tmp_path: Path) -> None:
    (people / "dan/a.mp4").write_text("(dan) boom 50")
    make(people, tmp_path / "out")
    (people / "dan/c.mp4").write_text("(dan-c) 70")
    assert computed(make(people, tmp_path / "out"))["track"] == 1
    assert [row["kind"] for row in Corpus.open(str(tmp_path / "out")).rejects()] == ["track_failed"]


def test_retry_runs_the_failures_and_nothing_else(make, people: Path, contents, tmp_path: Path) -> None:
    (people / "ben/c.mp4").write_text("(ben-c) bad")
    (people / "eva/c.mp4").write_text(f"(eva-c) {MOODY_FRAMES} boom 50")
    MOODY[0] = True
    try:
        make(people, tmp_path / "out")
    finally:
        MOODY[0] = False
    with pytest.raises(UserError, match="no rejects of the kind 'no_face'"):
        retry(str(tmp_path / "out"), kinds=["no_face"], stages=fake_stages())
    built = retry(str(tmp_path / "out"), stages=fake_stages())
    # `boom` fails in track once more; `bad` is a verdict and is not asked again
    assert computed(built) == {"track": 1, "hear": 1, "transcribe": 1, "judge": 1, "write": 1}
    make(people, tmp_path / "clean")
    assert contents(tmp_path / "out") == contents(tmp_path / "clean")


def test_a_retry_with_nothing_to_do_or_with_other_stages(make, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(people, out)
    assert retry(str(out), stages=fake_stages()) is None
    with pytest.raises(UserError, match=r"made by other stages \(fit: salt: 0 -> 1\).*run the build"):
        retry(str(out), stages=fake_stages(fit_salt=1))


def test_forgetting_a_person_rewrites_their_shards_only_and_lasts(make, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (people / "ben/c.mp4").write_text("(ben-c) 40")
    make(people, out)
    shards = {kind: state(out, kind) for kind in ("clips", "frames")}
    done = forget(str(out), speakers=["ana"])
    assert done.num_recordings == 2
    assert verify(str(out)) == []
    assert "ana" not in speakers(out)
    touched = {step.number for step in done.built.steps}
    for kind, before in shards.items():
        kept = {name: value for name, value in before.items() if int(name.split("-")[1]) not in touched}
        assert kept.items() <= state(out, kind).items()
    (people / "ana/a.mp4").rename(people / "ben/other.mp4")  # the same bytes under another name
    (people / "ana/new.mp4").write_text("(ana-new) 90")
    make(people, out)
    assert speakers(out) == {name: 4 for name in PEOPLE if name not in ("ana", "ben")} | {"ben": 5}
    uris = {row["source_uri"] for row in Corpus.open(str(out)).rejects()}
    assert not {uri for uri in uris if uri.startswith("ana")}
    assert "ana" not in (out / "forgotten.json").read_text()


def test_forgetting_one_recording_needs_no_footage(make, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(people, out)
    source_id = next(Corpus.open(str(out)).clips(columns=["source_id"]))["source_id"]
    people.rename(tmp_path / "elsewhere")
    assert forget(str(out), sources=[source_id[:12]]).num_recordings == 1
    assert sum(speakers(out).values()) == 18


def test_a_lost_or_damaged_list_of_the_forgotten_stops_every_build(
    make, people: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    make(people, out)
    forget(str(out), speakers=["ana"])
    content = (out / "forgotten.json").read_bytes()
    (out / "forgotten.json").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"forgotten\.json is damaged"):
        make(people, out)
    (out / "forgotten.json").unlink()
    with pytest.raises(UserError, match=r"has lost forgotten\.json"):
        make(people, out)
    (out / "forgotten.json").write_bytes(content)
    make(people, out)


def test_nobody_of_that_name(make, people: Path, tmp_path: Path) -> None:
    make(people, tmp_path / "out")
    with pytest.raises(UserError, match="there is no speaker 'zoe' in this corpus; it has ana, ben"):
        forget(str(tmp_path / "out"), speakers=["zoe"])
    with pytest.raises(UserError, match="0 recordings match the source 'ab'"):
        forget(str(tmp_path / "out"), sources=["ab"])
    assert not (tmp_path / "out" / "forgotten.json").exists()


def test_footage_that_moved_is_known_by_its_bytes(make, people: Path, tmp_path: Path) -> None:
    make(people, tmp_path / "out")
    people.rename(tmp_path / "moved")
    built = make(tmp_path / "moved", tmp_path / "out")
    assert computed(built) == {}
    assert json.loads((tmp_path / "out/_work/owner.json").read_text())["root"] == str(tmp_path / "moved")


def test_a_file_that_changes_while_it_is_read_stops_the_commit(
    make, people: Path, tmp_path: Path, monkeypatch
) -> None:
    from pipelines import run

    original = run.RunShard.__call__

    def change(self, partition, store):
        (people / "ana/a.mp4").write_text("(ana-a) 50 61")
        return original(self, partition, store)

    with monkeypatch.context() as patch:
        patch.setattr(run.RunShard, "__call__", change)
        with pytest.raises(UserError, match=r"1 files changed while they were read \(such as ana/a.mp4\)"):
            make(people, tmp_path / "out")
    make(people, tmp_path / "out")
    assert verify(str(tmp_path / "out")) == []


def test_a_card_that_changes_meanwhile_is_said(make, people: Path, tmp_path: Path, monkeypatch) -> None:
    from pipelines import run

    original = run.RunShard.__call__

    def change(self, partition, store):
        write_card(people, "licence: CC0-1.0\n")
        return original(self, partition, store)

    monkeypatch.setattr(run.RunShard, "__call__", change)
    built = make(people, tmp_path / "out")
    assert "changed; the corpus is that of the card at the build's start" in built.notes[0]
    assert built.manifest.card["licence"] == "unknown"


def test_a_disk_that_is_not_mounted_takes_no_work_with_it(make, people: Path, tmp_path: Path) -> None:
    make(people, tmp_path / "out")
    before = state(tmp_path / "out", "_work/track")
    for person in PEOPLE[1:]:
        (people / person).rename(tmp_path / person)
    with pytest.raises(UserError, match=r"8 of the 10 recordings .*is a disk not mounted.*--shrink"):
        make(people, tmp_path / "out")
    for person in PEOPLE[1:]:
        (tmp_path / person).rename(people / person)
    assert computed(make(people, tmp_path / "out")) == {}
    assert state(tmp_path / "out", "_work/track") == before


def test_what_is_probably_not_meant_is_said(make, people: Path, tmp_path: Path) -> None:
    write_card(people, "splits: {val: [anna]}\n")
    notes = make(people, tmp_path / "out").notes
    assert "The card puts 'anna' into val, but no recording has a speaker of that name." in notes
    assert "No recording is in val." in notes
    (people / "ana/a.mp4").unlink()
    assert any(
        note.startswith("1 recordings of the corpus are gone")
        for note in make(people, tmp_path / "out").notes
    )


def test_the_card_of_a_corpus_says_what_its_rows_say(make, people: Path, tmp_path: Path) -> None:
    (people / "labels.csv").write_text(
        "file,licence,commercial_use,redistribution\nana/a.mp4,secret,false,false\n"
    )
    write_card(people, "licence: CC0-1.0\ncommercial_use: true\nredistribution: true\n")
    make(people, tmp_path / "out")
    readme = (tmp_path / "out/README.md").read_text()
    assert "license: other" in readme
    assert "Licence of the footage: CC0-1.0, secret. Commercial use: 18 of 20 clips." in readme


def test_a_corpus_of_a_later_program_is_not_overwritten(make, people: Path, tmp_path: Path) -> None:
    make(people, tmp_path / "out")
    text = (tmp_path / "out/corpus.json").read_text()
    (tmp_path / "out/corpus.json").write_text(
        text.replace(f'"schema_version": {SCHEMA_VERSION}', '"schema_version": 9')
    )
    with pytest.raises(
        UserError, match=f"schema version 9, this program reads up to {SCHEMA_VERSION}; upgrade"
    ):
        make(people, tmp_path / "out")


def test_an_output_that_is_a_file_is_one_sentence(make, people: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file; give a folder"):
        make(people, tmp_path / "file")


def test_a_leak_stops_the_build_unless_the_card_waives_it(make, people: Path, tmp_path: Path) -> None:
    (people / "labels.csv").write_text("file,split\nana/a.mp4,train\nana/b.mp4,test\n")
    with pytest.raises(UserError, match="ana"):
        make(people, tmp_path / "out")
    write_card(people, "allow_leaks: [speaker]\n")
    make(people, tmp_path / "out")
    assert verify(str(tmp_path / "out")) == []
