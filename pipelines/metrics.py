"""Metrics: counters that Ray's agent on each node offers to Prometheus, see docs/ray_cluster.md.

Ray puts `ray_` before the names. A counter only grows, and starts anew with each process; the rate is for the
reader to take: `sum by (stage) (rate(ray_style2talker_clips_total[5m]))` is clips per second.
"""

import sys
from functools import cache
from typing import Any

COUNTERS = {
    "style2talker_clips_total": ("Rows that a stage has finished, sources for discover.", ("stage",)),
    "style2talker_rejects_total": ("Rows that a stage has rejected, by kind.", ("stage", "kind")),
    "style2talker_work_seconds_total": ("Time that a stage's processes spent on their rows.", ("stage",)),
}


def count_rows(stage: str, num_rows: int = 1, *, work_s: float = 0.0) -> None:
    """Count rows that are finished, and the time spent on them. Nothing happens outside of Ray."""
    _add("style2talker_clips_total", num_rows, stage=stage)
    _add("style2talker_work_seconds_total", work_s, stage=stage)


def count_reject(stage: str, kind: str) -> None:
    """Count a row that is rejected. Nothing happens outside of Ray."""
    _add("style2talker_rejects_total", 1, stage=stage, kind=kind)


def _add(name: str, amount: float, **tags: str) -> None:
    ray: Any = sys.modules.get("ray")  # without a session it need not be imported either
    if ray is not None and ray.is_initialized() and amount > 0:
        _counter(name).inc(amount, tags)


@cache
def _counter(name: str) -> Any:
    from ray.util.metrics import Counter

    description, tag_keys = COUNTERS[name]
    return Counter(name, description=description, tag_keys=tag_keys)
