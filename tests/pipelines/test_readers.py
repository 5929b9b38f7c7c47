"""Readers: what a tree of empty files becomes, and that nothing of it gets lost without a word."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.readers import Inventory, read_items
from style2talker.corpus.card import parse_card
from style2talker.corpus.schema import REJECTS


def read(root: Path, files: Mapping[str, str | bytes], **card: Any) -> Inventory:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_items(parse_card({"name": "x", **card}, folder=root, source="x"))


def kinds(inventory: Inventory) -> Counter[str]:
    return Counter(row["kind"] for row in inventory.rejects)


def test_a_bare_folder_is_its_videos(tmp_path: Path) -> None:
    inventory = read(tmp_path, {"b.mp4": "", "a/c.MOV": "", "notes.txt": "", ".hidden.mp4": ""})
    assert [item.uri for item in inventory.items] == ["a/c.MOV", "b.mp4"]
    assert [item.speaker for item in inventory.items] == ["c", "b"]
    assert (inventory.expected, inventory.found, inventory.missing) == (None, 2, 0)
    assert inventory.rejects == ()


def test_rejects_have_the_columns_of_the_schema(tmp_path: Path) -> None:
    inventory = read(tmp_path, {"a.mp4": ""}, exclude={"a.mp4": "it is silent"})
    [row] = inventory.rejects
    assert list(row) == REJECTS.names
    assert (row["kind"], row["message"]) == ("excluded", "It is silent")
    assert inventory.found == 1
