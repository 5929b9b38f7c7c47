"""The ledger: bring one partition through one stage, row by row, and commit what came of it as one file.

A row that fails is data; what is no fault of the row stops the build. Nothing here knows Ray.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

import av
import cv2

from pipelines.joined import joined_rows, kept_clips
from pipelines.outside import contexts, digests
from pipelines.partition import OUTSIDE, Partition, inputs_of
from pipelines.reuse import Earlier, Outcome
from pipelines.sources import reject_row
from pipelines.stage import Row, Stage, Work, units_of
from pipelines.workfile import FOOTER_KEY, Effort, Footer, footer_text, ids_sha256, read_footer
from style2talker.corpus.shard import CLIPS_PER_GROUP, FRAMES_PER_GROUP, ShardWriter
from style2talker.corpus.uri import Store, is_environment_fault
from style2talker.errors import Reject, UserError

TRANSIENT = frozenset({"vanished", "unreadable", "changed"})
"""Kinds that say something about the moment, not the file: such a row is looked at again by every build."""
ROW_ERRORS = (av.FFmpegError, cv2.error, OSError, ValueError, ArithmeticError, RuntimeError)
"""What broken media and numbers raise, RuntimeError from the native code of LiteRT, CTranslate2 and torch.
Anything else is a fault of the program and stops the build."""


OnRow = Callable[[Outcome, float], None]
"""Who wants to know of each row: its outcome and the seconds of work, of a batch's by the rows' amounts;
copied rows have none."""


def run_stage(
    stage: Stage,
    load: Callable[[], Work],
    partition: Partition,
    store: Store,
    *,
    on_row: OnRow = lambda outcome, seconds: None,
) -> Footer:
    """Make the work file of a stage: copy what older files of the same recipe know, compute the rest.

    Args:
        load: gives the stage's function; called only if there is something to compute.

    Raises:
        DamagedError: a file that is read is broken.
        FileNotFoundError: one that is read is not there.
        UserError: missing weights, a full disk and the like: no fault of a row.
    """
    started_s = time.monotonic()
    inputs = {name: read_footer(store, partition.file(name)).clips_sha256 for name in inputs_of(stage)}
    if stage.told:
        inputs[OUTSIDE] = partition.outside_sha256
    given = _given(stage, partition, store)
    key = "source_id" if stage.name == "discover" else "clip_id"
    wanted = _wanted(stage, partition, given)
    earlier = Earlier(
        store, partition.older.get(stage.name, ()), key=key, wanted=wanted, again=partition.again
    )
    missing = {row[key] for row in given} - earlier.known
    full = iter(given) if stage.name == "discover" else joined_rows(store, partition, stage.reads, missing)
    context_of = contexts(partition, store)
    kept_ids: list[str] = []
    rejects: list[Row] = []
    num_rows, amount, load_s, work_s, clips_s = 0, 0.0, 0.0, 0.0, 0.0
    with (
        store.writing(partition.file(stage.name)) as scratch,
        ShardWriter(scratch, schema=stage.schema, rows_per_group=_rows_per_group(stage)) as writer,
    ):
        for chunk in _chunks(stage, given, missing):
            rows = [row for row in chunk if row[key] in missing]
            computed: dict[str, tuple[Outcome, float]] = {}
            if rows:
                load_started_s = time.monotonic()
                work = load()
                work_started_s = time.monotonic()
                load_s += work_started_s - load_started_s
                if stage.name != "discover":
                    rows = [_advance(full, row) for row in rows]
                told = [row | {"context": context_of(row)} for row in rows] if stage.told else rows
                outcomes = attempt(stage, work, told)
                spent_s, amounts = time.monotonic() - work_started_s, [amount_of(row) for row in rows]
                num_rows, amount, work_s = num_rows + len(rows), amount + sum(amounts), work_s + spent_s
                shares_s = [spent_s * each / max(sum(amounts), 1e-9) for each in amounts]
                computed = {
                    row[key]: done
                    for row, done in zip(rows, zip(outcomes, shares_s, strict=True), strict=True)
                }
            for row in chunk:
                copied = earlier.take(row[key])
                outcome, seconds = computed[row[key]] if copied is None else (_adapted(copied, row), 0.0)
                for kept in outcome.rows:
                    writer.write(kept)
                    kept_ids.append(kept["clip_id"])
                    clips_s += kept["end_s"] - kept["start_s"] if stage.name == "discover" else 0.0
                rejects += outcome.rejects
                on_row(outcome, seconds)
        wall_s = time.monotonic() - started_s - load_s
        effort = Effort(num_rows=num_rows, amount=amount, work_s=work_s, wall_s=wall_s, load_s=load_s)
        footer = Footer(
            num_rows=len(kept_ids),
            num_given=len(given),
            clips_sha256=ids_sha256([wanted[i] for i in kept_ids] if stage.told else kept_ids),
            inputs=inputs,
            sources=tuple(dict.fromkeys(content for content in wanted.values() if content)),
            clips_s=round(clips_s, 3),
            rejects=tuple(rejects),
            effort=effort,
            measured=effort if num_rows else earlier.measured,
        )
        writer.metadata({FOOTER_KEY.decode(): footer_text(footer)})
    return footer


def _rows_per_group(stage: Stage) -> int:
    return FRAMES_PER_GROUP if "jpeg" in stage.schema.names else CLIPS_PER_GROUP


def amount_of(row: Row) -> float:
    """What the time that a row takes is proportional to: seconds of a clip, megabytes of a source."""
    return row["num_bytes"] / 1e6 if "num_bytes" in row else row["end_s"] - row["start_s"]


def _given(stage: Stage, partition: Partition, store: Store) -> list[Row]:
    """The rows that a stage is given, without the large columns."""
    if stage.name == "discover":
        return [source.row() for source in partition.sources]
    return kept_clips(store, partition, inputs_of(stage))


def _wanted(stage: Stage, partition: Partition, given: Sequence[Row]) -> dict[str, str]:
    """The keys of the rows, and what each rests on besides itself: nothing, but where the grain is a source.

    For discover that is the source's content, for a stage that takes sources whole, all of its clips, and
    for one that is told of what lies outside the clip, that.
    """
    if stage.told:
        return digests(partition, given)
    if stage.name == "discover":
        return {source.source_id: source.content() for source in partition.sources}
    if stage.grain == "clip":
        return dict.fromkeys((row["clip_id"] for row in given), "")
    units = [[row["clip_id"] for row in unit] for unit in units_of(stage, given)]
    return {clip_id: ids_sha256(ids) for ids in units for clip_id in ids}


def _chunks(stage: Stage, given: Sequence[Row], missing: set[str]) -> Iterator[list[Row]]:
    """The rows in order, in pieces of whole units with up to `batch_size` rows to compute, or of one unit."""
    key = "source_id" if stage.name == "discover" else "clip_id"
    chunk: list[Row] = []
    num_missing = 0
    for unit in units_of(stage, given):
        more = sum(row[key] in missing for row in unit)
        if more and num_missing + more > stage.batch_size and num_missing:
            yield chunk
            chunk, num_missing = [], 0
        chunk, num_missing = [*chunk, *unit], num_missing + more
    if chunk:
        yield chunk


def _advance(rows: Iterator[Row], row: Row) -> Row:
    found = next(rows)
    assert found["clip_id"] == row["clip_id"], "work files of one partition hold their clips in one order"
    return found


def _adapted(outcome: Outcome, row: Row) -> Outcome:
    """A copied outcome for a source that may have been renamed since."""
    place = {name: row[name] for name in ("source_uri", "audio_uri") if name in row}
    rows = [{name: place.get(name, value) for name, value in kept.items()} for kept in outcome.rows]
    rejects = [_renamed(reject, row["source_uri"]) for reject in outcome.rejects]
    return Outcome(rows=rows, rejects=rejects)


def _renamed(reject: Row, uri: str) -> Row:
    """The reject under the source's name of now, also in its message."""
    old, new = PurePosixPath(reject["source_uri"]).name, PurePosixPath(uri).name
    return {**reject, "source_uri": uri, "message": reject["message"].replace(old, new)}


