"""Show: a plan, and what became of it, on the console."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from pipelines.estimate import Spent, estimate
from pipelines.partition import SHARD
from pipelines.rounds import Built, Plan
from style2talker.media.footage import Footage
from style2talker.weights.resolve import is_cached


def show_plan(console: Console, plan: Plan, out: str, workers: int) -> None:
    """What would run, why, how long it takes and what it writes."""
    request = plan.request
    num_bytes = sum(source.num_bytes for source in request.sources)
    console.print(
        f"{request.card.name}: {len(request.sources)} sources, {num_bytes / 1e6:.1f} MB, "
        f"{len(plan.partitions)} partitions -> {out} (profile {request.profile}); "
        f"{len(request.rejects)} files are rejected already.",
        markup=False,
    )
    footage = Footage(request.card.root)
    expected = estimate(plan.steps, plan.index, request.stages, plan.partitions, footage)
    table = Table("stage", "partitions", "why", "amount", "one worker", "writes", title="to do")
    by_stage = {spent.stage: spent for spent in expected}
    for stage in [*request.recipes, SHARD]:
        steps = [step for step in plan.steps if step.stage == stage]
        whys = Counter(step.why for step in steps)
        why = "\n".join(f"{why} ({count})" for why, count in whys.most_common())
        spent = by_stage.get(stage)
        table.add_row(stage, f"{len(steps)} of {len(plan.partitions)}", why, *_cells(spent))
    console.print(table)
    names = dict.fromkeys(name for stage in request.stages for name in stage.weights)
    models = [name if is_cached(name) else f"{name} (to be fetched)" for name in names]
    if models:
        console.print(f"models: {', '.join(models)}", markup=False)
    total_s = sum(spent.wall_s for spent in expected)
    if expected:
        guess = "" if all(spent.is_measured for spent in expected) else ", partly by rates of another machine"
        console.print(
            f"about {_time(total_s / workers)} with {workers} workers{guess}, and "
            f"{sum(spent.num_bytes for spent in expected) / 1e6:.1f} MB of work files."
        )
    else:
        console.print("Nothing to do." if not plan.steps else "No model runs; only shards are written.")
    for note in plan.notes:
        console.print(note, markup=False)
    for row in request.rejects[:20]:
        console.print(f"reject {row['source_uri']}: {row['kind']}, {row['message']}", markup=False)
    if len(request.rejects) > 20:
        console.print(f"... and {len(request.rejects) - 20} more")


def _cells(spent: Spent | None) -> tuple[str, str, str]:
    if spent is None:
        return "", "", ""
    unit = "MB" if spent.stage == "discover" else "s of clips"
    return f"{spent.amount:.1f} {unit}", _time(spent.wall_s), f"{spent.num_bytes / 1e6:.1f} MB"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def show_built(console: Console, built: Built, out: str) -> None:
    """What was done, predicted time beside the actual one."""
    manifest = built.manifest
    if built.spent:
        console.print(_spent_table(built.spent, built.expected))
    for note in built.notes:
        console.print(note, markup=False)
    rejects = sum(shard.rows for shard in manifest.of_kind("rejects"))
    console.print(
        f"{out}: {manifest.num_clips} clips, {manifest.duration_s:.0f} s, {rejects} rejects; see card.html.",
        markup=False,
    )


def _spent_table(spent: Sequence[Spent], expected: Sequence[Spent]) -> Table:
    """Predicted beside actual seconds of one worker, and how near a stage is to its function alone."""
    table = Table(
        "stage", "rows", "predicted", "actual", "floor", "actual / floor", "loading", title="workers' time"
    )
    foreseen = {item.stage: item for item in expected}
    for item in spent:
        predicted = foreseen.get(item.stage)
        table.add_row(
            item.stage,
            str(item.num_rows),
            _time(predicted.wall_s) if predicted else "",
            _time(item.wall_s),
            _time(item.work_s),
            f"{item.wall_s / item.work_s:.2f}" if item.work_s else "",
            _time(item.load_s) if item.load_s else "",
        )
    return table
