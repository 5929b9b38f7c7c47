"""Files that are damaged, and clocks that are wrong. Builds run in this process: only files matter here."""

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fake_stages import fake_stages  # type: ignore[import-not-found]

from style2talker.corpus.reader import Corpus
from style2talker.corpus.uri import Store
from style2talker.corpus.verify import verify
from style2talker.errors import UserError


@pytest.fixture
def built(clean: Path, tmp_path: Path) -> Path:
    """A finished corpus, to be damaged."""
    return shutil.copytree(clean, tmp_path / "out")


@pytest.fixture
def footage(clean: Path) -> Path:
    """That of `clean`: a copy would have other times."""
    return clean.parent / "footage"


def flip(path: Path, rng: random.Random) -> None:
    """One bit, anywhere."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def test_a_flipped_bit_in_a_shard_is_named_and_a_rebuild_heals_it(
    built: Path, footage: Path, clean: Path, build_here, same, row
) -> None:
    rng = random.Random(1)
    shards = [path for path in sorted(built.rglob("*.parquet")) if "_work" not in path.parts]
    for path in shards:
        flip(path, rng)
    problems = verify(str(built))
    assert len(problems) == len(shards)
    for path in shards:
        (problem,) = (
            p for p in problems if p.startswith(f"{path.relative_to(built).as_posix()} has sha256 ")
        )
        assert problem.endswith("so its bytes changed; delete it and run the build again.")
        path.unlink()
    build_here(footage, built)
    row(
        f"one flipped bit in each of {len(shards)} Parquet files of a corpus",
        "`style2talker verify` names each; deleted, the next build makes them anew, without a model",
        same(built, clean),
    )


def test_a_flipped_bit_in_a_work_file_is_found_by_whoever_reads_it(
    built: Path, footage: Path, clean: Path, build_here, same, row
) -> None:
    rng = random.Random(2)
    num_flipped = 0
    for stage in [*(stage.name for stage in fake_stages()), "shard", "shard", "shard"]:
        if stage != "shard":  # the records are read as they are, the other files to make the shards again
            for folder in ("clips", "frames"):
                shutil.rmtree(built / folder)
        for path in sorted(built.glob(f"_work/{stage}/p*")):
            flip(path, rng)
            num_flipped += 1
        build_here(footage, built)
        same(built, clean)
    row(
        f"one flipped bit in a work file, {num_flipped} times, in those of every stage and in records",
        "whoever reads it sees the checksum; it is deleted and made again in the same run",
        same(built, clean),
    )


def test_a_manifest_cut_in_half_is_one_sentence_and_the_next_build_writes_it(
    built: Path, footage: Path, clean: Path, build_here, same, row
) -> None:
    manifest = built / "corpus.json"
    manifest.write_bytes(manifest.read_bytes()[: manifest.stat().st_size // 2])
    with pytest.raises(UserError) as caught:
        Corpus.open(str(built))
    assert verify(str(built)) == [str(caught.value)]
    build_here(footage, built)
    said = str(caught.value).split(": ", 1)[-1].replace(str(built), "OUT")
    happens = f"readers say so: \u201c\u2026{said}\u201d; the next build writes it anew"
    row("a manifest cut in half", happens, same(built, clean))


class KilledError(BaseException):
    """The end of a process, as far as one process can act it."""


def test_clocks_that_differ_by_years_change_nothing(
    footage: Path, clean: Path, build_here, same, row, tmp_path: Path, monkeypatch
) -> None:
    """Every file gets a time of its own between 1971 and 2100, as if each came from another node."""
    rng, out = random.Random(3), tmp_path / "out"
    real, names = Store.writing, []

    @contextmanager
    def writing(store: Store, name: str) -> Iterator[Path]:
        with real(store, name) as scratch:
            yield scratch
        time_s = rng.randrange(1 << 25, 1 << 32)
        os.utime(store.path(name), (time_s, time_s))
        names.append(name)
        if len(names) in (7, 19, 31):
            shutil.rmtree(out / "_work/lock")  # its owner seems alive: it is this process
            raise KilledError

    monkeypatch.setattr(Store, "writing", writing)
    for _ in range(3):
        with pytest.raises(KilledError):
            build_here(footage, out)
    build_here(footage, out)
    build_here(footage, out)
    made = [name for name in names if name.startswith("_work/") and "/p0" in name]
    assert len(made) == len(set(made))
    row(
        "clocks of nodes that differ by decades: every file gets a time between 1971 and 2100, the build is "
        "killed three times",
        "times are compared for equality only; no finished work file is made again",
        same(out, clean),
    )
