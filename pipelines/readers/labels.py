"""The labels file: what a CSV table or JSON lines say about single files beyond what their paths can."""

import csv
import io
import json
from collections.abc import Container, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from pipelines.readers.item import Tree, reject
from pipelines.stage import Row
from style2talker.corpus.card import Card
from style2talker.corpus.card_check import nearest
from style2talker.corpus.splits import SPLITS
from style2talker.errors import UserError

COLUMNS = (
    "file", "speaker", "emotion", "level", "split", "licence", "commercial_use", "redistribution", "consent",
)  # fmt: skip
OWN_NAMES = ("labels.csv", "labels.jsonl")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_labels(card: Card, tree: Tree) -> dict[str, dict[str, Any]]:
    """The rows by the path they are about; an empty cell says nothing.

    A file with the default `labels_path` is in our own format: any other column is an error. Of a dataset's
    own table only the columns of the same names are taken, the others serve the template.

    Raises:
        UserError: the file is missing or two are there, it is no table, or a row is wrong or said twice.
    """
    name = _name_of(card, tree)
    if name is None:
        return {}
    is_own = card.labels_path == Card.__dataclass_fields__["labels_path"].default
    try:
        text = tree.read(name).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not text in UTF-8 ({error.reason} at byte {error.start}).") from error
    rows: dict[str, dict[str, Any]] = {}
    for where, said in _json_lines(name, text) if name.endswith(".jsonl") else _table(name, text):
        if is_own and (unknown := [key for key in said if key not in COLUMNS]):
            raise UserError(
                f"{where} has the unknown column {unknown[0]!r}; the nearest is "
                f"{nearest(unknown[0], COLUMNS)!r}, and there are {', '.join(COLUMNS)}."
            )
        said = {key: value for key, value in said.items() if value not in (None, "")}
        try:
            uri = PurePosixPath(card.labels_path.format_map(said)).as_posix()
        except KeyError as error:
            raise UserError(f"{where} has no {error.args[0]!r}; each row names its file.") from error
        row = {key: _value(key, said[key], where) for key in COLUMNS[1:] if key in said}
        if "level" in row and card.level_of(row["level"]) is None:
            raise UserError(f"{where}: level is {row['level']!r}, expected 1, 2, 3 or a word of `levels`.")
        if rows.setdefault(uri, row) != row:
            raise UserError(f"{where} says otherwise about {uri} than a row before; keep one of the two.")
    return rows


def unused(card: Card, tree: Tree, labels: Iterable[str], known: Container[str]) -> list[Row]:
    """Rejects for the rows of the labels file that are about no file of the corpus.

    Args:
        labels: the paths that the rows are about.
        known: the paths of the items and of the rejects that there are already.

    Returns:
        Kind `missing`: the file is not there; `excluded`: it is, but the card does not ask for it.
    """
    asked = f"the card's glob {card.glob!r} does not match it" if card.glob else "it has no video suffix"
    return [
        reject(uri, "excluded", f"The labels file names it, but {asked}.")
        if uri in tree
        else reject(uri, "missing", "The labels file names it, but it is not there.")
        for uri in sorted(labels)
        if uri not in known
    ]


def _name_of(card: Card, tree: Tree) -> str | None:
    there = [name for name in OWN_NAMES if name in tree]
    if card.labels_file is not None:
        if card.labels_file not in tree:
            raise UserError(
                f"card {card.name!r}: labels_file {card.labels_file!r} is not below {card.root}; put it "
                "there, or take labels_file and labels_path out of the card to go by the paths alone."
            )
        return card.labels_file
    if len(there) > 1:
        raise UserError(f"{card.root} has both {' and '.join(there)}; keep one, or name it as labels_file.")
    return there[0] if there else None


def _table(name: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        for said in reader:
            where = f"{name} line {reader.line_num}"
            if None in said or None in said.values():
                raise UserError(f"{where} has not as many cells as the header; look for a stray comma.")
            yield where, said
    except csv.Error as error:
        raise UserError(f"{name} line {reader.line_num} is not CSV ({error}).") from error


def _json_lines(name: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{name} line {number}"
        try:
            said = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{where} is not JSON ({error}).") from error
        if not isinstance(said, dict):
            raise UserError(f"{where} is {line.strip()[:40]!r}, expected an object with a `file`.")
        yield where, said


def _value(key: str, value: Any, where: str) -> Any:
    if key in ("commercial_use", "redistribution"):
        flag = value if isinstance(value, bool) else _FLAGS.get(str(value).lower())
        if flag is None:
            raise UserError(f"{where}: {key} is {value!r}, expected true or false.")
        return flag
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise UserError(f"{where}: {key} is {value!r}, expected a word.")
    if key == "split" and value not in SPLITS:
        raise UserError(f"{where}: there is no split {value!r}; use {', '.join(SPLITS)}.")
    return str(value)
