"""Whatever happened to a corpus on the way, it is the one that a single clean build of the final state gives.

Random histories of one output: footage comes, goes, changes and is renamed, people are relabelled and
forgotten, stages get other settings, rows fail for a while and are tried again, builds are killed after any
number of files. At the end, and whenever a build has finished, every byte is compared with a clean build.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_stages import MOODY, MOODY_FRAMES, batched, fake_stages  # type: ignore[import-not-found]
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pipelines.forget import forget
from pipelines.retry import retry
from pipelines.tombstones import FORGOTTEN
from style2talker.corpus.reader import Corpus
from style2talker.corpus.uri import Store
from style2talker.corpus.verify import verify
from style2talker.errors import UserError

NUM_HISTORIES = int(os.environ.get("HISTORIES", "15"))
"""HISTORIES=500 with --timeout 0 looks longer."""
PEOPLE = ("ana", "ben", "cleo", "dan")
NAMES = tuple(f"{person}/{take}.mp4" for person in PEOPLE for take in "abc")
TEXTS = st.lists(
    st.sampled_from(["50", "51", "60", "75", "bad", "boom", str(MOODY_FRAMES)]), min_size=0, max_size=3
)


class KilledError(BaseException):
    """The end of a process, as far as one process can act it."""


class Histories(RuleBasedStateMachine):
    build_here: Callable[..., Any]
    num_clips = 0
    """That were compared, over all histories."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.footage, self.out = self.folder / "footage", self.folder / "out"
        self.footage.mkdir()
        self.salt, self.splits = 0, "{train: 0.6, val: 0.2, test: 0.2}"
        self.write("ana/a.mp4", ["50", "boom"])
        self.write("ben/a.mp4", ["60"])
        self.write_card()

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name: str, lines: list[str]) -> None:
        path = self.footage / name
        path.parent.mkdir(exist_ok=True)
        # no two people's files are alike, but for those that are empty
        path.write_text(f"({name[0]}) {' '.join(lines)}" if lines else "")

    def write_card(self) -> None:
        card = f"name: people\nlayout: ['^(?P<speaker>[^/]+)/']\nnum_partitions: 3\nsplits: {self.splits}\n"
        (self.footage / "card.yaml").write_text(card)

    def stages(self) -> Any:
        return batched(fake_stages(fit_salt=self.salt), batch_size=3)

    def build(self, out: Path) -> None:
        self.build_here(self.footage, out, stages=self.stages())

    def die(self) -> None:
        shutil.rmtree(self.out / "_work/lock", ignore_errors=True)  # this process lives on

    # What may happen.

    @rule(name=st.sampled_from(NAMES), lines=TEXTS)
    def footage_comes_or_changes(self, name: str, lines: list[str]) -> None:
        self.write(name, lines)

    @rule(name=st.sampled_from(NAMES))
    def footage_goes(self, name: str) -> None:
        if len([*self.footage.rglob("*.mp4")]) > 1:
            (self.footage / name).unlink(missing_ok=True)

    @rule(name=st.sampled_from(NAMES))
    def footage_is_renamed(self, name: str) -> None:
        if (self.footage / name).exists():
            (self.footage / name).rename(self.footage / name.replace(".mp4", "-new.mp4"))

    @rule(salt=st.integers(0, 2))
    def a_setting_changes(self, salt: int) -> None:
        self.salt = salt

    @rule(splits=st.sampled_from(["{train: 0.6, val: 0.2, test: 0.2}", "{val: [ana]}", "{train: 1.0}"]))
    def the_card_changes(self, splits: str) -> None:
        self.splits = splits
        self.write_card()

    @rule(num_files=st.integers(1, 40))
    def a_build_is_killed(self, num_files: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            _kill_after(patch, num_files)
            try:
                self.build(self.out)
            except KilledError:
                self.die()
                return

    @rule()
    def a_build_finishes(self) -> None:
        self.build(self.out)
        self.compare()

    @rule()
    def rows_fail_for_a_while_and_are_tried_again(self) -> None:
        MOODY[0] = True
        try:
            self.build(self.out)
        finally:
            MOODY[0] = False
        retry(str(self.out), stages=self.stages())
        self.compare()

    @rule(person=st.sampled_from(PEOPLE), num_files=st.one_of(st.none(), st.integers(1, 10)))
    def a_person_is_forgotten(self, person: str, num_files: int | None) -> None:
        """Maybe killed after so many files: then the tombstones are there for the next build."""
        if not (self.out / "corpus.json").exists():
            return
        speakers = set(pq.read_table(next(self.out.glob("sources-*")))["speaker"].to_pylist())
        with pytest.MonkeyPatch.context() as patch:
            if num_files is not None:
                _kill_after(patch, num_files)
            try:
                forget(str(self.out), speakers=[person])
            except KilledError:
                self.die()
                return
            except UserError as error:
                assert person not in speakers, error  # noqa: PT017 - the other outcome is as good
                return
        assert not _named(self.out, person)
        assert verify(str(self.out)) == []

    # What must hold.

    @invariant()
    def what_is_committed_is_sound(self) -> None:
        """Also after a kill: only what an unfinished build left may lie beside it."""
        if (self.out / "corpus.json").exists():
            assert [
                problem for problem in verify(str(self.out)) if "not in the manifest" not in problem
            ] == []

    def compare(self) -> None:
        clean = self.folder / "clean"
        shutil.rmtree(clean, ignore_errors=True)
        clean.mkdir()
        if (self.out / FORGOTTEN).exists():
            shutil.copy(self.out / FORGOTTEN, clean)
        self.build(clean)
        assert _contents(self.out) == _contents(clean)
        Histories.num_clips += Corpus.open(str(self.out)).num_clips()
        ids = [row["clip_id"] for row in Corpus.open(str(self.out)).clips(columns=["clip_id"])]
        assert len(ids) == len(set(ids))


def _contents(corpus: Path) -> dict[str, bytes]:
    files = [path for path in corpus.rglob("*") if path.is_file()]
    return {
        path.relative_to(corpus).as_posix(): path.read_bytes()
        for path in files
        if not path.relative_to(corpus).as_posix().startswith("_work/")
    }


def _named(corpus: Path, person: str) -> list[Path]:
    """Files, work files among them, that still know the person."""
    texts = [path for path in corpus.rglob("*") if path.suffix in (".html", ".md", ".json")]
    found = [path for path in texts if f"{person}/" in path.read_text()]
    for path in corpus.rglob("*.parquet"):
        table = pq.read_table(path)
        texts = [name for name in table.column_names if pa.types.is_string(table.schema.field(name).type)]
        said = f"{table.select(texts).to_pylist()} {table.schema.metadata}"
        if f"{person}/" in said or f"'{person}'" in said:
            found.append(path)
    return found


def _kill_after(patch: pytest.MonkeyPatch, num_files: int) -> None:
    """Let so many files be written or removed, then end in the middle of the next one."""
    from contextlib import contextmanager

    real, real_delete, left = Store.writing, Store.delete, [num_files]

    @contextmanager
    def writing(store: Store, name: str):
        with real(store, name) as scratch:
            yield scratch
            left[0] -= 1
            if left[0] < 0:
                raise KilledError

    def delete(store: Store, name: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KilledError
        real_delete(store, name)

    patch.setattr(Store, "writing", writing)
    patch.setattr(Store, "delete", delete)


def test_any_history_ends_in_the_corpus_of_a_clean_build(build_here) -> None:
    Histories.build_here = staticmethod(build_here)
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=NUM_HISTORIES,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    assert Histories.num_clips > NUM_HISTORIES
