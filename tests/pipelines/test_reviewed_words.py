"""Words that a person wrote are the clip's words after the next build, and nobody else's row changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from style2talker.corpus.corrections import WITHDRAW, Correction, add_correction, now_utc
from style2talker.corpus.reader import Corpus
from style2talker.corpus.uri import open_store
from style2talker.corpus.verify import verify


def rows(out: Path) -> dict[str, dict[str, Any]]:
    return {row["clip_id"]: row for row in Corpus.open(str(out)).clips()}


def test_corrected_words_are_in_the_row_and_go_with_the_correction(
    build_here: Callable[..., Any],
    footage: Path,
    tmp_path: Path,
    contents: Callable[[Path], dict[str, bytes]],
) -> None:
    out = tmp_path / "out"
    build_here(footage, out)
    before, files = rows(out), contents(out)
    chosen = next(iter(before.values()))

    def say(**values: Any) -> None:
        said = {"clip_id": chosen["clip_id"], "source_id": chosen["source_id"], "author": "Ana"}
        add_correction(open_store(str(out)), Correction(**said, time_utc=now_utc(), **values))
        build_here(footage, out)

    say(transcript="bin blue at F two now")
    after = rows(out)
    changed = {
        (clip_id, name)
        for clip_id, row in after.items()
        for name in row
        if repr(row[name]) != repr(before[clip_id][name])
    }
    assert changed == {(chosen["clip_id"], "transcript"), (chosen["clip_id"], "corrected")}
    assert after[chosen["clip_id"]]["transcript"] == "bin blue at F two now"
    assert verify(str(out)) == []

    say(verdict=WITHDRAW)
    again = contents(out)
    del again["corrections.parquet"]
    assert again == files
