"""What a build is made of changes while it runs. Builds run in this process: the moment has to be exact."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fault_stages import stages  # type: ignore[import-not-found]

from style2talker.errors import UserError


def stages_that(change: Any, stage_name: str) -> Any:
    """The stages; the first row of one of them is preceded by `change()`."""
    left = [change]

    def disturbed(stage: Any) -> Any:
        def make(config: Any, footage: Any) -> Any:
            work = stage.make(config, footage)

            def run(row: Any) -> Any:
                if left:
                    left.pop()()
                return work(row)

            return run

        return replace(stage, make=make) if stage.name == stage_name else stage

    return tuple(map(disturbed, stages()))


def test_a_card_that_changes_counts_from_the_next_build(
    footage: Path, clean: Path, build_here, same, row, tmp_path: Path
) -> None:
    card, out = footage / "card.yaml", tmp_path / "out"

    def change() -> None:
        card.write_text(card.read_text() + "splits: {val: [talker03], test: [talker05]}\n")

    built = build_here(footage, out, stages=stages_that(change, "fit"))
    assert "changed; the corpus is that of the card at the build's start" in built.notes[-1]
    result = same(out, clean)
    build_here(footage, out)
    build_here(footage, tmp_path / "after")
    same(out, tmp_path / "after")
    row(
        "the card changes under a running build",
        "the corpus is that of the card at the start, the build says so; the next one follows the new",
        result,
    )


@pytest.mark.parametrize("stage_name", ["track", "write"])
def test_footage_that_changes_stops_the_build_before_it_commits(
    stage_name: str, footage: Path, build_here, same, row, tmp_path: Path
) -> None:
    source, out = footage / "talker02.mp4", tmp_path / "out"
    before = source.read_text()
    with pytest.raises(UserError, match=r"1 files changed while they were read \(such as talker02.mp4\)"):
        build_here(footage, out, stages=stages_that(lambda: source.write_text("71 72"), stage_name))
    assert not (out / "corpus.json").exists()
    build_here(footage, out)
    build_here(footage, tmp_path / "clean")
    result = same(out, tmp_path / "clean")
    row(
        f"a source file changes under a running build, during {stage_name}",
        "one sentence before anything is committed; the next run takes the new file",
        result,
    )
    source.write_text(before)


def test_footage_that_changes_and_changes_back_leaves_no_label_of_the_other_bytes(
    footage: Path, clean: Path, build_here, same, row, tmp_path: Path
) -> None:
    source, out = footage / "talker02.mp4", tmp_path / "out"
    before = source.read_text()
    with pytest.raises(UserError, match="changed while they were read"):
        build_here(footage, out, stages=stages_that(lambda: source.write_text("71 72 73"), "discover"))
    source.write_text(before)
    build_here(footage, out)
    row(
        "a source file changes under a running build, and is what it was before the next",
        "nothing that was made of the other bytes is used",
        same(out, clean),
    )
