"""One progress bar for every long step: description, count, rate and time left."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Item = TypeVar("Item")


class RateColumn(ProgressColumn):
    """Finished items per second, in the task's own unit; a field `rate` overrides what the bar measured."""

    def render(self, task: Task) -> Text:
        speed = task.fields.get("rate") or task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} {task.fields.get('unit', 'items')}/s")


def progress_bar() -> Progress:
    """A rich progress display; `add_task(description, total=..., unit="clips")` adds a row with its rate."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )


def track(
    items: Iterable[Item], description: str, *, total: int | None = None, unit: str = "items"
) -> Iterator[Item]:
    """Yield `items` while showing how many are done and how fast."""
    with progress_bar() as bar:
        task = bar.add_task(description, total=total, unit=unit)
        for item in items:
            yield item
            bar.advance(task)
