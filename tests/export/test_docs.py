"""docs/exports.md and docs/diff.md are true: their commands and their Python run, one after the other."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from style2talker.cli import app
from style2talker.corpus.uri import open_store

DOCS = Path(__file__).parents[2] / "docs"
README = """---
configs:
- config_name: clips
  default: true
  data_files: [{split: train, path: clips/train-*.parquet}, {split: val, path: clips/val-*.parquet}]
- config_name: frames
  data_files: [{split: train, path: frames/train-*.parquet}, {split: val, path: frames/val-*.parquet}]
---
"""


@pytest.mark.parametrize("page", ["exports.md", "diff.md"])
def test_the_page_runs(
    page: str, fitted_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="datasets is not installed (pip install -e '.[dev]')")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    for name in ("corpus", "corpus-old", "corpus-new"):
        shutil.copytree(fitted_corpus, tmp_path / name)
        open_store(str(tmp_path / name)).write("README.md", README.encode())
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(
        r"^```(python)?\n(.*?)^```", (DOCS / page).read_text(), flags=re.DOTALL | re.MULTILINE
    )
    assert blocks
    for language, text in blocks:
        if language == "python":
            exec(compile(text, page, "exec"), names)
            continue
        for line in text.splitlines():
            command, *words = shlex.split(line)
            assert command == "style2talker"
            outcome = CliRunner().invoke(app, words)
            assert outcome.exit_code == 0, (line, outcome.output, outcome.exception)
    if page == "exports.md":
        assert names["speech"].startswith(b"fLaC")
        assert names["first_frame"].shape == (256, 256, 3)
        assert names["expression_tk"].shape == (8, 52)
        assert len(names["sentences"]) == 5
        assert names["angle_t3"].shape == names["trans_t3"].shape == (8, 3)
        assert sorted(path.name for path in Path("tar-commercial").iterdir()) == [
            *("README.md", "clips.csv", "train-000000.tar")
        ]
    else:
        assert Path("changes.json").stat().st_size > 0
