"""The ledger: same bytes, no row lost or repeated, only what changed runs again. With fake stages."""

import json
import os
import shutil
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest
from fake_stages import fake_stages, write_footage  # type: ignore[import-not-found]

from pipelines.build import build, make_plan
from style2talker.corpus.reader import Corpus
from style2talker.corpus.verify import verify
from style2talker.errors import UserError


def work_files(corpus: Path, stage: str) -> dict[str, int]:
    """Name and time of change of a stage's work files: a file that ran again has a new time."""
    return {path.name: path.stat().st_mtime_ns for path in (corpus / "_work" / stage).iterdir()}


def test_every_row_is_kept_or_rejected_with_its_reason(build_here, footage: Path, tmp_path: Path) -> None:
    manifest = build_here(footage, tmp_path / "out")
    assert verify(str(tmp_path / "out")) == []
    corpus = Corpus.open(str(tmp_path / "out"))
    clips = Counter(row["source_uri"] for row in corpus.clips(columns=["source_uri"]))
    assert clips == {**{f"talker{n:02d}.mp4": n % 3 + 1 for n in range(12)}, "broken.mp4": 2}
    rejects = {row["source_uri"]: row for row in corpus.rejects()}
    assert {name: row["kind"] for name, row in rejects.items()} == {
        "refused.mp4": "not_media",
        "broken.mp4": "track_failed",
        "zcopy.mp4": "duplicate",
        "empty.mp4": "empty_file",
    }
    assert rejects["broken.mp4"]["clip_id"] is not None
    assert "boom" in rejects["broken.mp4"]["message"]
    assert manifest.num_sources == 14
    assert manifest.coverage == {"expected": None, "found": 16, "missing": 0, "unreadable": 0}


def test_the_same_footage_gives_the_same_bytes(build_here, footage, contents, tmp_path: Path) -> None:
    build_here(footage, tmp_path / "a")
    build_here(shutil.copytree(footage, tmp_path / "b" / "footage"), tmp_path / "c")
    assert contents(tmp_path / "a") == contents(tmp_path / "c")


