"""A person reviews a corpus in a real browser, by keyboard alone."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from style2talker.corpus.corrections import UnitMark, read_corrections, read_history
from style2talker.corpus.uri import open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZE_PX = {"width": 1280, "height": 800}


@contextmanager
def review(corpus: Path, *words: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The command as a person starts it: its address, and the process."""
    command = [sys.executable, "-c", "from style2talker.cli import main; main()", "review", str(corpus)]
    with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:\d+/\S+", said)):
            line = process.stdout.readline()
            assert line, f"it ended: {said}"
            said += line
        try:
            yield found.group(), process
        finally:
            process.terminate()


UNTIL = """new Promise((resolve, reject) => {
  const late = performance.now() + 60000;
  const look = () => (TRUTH) ? resolve() : performance.now() > late ? reject() : requestAnimationFrame(look);
  look();
})"""


def until(page: "Page", truth: str) -> None:
    """Wait until an expression holds; Playwright's own way evaluates text, which the page forbids."""
    page.evaluate(UNTIL.replace("TRUTH", truth))


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    context = browser.new_context(viewport=SIZE_PX)
    page = context.new_page()
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: wrong.append(asked.url) if "127.0.0.1" not in asked.url else None)
    yield page
    context.close()
    assert wrong == []  # no script broke, the content policy had nothing to refuse, nothing came from outside


def test_open_play_correct_undo_correct_finish(corpus: Path, page: "Page") -> None:
    store = open_store(str(corpus))
    shards = {path: path.read_bytes() for path in corpus.rglob("*") if path.is_file()}
    with review(corpus, "--author", "Ada") as (address, process):
        page.goto(address)
        assert page.title().startswith("surprised, clip 1 of 4")
        assert "face voice disagree" in page.inner_text(".flags")

        # play: the movie moves, has sound, and can be sought, which takes Range requests
        page.keyboard.press("Space")
        until(page, "movie.currentTime > 0.3")
        assert page.evaluate("movie.videoWidth") == 256
        until(page, "movie.webkitAudioDecodedByteCount > 0")
        until(page, "document.querySelector('.word.now') !== null")
        page.keyboard.press("Space")
        assert page.evaluate("movie.paused")
        page.evaluate("movie.currentTime = movie.duration - 0.2")
        until(page, "!movie.seeking && movie.currentTime > movie.duration - 0.3")

        # correct: emotion, level and one unit of one side
        for key in ("8", "e", "a", "ArrowRight", "ArrowRight", "s"):
            page.keyboard.press(key)
        assert "Not saved yet" in page.inner_text("#status")
        page.keyboard.press("n")
        assert page.title().startswith("surprised, clip 1")  # what is not saved is not lost by going on
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        page.wait_for_url("**/clip/2")
        assert read_corrections(store)["val1"].emotion == "angry"
        assert page.inner_text("#status") == "Saved. Clip 1: angry, extreme."

        # undo, and look: the clip is as the models have it
        page.keyboard.press("u")
        page.wait_for_url("**/clip/1")
        assert page.inner_text("#status").startswith("Taken back")
        assert page.is_checked("input[value=surprised]")
        assert read_corrections(store) == {}

        # correct again, with words and a note
        for key in ("7", "q", "t"):
            page.keyboard.press(key)
        page.keyboard.press("Control+A")
        page.keyboard.type("The water began to boil.")
        page.keyboard.press("Enter")
        page.keyboard.press("o")
        page.keyboard.type("tears")
        page.keyboard.press("Enter")
        page.wait_for_url("**/clip/2")
        page.keyboard.press("k")
        page.wait_for_url("**/clip/3")
        page.keyboard.press("d")
        page.wait_for_url("**/clip/4")
        page.keyboard.press("f")
        page.wait_for_url("**/finish")
        counts = [page.inner_text(f"#num-{name}") for name in ("kept", "dropped", "left")]
        assert counts == ["2", "1", "1"]
        assert page.evaluate(CONTRAST) == []
        command = page.inner_text("#command")
        assert command.startswith("style2talker build")
        assert command.endswith(f"--out {corpus}")
        page.keyboard.press("Enter")  # the focus is on the button that ends it
        page.wait_for_selector("text=Everything is saved")
        assert process.wait(60) == 0

    history = read_history(store)
    assert [(said.clip_id, said.verdict) for said in history] == [
        ("val1", "keep"), ("val1", "withdraw"), ("val1", "keep"), ("train1", "keep"), ("val0", "drop"),
    ]  # fmt: skip
    assert {said.author for said in history} == {"Ada"}
    first, last, kept = history[0], history[2], history[3]
    assert (first.emotion, first.level) == ("angry", 3)
    assert set(first.action_units or ()) == {UnitMark(1, "left", "middle"), UnitMark(12, "both", "middle")}
    assert (last.emotion, last.level, last.action_units) == ("sad", 1, None)
    assert (last.transcript, last.note) == ("The water began to boil.", "tears")
    assert (kept.emotion, kept.level, kept.transcript) == ("happy", 3, None)
    assert {path: path.read_bytes() for path in shards} == shards


def test_the_page_reads_without_a_mouse_and_fits_a_laptop(corpus: Path, page: "Page") -> None:
    with review(corpus, "--author", "Ada") as (address, _):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZE_PX["width"]
            bottom = page.evaluate("document.getElementById('save').getBoundingClientRect().bottom")
            assert bottom <= SIZE_PX["height"]
            assert page.evaluate(CONTRAST) == []
        unlabelled = page.evaluate(
            "[...document.querySelectorAll('input, textarea, button, progress, meter, [role=slider], video')]"
            ".filter(e => !(e.labels?.length || e.ariaLabel || e.innerText.trim())).map(e => e.outerHTML)"
        )
        assert unlabelled == []
        page.keyboard.press("?")
        assert page.is_visible("#help")
        page.keyboard.press("d")  # keys do nothing behind the dialog
        page.uncheck("#keys")
        page.keyboard.press("Escape")
        assert not page.is_visible("#help")
        page.keyboard.press("d")  # nor where somebody switched them off (WCAG 2.1.4)
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
        assert {
            "play",
            "seek",
            "transcript",
            "unit",
            "note",
            "save",
            "keep",
            "drop",
            "undo",
            "next",
        } <= reached
        page.keyboard.press("Escape")
    assert read_history(open_store(str(corpus))) == []


CONTRAST = """() => {
  const luminance = (rgb) => {
    const part = rgb.map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  };
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest("svg, dialog, script") || !element.getClientRects().length) continue;
    const pair = [luminance(colour(getComputedStyle(element).color).slice(0, 3)), luminance(ground(element))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) low.push(`${element.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
  }
  return low;
}"""
"""Texts below the contrast of 4.5 to 1 that WCAG 2 (AA) asks for."""
