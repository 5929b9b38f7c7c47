"""Reads every sentence of a corpus back and compares it with its evidence, and that with the clip's labels.

Truth     the rows themselves: emotion, emotion_level, action_units and transcript of each clip. The reader is
          style2talker.emotion.parse, which knows the published vocabulary and not the grammar; which words
          carry meaning is decided here, by a list of function words and nothing else.
Run       python benchmarks/sentences.py CORPUS
Exits     1 if a sentence claims anything but its evidence, or if two of a clip share too many words
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from style2talker.corpus.reader import Corpus
from style2talker.emotion.evidence import Evidence
from style2talker.emotion.parse import parse_sentence, violations
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS

COLUMNS = (
    "clip_id",
    "emotion",
    "emotion_level",
    "action_units",
    "transcript",
    "sentences",
    "sentence_sources",
)
MOST_SHARED = 0.5
MANY = 6
_FUNCTION_WORDS = """
a an the this that these those it its here there who whom whose which what and or with while as at of in on by
to from for into over through during throughout then when where how so such is are was be being been has have
having had do does would can could will may might up down out their they them
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


@dataclass
class Found:
    """What the sentences of a corpus are like."""

    clips: int = 0
    texts: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    pairs: dict[tuple[str, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pair_clips: Counter[tuple[str, int]] = field(default_factory=Counter)
    shared: list[float] = field(default_factory=list)
    units: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def content_words(text: str) -> set[str]:
    """All words outside of the quotation that are no function words, as they are written."""
    return set(re.findall(r"[a-z]+(?:['’-][a-z]+)*", re.sub(r'"[^"]*"', "", text.lower()))) - FUNCTION_WORDS


def labels_of(row: dict[str, Any]) -> set[tuple[str, str]]:
    """(kind, value) of everything that may be said of the clip."""
    labels = {("emotion", f"{row['emotion']} level {row['emotion_level']}")}
    labels.add(("transcript", row["transcript"].strip()))
    for unit in row["action_units"]:
        side = unit["name"].split()[0]
        code = {"left": "L", "right": "R"}.get(side, "AU")
        labels.add(("action_unit", f"{code}{unit['unit']} {unit['level']}"))
    return labels


def look(row: dict[str, Any], found: Found) -> None:
    """Add a clip to what was found."""
    pair, labels = (row["emotion"], row["emotion_level"]), labels_of(row)
    found.clips += 1
    found.pair_clips[pair] += 1
    found.sources.update(row["sentence_sources"] or ["not known"] * len(row["sentences"]))
    for sentence in row["sentences"]:
        text, evidence = sentence["text"], tuple(Evidence(**entry) for entry in sentence["evidence"])
        wrong = violations(text, evidence)
        wrong += [
            f"has evidence of {entry.value}, which the clip's labels lack"
            for entry in evidence
            if (entry.kind, entry.value) not in labels
        ]
        if not text.strip() or not any(entry.kind == "emotion" for entry in evidence):
            wrong.append("names no emotion")
        found.problems += [f"{row['clip_id']}: {text!r} {problem}" for problem in wrong]
        found.texts[text] += 1
        found.words.update(content_words(text))
        claims = parse_sentence(text)
        found.units[len(claims.units)] += 1
        found.pairs[pair].update(word.lower() for word in claims.emotion_words)
    words = [content_words(sentence["text"]) for sentence in row["sentences"]]
    for one, other in combinations(words, 2):
        share = len(one & other) / max(min(len(one), len(other)), 1)
        found.shared.append(share)
        if share > MOST_SHARED:
            both = ", ".join(sorted(one & other))
            found.problems.append(f"{row['clip_id']}: two sentences share {share:.0%} of their words: {both}")


def report(found: Found, console: Console) -> None:
    """Print it."""
    total = sum(found.texts.values())
    table = Table("what", "figure", title=f"{total} sentences of {found.clips} clips")
    table.add_row("violations", f"{len(found.problems)}")
    table.add_row("different sentences", f"{len(found.texts)} ({len(found.texts) / max(total, 1):.1%})")
    for source, number in found.sources.most_common():
        table.add_row(f"written by {source}", f"{number / max(total, 1):.1%}")
    if found.shared:
        mean = sum(found.shared) / len(found.shared)
        table.add_row(
            "content words that two of a clip share", f"mean {mean:.0%}, most {max(found.shared):.0%}"
        )
    named = ", ".join(f"{number}: {found.units[number] / total:.0%}" for number in sorted(found.units))
    table.add_row("action units named in a sentence", named)
    table.add_row(
        "most used words", ", ".join(f"{w} {n / total:.0%}" for w, n in found.words.most_common(12))
    )
    console.print(table)
    grid = Table(
        "emotion", *(f"level {level}: clips, words" for level in LEVELS), title="words for each pair"
    )
    for emotion in EMOTIONS:
        cells = [f"{found.pair_clips[emotion, n]:4d} {len(found.pairs[emotion, n]):3d}" for n in LEVELS]
        grid.add_row(emotion, *cells)
    console.print(grid)
    rich = sum(len(found.pairs[emotion, level]) >= MANY for emotion in EMOTIONS for level in LEVELS)
    console.print(f"{rich} of {len(EMOTIONS) * len(LEVELS)} pairs occur with at least {MANY} words")
    for problem in found.problems[:20]:
        console.print(problem, style="red", markup=False, highlight=False)


def main(corpus: Annotated[Path, typer.Argument(help="The corpus.")]) -> None:
    """Check every sentence of a corpus."""
    found = Found()
    for row in Corpus.open(str(corpus)).clips(columns=COLUMNS):
        look(row, found)
    report(found, Console())
    raise typer.Exit(bool(found.problems) or not found.clips)


if __name__ == "__main__":
    typer.run(main)