def test_a_second_run_does_nothing(build_here, footage: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"
    build_here(footage, out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("p?????-*.parquet")}
    # nothing to call
    monkeypatch.setattr("pipelines.build.on_ray", lambda *_, **__: nullcontext())
    build_here(footage, out)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_a_changed_stage_reruns_itself_and_its_readers_only(
    build_here, footage: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    build_here(footage, out)
    before = {stage.name: work_files(out, stage.name) for stage in fake_stages()}
    build_here(footage, out, stages=fake_stages(fit_salt=1))
    assert verify(str(out)) == []
    for stage in ("discover", "track", "hear", "transcribe"):
        assert work_files(out, stage) == before[stage], stage
    for stage in ("fit", "see", "judge", "write"):
        assert not before[stage].keys() & work_files(out, stage).keys(), stage


def test_added_and_removed_footage_touches_its_partitions_only(
    build_here, footage, contents, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    build_here(footage, out)
    before = work_files(out, "track")
    (footage / "talker12.mp4").write_text("77")
    build_here(footage, out)
    after = work_files(out, "track")
    assert len(before.items() - after.items()) <= 1
    (footage / "talker12.mp4").unlink()
    build_here(footage, out)
    build_here(footage, tmp_path / "clean")
    assert contents(out) == contents(tmp_path / "clean")


def test_a_new_split_costs_no_model(build_here, footage: Path, tmp_path: Path) -> None:
    out, card = tmp_path / "out", footage / "card.yaml"
    card.write_text("name: talkers\n")
    build_here(footage, out)
    before = work_files(out, "track")
    card.write_text("name: talkers\nsplits: {val: [talker03], test: [talker05]}\n")
    build_here(footage, out)
    assert work_files(out, "track") == before
    corpus = Corpus.open(str(out))
    assert {row["speaker"] for row in corpus.clips("val", ["speaker"])} == {"talker03"}
    assert verify(str(out)) == []


@pytest.mark.parametrize("lost", ["corpus.json", "_work/shard", "_work/hear", "clips", "rejects"])
def test_whatever_is_lost_comes_back(build_here, footage, contents, tmp_path: Path, lost: str) -> None:
    out = tmp_path / "out"
    build_here(footage, out)
    before = contents(out)
    for path in [out / lost] if (out / lost).exists() else out.glob(f"{lost}-*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    build_here(footage, out)
    assert contents(out) == before


def test_what_killed_writers_and_older_builds_left_is_swept(
    build_here, footage: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    build_here(footage, out)
    for name in (
        "clips/.train-00000.parquet.1234.tmp",
        "clips/train-00000-0ddba115.parquet",
        "_work/fit/p0001-00.parquet",
    ):
        (out / name).write_bytes(b"PAR1")
    build_here(footage, out)
    assert verify(str(out)) == []
    assert not list(out.rglob("*.tmp"))
    assert not (out / "_work/fit/p0001-00.parquet").exists()


@pytest.mark.parametrize("stage", ["discover", "hear"])
def test_a_file_that_was_only_gone_for_a_moment_is_looked_at_again(
    build_here, footage: Path, contents, tmp_path: Path, stage: str
) -> None:
    from pipelines import run

    out, source = tmp_path / "out", footage / "talker04.mp4"
    original, text = run.RunStage._run, source.read_text()

    def vanish(self, store, partition):
        if self._stage.name == stage:
            source.unlink(missing_ok=True)
        return original(self, store, partition)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.RunStage, "_run", vanish)
        build_here(footage, out)
    assert {"talker04.mp4": "vanished"}.items() <= {
        row["source_uri"]: row["kind"] for row in Corpus.open(str(out)).rejects()
    }.items()
    source.write_text(text)
    build_here(footage, out)
    assert "talker04.mp4" not in {row["source_uri"] for row in Corpus.open(str(out)).rejects()}
    build_here(footage, tmp_path / "undisturbed")
    assert contents(out) == contents(tmp_path / "undisturbed")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything, so there is no unreadable file")
def test_an_unreadable_file_is_a_reject(build_here, footage: Path, tmp_path: Path) -> None:
    (footage / "talker01.mp4").chmod(0)
    build_here(footage, tmp_path / "out")
    kinds = {row["source_uri"]: row["kind"] for row in Corpus.open(str(tmp_path / "out")).rejects()}
    assert kinds["talker01.mp4"] == "unreadable"


def test_a_folder_that_cannot_be_listed_is_a_reject(
    build_here, footage: Path, tmp_path: Path, monkeypatch
) -> None:
    closed, listed = footage / "closed", os.scandir
    closed.mkdir()

    def scandir(path):
        if path == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    build_here(footage, tmp_path / "out")
    kinds = {row["source_uri"]: row["kind"] for row in Corpus.open(str(tmp_path / "out")).rejects()}
    assert kinds["closed"] == "unreadable"


def test_an_output_that_cannot_be_written_is_one_sentence(build_here, footage: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        build_here(footage, tmp_path / "file" / "out")


def test_links_out_of_the_root_broken_links_and_pipes_are_rejects(
    build_here, footage: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.mp4").write_text("50")
    (footage / "out.mp4").symlink_to(tmp_path / "secret.mp4")
    (footage / "nowhere.mp4").symlink_to(footage / "gone.mp4")
    os.mkfifo(footage / "pipe.mp4")
    build_here(footage, tmp_path / "out")
    kinds = {row["source_uri"]: row["kind"] for row in Corpus.open(str(tmp_path / "out")).rejects()}
    assert (kinds["out.mp4"], kinds["nowhere.mp4"]) == ("outside_root", "vanished")
    assert kinds["pipe.mp4"] == "not_media"


def test_bad_calls_are_one_sentence(build_here, footage: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_here(footage, out)
    with pytest.raises(UserError, match="does not exist"):
        build_here(tmp_path / "nowhere", out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="none has a video suffix"):
        build_here(tmp_path / "empty", tmp_path / "out2")
    assert not (tmp_path / "out2").exists()
    with pytest.raises(UserError, match="holds another corpus, 'footage'"):
        build_here(write_footage(tmp_path / "other"), out)
    with pytest.raises(UserError, match="files that are no corpus"):
        build_here(footage, tmp_path / "other")
    with pytest.raises(UserError, match=r"no profile 'huge'.*available: small"):
        build(footage, out=str(out), profile="huge")


def test_a_missing_weight_stops_the_build_and_is_no_reject(build_here, footage: Path, tmp_path: Path) -> None:
    import dataclasses

    def make(config, root):
        def fail(row):
            raise UserError("there are no weights")

        return fail

    first, second, *rest = fake_stages()
    stages = (first, dataclasses.replace(second, make=make), *rest)
    with pytest.raises(UserError, match="no weights"):
        build_here(footage, tmp_path / "out", stages=stages)
    assert not (tmp_path / "out" / "corpus.json").exists()


def test_a_plan_counts_what_is_done(build_here, footage: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = make_plan(footage, out=str(out), stages=fake_stages())
    assert len(before.steps) == (len(fake_stages()) + 1) * len(before.partitions)
    assert {step.why for step in before.steps} == {"new"}
    assert not out.exists()
    build_here(footage, out)
    assert not make_plan(footage, out=str(out), stages=fake_stages()).steps
    after = make_plan(footage, out=str(out), stages=fake_stages(fit_salt=1))
    assert {step.stage: step.why for step in after.steps} == {
        "fit": "salt: 0 -> 1",
        "see": "reads fit, which changed",
        "judge": "reads see, which changed",
        "write": "reads judge, which changed",
        "shard": "labels or clips changed",
    }


def test_the_manifest_holds_no_path_of_this_machine(build_here, footage: Path, tmp_path: Path) -> None:
    build_here(footage, tmp_path / "out")
    text = (tmp_path / "out" / "corpus.json").read_text()
    assert str(tmp_path) not in text
    assert {shard["kind"] for shard in json.loads(text)["shards"]} == {
        "clips",
        "frames",
        "rejects",
        "sources",
    }


def test_a_corpus_without_clips_still_tells_why(build_here, tmp_path: Path) -> None:
    root = tmp_path / "footage"
    root.mkdir()
    (root / "a.mp4").write_text("bad")
    assert build_here(root, tmp_path / "out").num_clips == 0
    assert verify(str(tmp_path / "out")) == []
    assert "not media" in (tmp_path / "out" / "card.html").read_text()
