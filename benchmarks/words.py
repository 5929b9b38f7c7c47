"""Word error rate of a corpus's transcripts against known truth, per source.

Truth     for twin footage: the `.truth.json` beside each clip; for other footage: a table with one
          `file name <tab> transcript` per line
Run       python benchmarks/words.py --corpus demo/corpus --footage demo/footage
          python benchmarks/words.py --corpus demo-videos/corpus --truth grid.tsv
"""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from torchmetrics.functional.text import word_error_rate

from style2talker.corpus.reader import Corpus

DIGITS = dict(
    zip(
        "0123456789",
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        strict=True,
    )
)


def normal(text: str) -> str:
    """Lower case, no punctuation, digits as words: `F2` and `f two` are the same words."""
    text = re.sub(r"\d", lambda digit: f" {DIGITS[digit.group()]} ", text.lower().replace("'", ""))
    return " ".join(re.findall(r"[a-z]+", text))


def known_words(footage: Path | None, truth: Path | None) -> dict[str, str]:
    """Transcript by file name."""
    known = {}
    if footage is not None:
        for sidecar in sorted(footage.rglob("*.truth.json")):
            known[sidecar.name.replace(".truth.json", ".mp4")] = json.loads(sidecar.read_text())["transcript"]
    if truth is not None:
        known |= dict(line.split("\t", 1) for line in truth.read_text().splitlines() if "\t" in line)
    return known


def main(
    corpus: Annotated[str, typer.Option(help="URI of the corpus.")],
    footage: Annotated[Path | None, typer.Option(help="Twin footage with its truth files.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Table of file name and transcript.")] = None,
) -> None:
    known = known_words(footage, truth)
    heard: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for row in Corpus.open(corpus).clips(columns=["source_uri", "start_s", "transcript"]):
        heard[Path(row["source_uri"]).name].append((row["start_s"], row["transcript"]))
    pairs = {
        name: (normal(" ".join(text for _, text in sorted(heard[name]))), normal(known[name]))
        for name in sorted(known)
        if name in heard
    }
    if not pairs:
        raise SystemExit("no clip of this corpus has a known transcript; give --footage or --truth")
    table = Table("source", "word error rate", "heard", "truth")
    for name, (said, true) in pairs.items():
        rate = float(word_error_rate(said, true))
        if rate > 0:
            table.add_row(name, f"{100 * rate:.0f} %", said, true)
    console = Console()
    console.print(table)
    said, true = zip(*pairs.values(), strict=True)
    rate = float(word_error_rate(list(said), list(true)))
    console.print(
        f"word error rate {100 * rate:.1f} % over {len(pairs)} sources; perfect ones are not listed"
    )


if __name__ == "__main__":
    typer.run(main)
