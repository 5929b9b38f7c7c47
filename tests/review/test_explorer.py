"""The explorer of card.html in a real browser, from a file: it finds what is asked for, and no secrets."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from pipelines import explorer
from pipelines.report import write_report
from style2talker.corpus.card import Card
from style2talker.corpus.reader import Corpus
from style2talker.emotion.taxonomy import EMOTIONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SECRET = "what I told nobody"
CARD = {**dataclasses.asdict(Card(name="drawn", root="")), "must_not_be_used_for": ["identifying people"]}


def told(kind: str, table: pa.Table) -> pa.Table:
    """Labels that differ from clip to clip, a name that is HTML, and a sentence that quotes the speaker."""
    if kind != "clips":
        return table
    rows = table.to_pylist()
    for row in rows:
        number = ("train0", "train1", "val0", "val1").index(row["clip_id"])
        row["emotion"], row["emotion_level"] = EMOTIONS[number], 1 + number % 3
        row["confidence"] = (0.2, 0.6, 0.8, None)[number]
        row["flags"] = [["dark"], [], ["off_sync", "dark"], []][number]
        row["speaker"] = ("Ada", "Ada", "Bob", "<b>Eve</b>")[number]
        row["action_units"] = [
            {"unit": 4, "name": "brow lowerer", "intensity": 0.4, "level": "middle"},
            {"unit": 12, "name": "left lip corner puller", "intensity": 0.9, "level": "high"},
        ][: 1 + number % 2]
        quote = {"kind": "transcript", "value": SECRET, "words": SECRET}
        feeling = {"kind": "emotion", "value": f"{EMOTIONS[number]} level 1", "words": EMOTIONS[number]}
        texts = [f"The person is {EMOTIONS[number]} in way {n}." for n in range(4)]
        row["sentences"] = [{"text": text, "evidence": [feeling]} for text in texts]
        row["sentences"].append({"text": f"The person says {SECRET}.", "evidence": [quote]})
        row["transcript"] = SECRET
    return pa.Table.from_pylist(rows, schema=table.schema)


def card_of(corpus: Path) -> str:
    opened = Corpus.open(str(corpus))
    manifest = dataclasses.replace(opened.manifest, card=json.loads(json.dumps(CARD)))
    return write_report(opened.store, manifest)["card.html"]


@pytest.fixture
def told_corpus(corpus: Path, rewrite: Callable[..., Path]) -> Path:
    return rewrite(corpus, told)


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="explorer-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_explorer_finds_what_is_asked_for(told_corpus: Path, tmp_path: Path, browser: "Browser") -> None:
    (tmp_path / "card.html").write_text(card_of(told_corpus), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: wrong.append(asked.url) if asked.url.startswith("http") else None)
    page.goto(f"file://{tmp_path}/card.html")

    def hits(**asked: str) -> list[str]:
        page.click("#explorer button[type=reset]")
        page.wait_for_selector("#explorer-count:has-text('4 of 4')")
        for name, value in asked.items():
            field = page.locator(f"#explorer [name={name}]")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        return page.locator(".hit code").all_inner_texts()

    assert hits() == ["train0", "train1", "val0", "val1"]
    assert hits(words="ANGRY way") == ["train0"]
    assert hits(words="way nothing") == []
    assert hits(emotion="contempt") == ["train1"]
    assert hits(level="3") == ["val0"]
    assert hits(unit="12") == ["train1", "val1"]
    assert hits(confidence="0-49") == ["train0"]
    assert hits(confidence="75-89") == ["val0"]
    assert hits(flag="dark") == ["train0", "val0"]
    assert hits(flag="none") == ["train1", "val1"]
    assert hits(speaker="ad") == ["train0", "train1"]
    assert hits(speaker="ada", flag="dark", emotion="angry", words="way") == ["train0"]
    assert hits(speaker="ada", flag="none", emotion="angry") == []
    assert hits(words="way 2") == ["train0", "train1", "val0", "val1"]
    assert page.locator(".hit li").all_inner_texts() == [
        f"The person is {EMOTIONS[n]} in way 2." for n in range(4)
    ]
    assert page.locator(".hit mark").first.get_attribute("title") == "emotion: angry level 1"
    assert page.locator(".hit", has_text="<b>Eve</b>").count() == 1  # a name is a text, whatever it holds
    assert page.locator(".hit img").count() == 4  # the card's own thumbnails
    assert wrong == []
    page.close()


def test_the_explorer_shows_no_words_that_somebody_said(told_corpus: Path) -> None:
    data = json.dumps(data_of(card_of(told_corpus)))
    assert "in way 3" in data
    assert SECRET not in data
    assert "jpeg" not in data


def test_of_a_large_corpus_a_sample_is_in_the_page_and_it_says_so(
    told_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "labels of all clips." in card_of(told_corpus)
    monkeypatch.setattr(explorer, "MOST_CLIPS", 2)
    page = card_of(told_corpus)
    data = data_of(page)
    assert (len(data["rows"]), data["num_clips"]) == (2, 4)
    assert "labels of 2 of 4 clips, drawn by their ids" in page
    assert page == card_of(told_corpus)


def test_a_page_of_the_most_clips_stays_small() -> None:
    evidence = [{"kind": "emotion", "value": "happy level 2", "words": "happy"}]
    text = "The person is happy, slightly lowers the brows and strongly pulls up the lip corners."
    unit = {"unit": 12, "name": "lip corner puller", "intensity": 0.5, "level": "middle"}
    made = explorer.Explorer(num_clips=explorer.MOST_CLIPS)
    for number in range(explorer.MOST_CLIPS):
        made.add(
            {
                "clip_id": f"{number:040x}",
                "speaker": f"S{number}",
                "emotion": "happy",
                "emotion_level": 2,
                "confidence": 0.5,
                "flags": ["dark"],
                "corrected": None,
                "action_units": [unit] * 6,
                "sentences": [{"text": f"{number} {n} {text}", "evidence": evidence} for n in range(5)],
            }
        )
    assert 100_000 < len(json.dumps(made.data())) < 1_000_000
