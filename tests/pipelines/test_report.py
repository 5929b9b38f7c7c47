"""The data card tells what is in the corpus, is plain YAML and HTML, and trusts no text it prints."""

from pathlib import Path

import pytest
import yaml

from pipelines.statistics import bars, histogram
from style2talker.corpus.marked import pieces


@pytest.fixture
def cards(build_here, footage: Path, tmp_path: Path) -> tuple[str, str]:
    (footage / "<script>alert(1)</script>.mp4".replace("/", "_")).write_text("bad")
    build_here(footage, tmp_path / "out")
    return tuple((tmp_path / "out" / name).read_text() for name in ("README.md", "card.html"))  # type: ignore


def test_the_readme_has_front_matter_that_names_every_split(cards: tuple[str, str]) -> None:
    _, head, body = cards[0].split("---\n", 2)
    data = yaml.safe_load(head)
    assert data["license"] == "unknown"
    paths = {f["path"] for config in data["configs"] for f in config["data_files"]}
    assert "clips/train-*.parquet" in paths
    assert "must not be used for" in body
    assert "track: track failed | 1 |" in body


def test_the_page_stands_alone_and_escapes_names(cards: tuple[str, str]) -> None:
    page = cards[1]
    assert "<script>alert" not in page
    assert page.count("<script") == 2  # the explorer and its data
    assert "&lt;script&gt;" in page
    assert "://" not in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("<svg") >= 6


def test_a_sentence_is_cut_at_its_evidence() -> None:
    text = "The person is sad and slightly frowns."
    evidence = [
        {"kind": "action_unit", "value": "AU4 low", "words": "slightly frowns"},
        {"kind": "emotion", "value": "sad level 2", "words": "sad"},
        {"kind": "transcript", "value": "x", "words": "not there"},
    ]
    cut = pieces(text, evidence)
    assert "".join(piece.text for piece in cut) == text
    assert [(p.text, p.evidence) for p in cut if p.evidence] == [
        ("sad", "emotion: sad level 2"),
        ("slightly frowns", "action unit: AU4 low"),
    ]


def test_histograms_count_everything_once() -> None:
    rows = histogram([0.5, 1.5, 99.0, -1.0, 2.0], [0, 1, 2], ["low", "high"])
    assert [row.value for row in rows] == [2, 3]
    assert histogram([], [0, 1], ["x"])[0].value == 0
    assert [row.share for row in bars([("a", 2), ("b", 1)])] == [1.0, 0.5]
