"""Read training curves back from TensorBoard event files, for reports."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

MOST_POINTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One scalar over training: (step, value) pairs, smoothed by a running mean to at most 200 points."""

    name: str
    points: tuple[tuple[float, float], ...]

    @property
    def first(self) -> float:
        """Mean of the first tenth."""
        return self._mean(self.points[: max(1, len(self.points) // 10)])

    @property
    def last(self) -> float:
        """Mean of the last tenth."""
        return self._mean(self.points[-max(1, len(self.points) // 10) :])

    def polyline(self, width: int, height: int) -> str:
        """The curve as an SVG `points` attribute that fills a box of `width` x `height`."""
        step_n, value_n = np.asarray(self.points).T
        x_n = (step_n - step_n[0]) / (np.ptp(step_n) or 1) * width
        y_n = height - (value_n - value_n.min()) / (np.ptp(value_n) or 1) * height
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(x_n, y_n, strict=True))

    @staticmethod
    def _mean(points: tuple[tuple[float, float], ...]) -> float:
        return float(np.mean([value for _, value in points]))


def read_curves(run_dir: Path) -> list[Curve]:
    """All scalars with at least two points that the event files under `run_dir` hold, by name."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for events in sorted(run_dir.rglob("events.out.tfevents.*")):
        accumulator = EventAccumulator(str(events), size_guidance={"scalars": 0}).Reload()
        for tag in accumulator.Tags()["scalars"]:
            curves.setdefault(tag, []).extend((s.step, s.value) for s in accumulator.Scalars(tag))
    return [
        Curve(name=name, points=_thin(sorted(points)))
        for name, points in sorted(curves.items())
        if len(points) > 1
    ]


def _thin(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    chunks = np.array_split(np.asarray(points), min(MOST_POINTS, len(points)))
    return tuple((float(step), float(value)) for step, value in (chunk.mean(axis=0) for chunk in chunks))