def attempt(stage: Stage, work: Work, rows: Sequence[Row]) -> list[Outcome]:
    """Put rows through the stage's function; every way in which a row can fail becomes its reject.

    A batch that fails is tried again in halves, until what it fails for is alone: it costs no other row. What
    belongs together (`Stage.grain`) is never parted, or its result would depend on who failed beside it.
    """
    try:
        results = work(list(rows)) if stage.batch_size > 1 else [work(rows[0])]
    except UserError:
        raise  # missing weights or the like: no fault of a row
    except (Reject, *ROW_ERRORS) as error:
        if not isinstance(error, Reject) and (is_environment_fault(error) or "CUDA" in str(error)):
            raise  # a GPU that is out of order fails every row
        units = units_of(stage, rows)
        if len(units) == 1:
            refused = _refusal(stage, error)
            return [Outcome(rejects=[_rejected(stage, row, refused)]) for row in rows]
        halves = units[: len(units) // 2], units[len(units) // 2 :]
        return [done for half in halves for done in attempt(stage, work, [row for u in half for row in u])]
    return [_outcome(stage, row, result) for row, result in zip(rows, results, strict=True)]


def _refusal(stage: Stage, error: Exception) -> Reject:
    if isinstance(error, Reject):
        return error
    if isinstance(error, FileNotFoundError):
        return Reject("vanished", "It disappeared during the build.")
    return Reject(f"{stage.name}_failed", f"{type(error).__name__}: {error}".strip().splitlines()[0])


def _outcome(stage: Stage, row: Row, result: Row | list[Row | Reject] | Reject) -> Outcome:
    results = result if isinstance(result, list) else [result]
    return Outcome(
        rows=[part for part in results if not isinstance(part, Reject)],
        rejects=[_rejected(stage, row, part) for part in results if isinstance(part, Reject)],
    )


def _rejected(stage: Stage, row: Row, reject: Reject) -> Row:
    start_s, end_s = reject.span_s or (row.get("start_s"), row.get("end_s"))
    where = row | {"start_s": start_s, "end_s": end_s}
    return reject_row(
        where, stage=stage.name, kind=reject.kind, message=reject.message, attempts=reject.attempts
    )
