"""What a running build has done so far: counted in one small actor, shown as progress bars."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from style2talker.progress import progress_bar


@dataclass(slots=True)
class Count:
    """Rows of one stage; `busy_s` is from its first row's start to its last row's end."""

    expected: int = 0
    finished: int = 0
    started_s: float = 0.0
    busy_s: float = 0.0

    @property
    def rate(self) -> float | None:
        return self.finished / self.busy_s if self.busy_s > 0 else None


class Tally:
    """Counts per stage, kept in one small actor that the stages report to and the driver looks at."""

    def __init__(self) -> None:
        self._counts: dict[str, Count] = {}

    def add(self, stage: str, *, expected: int = 0, finished: int = 0, starts: bool = False) -> None:
        count = self._counts.setdefault(stage, Count())
        count.expected += expected
        count.finished += finished
        if starts and not count.started_s:
            count.started_s = time.monotonic()
        if finished:
            count.busy_s = time.monotonic() - count.started_s

    def read(self) -> dict[str, Count]:
        return self._counts


@contextmanager
def shown_progress(ray: Any, tally: Any, num_sources: int, names: Sequence[str]) -> Iterator[None]:
    """Bars that follow the tally until the block ends; stages without work show none.

    Args:
        tally: handle of a `Tally` actor.
        num_sources: what `discover` has before it; the other stages' totals grow as it announces clips.
        names: the stages, in order.
    """
    stop = threading.Event()
    with progress_bar() as bar:
        tasks = {
            name: bar.add_task(name, total=None, unit="clips", rate=None, visible=False) for name in names
        }
        bar.update(tasks["discover"], total=num_sources, unit="sources", visible=num_sources > 0)

        def look() -> None:
            counts: Mapping[str, Count] = ray.get(tally.read.remote())
            for name, count in counts.items():
                total = count.expected + (num_sources if name == "discover" else 0)
                bar.update(
                    tasks[name], total=total, completed=count.finished, rate=count.rate, visible=total > 0
                )

        def watch() -> None:
            while not stop.wait(0.3):
                look()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        look()
