"""The import rules of the house: all that passes between `pipelines` and `training` is the corpus."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "style2talker": {"ray", "lightning", "pytorch_lightning"},
    "pipelines": {"training", "lightning", "pytorch_lightning"},
    "training": {"pipelines", "ray"},
}
LAZY_ROOMS = ("pipelines", "training")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Top-level package of every import, and whether it runs when the module is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            yield name.split(".")[0], id(node) not in inside


@pytest.mark.parametrize("room", FORBIDDEN)
def test_no_room_imports_what_belongs_to_another(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for name, _ in imports(path)
        if name in FORBIDDEN[room]
    ]
    assert not found


def test_only_the_command_line_reaches_the_jobs_and_only_when_called() -> None:
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / "style2talker").rglob("*.py"))
        for name, at_import in imports(path)
        if name in LAZY_ROOMS and (at_import or path.parent.name != "cli")
    ]
    assert not found
