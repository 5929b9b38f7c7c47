"""The faults that builds survive, done for real, and the table of docs/reliability.md from what happened.

    python benchmarks/faults.py            # runs tests/faults and writes the table; -k NAME runs some of them

A test says in `row` what it did, what the build did, and what came of it. Some need root: a small disk is
mounted, memory is limited by a control group. Where that is refused, the table says so.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- table: python benchmarks/faults.py -->\n", "<!-- end of the table -->\n"


class Table:
    """A pytest plugin that keeps the rows."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str]] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        test = report.nodeid.rpartition("/")[2].replace("::", " ")
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.rows.append((_words(test), reason.removeprefix("Skipped: "), "not run here", test))
        elif report.failed:
            self.rows.append((_words(test), "", "**failed**", test))
        elif report.when == "call":
            self.rows += [(*row, test) for name, row in report.user_properties if name == "row"]

    def to_markdown(self) -> str:
        head = "| fault | what happens | result | test |\n|---|---|---|---|\n"
        return head + "".join(f"| {' | '.join(map(_cell, row[:3]))} | `{row[3]}` |\n" for row in self.rows)


def _words(test: str) -> str:
    return test.partition(" test_")[2].replace("_", " ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(arguments: list[str]) -> int:
    table = Table()
    status = pytest.main([str(ROOT / "tests" / "faults"), "--durations=0", *arguments], plugins=[table])
    text = table.to_markdown()
    if arguments:
        print(text)  # some of the tests only: not what the page promises
    else:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(before + BEGIN + text + END + after, encoding="utf-8")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
