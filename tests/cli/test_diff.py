"""`style2talker diff` as a user calls it: tables to read, a file for machines."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from typer.testing import CliRunner

from style2talker.cli import app


def test_diff_shows_labels_causes_and_drift(
    fitted_corpus: Path, tmp_path: Path, rewrite: Callable[..., Path]
) -> None:
    new = tmp_path / "new"
    shutil.copytree(fitted_corpus, new)

    def sadden(kind: str, table: pa.Table) -> pa.Table:
        if kind != "clips":
            return table
        place = table.column_names.index("emotion")
        values = pa.array(["sad" if i == "val1" else "happy" for i in table.column("clip_id").to_pylist()])
        return table.set_column(place, table.schema.field("emotion"), values)

    rewrite(new, sadden, card={"licence": "[MIT]"})
    words = ["diff", str(fitted_corpus), str(new), "--json", str(tmp_path / "diff.json")]
    shown = CliRunner(env={"COLUMNS": "160"}).invoke(app, words)
    assert shown.exit_code == 0, shown.output
    for text in ("1 relabelled", "other clips", "happy 2", "sad 2", "total variation 0.250", "[MIT]"):
        assert text in shown.output
    found = json.loads((tmp_path / "diff.json").read_text())
    assert [clip["clip_id"] for clip in found["relabelled"]] == ["val1"]
    assert found["relabelled"][0]["emotion"] == ["happy", "sad"]
    assert found["drift"][0]["shares"]["sad"] == [0.0, 0.25]


def test_equal_corpora_show_one_line(fitted_corpus: Path) -> None:
    shown = CliRunner().invoke(app, ["diff", str(fitted_corpus), str(fitted_corpus)])
    assert len(shown.output.strip().splitlines()) == 1
    assert "0 added, 0 removed, 0 relabelled, 0 in another split" in shown.output
