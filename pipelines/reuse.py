"""Reuse: what an older work file of the same recipe says is copied, not computed again.

A stage's result for a row depends on the recipe and the row's own source alone. So when a partition gains or
loses a source, or a failed row is tried again, everything else in it is still right: every other row, or
where the clips of a source are worked on together, every other source.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipelines.stage import Row
from pipelines.workfile import DamagedError, Effort, Footer, opened, read_columns, read_footer
from style2talker.corpus.intact import read_group
from style2talker.corpus.reader import rows_of
from style2talker.corpus.uri import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one row: what was kept of it, and what was not and why."""

    rows: Sequence[Row] = ()
    rejects: Sequence[Row] = ()


class Earlier:
    """The outcomes in the best of some older files. Ask in the order of the file: it is read once, forward.

    Args:
        key: column that names an outcome: `source_id` for discover, `clip_id` for the others.
        wanted: the keys that will be asked for, with what their outcomes rest on besides the row, if
            anything. Keys that rest on the same are known together or not at all.
        again: kinds of rejects that do not count as an outcome.
    """

    def __init__(
        self,
        store: Store,
        names: Sequence[str],
        *,
        key: str,
        wanted: Mapping[str, str],
        again: frozenset[str],
    ) -> None:
        self._store, self._key = store, key
        self._name: str | None = None
        self.measured = Effort()
        """What the rows of the file cost when they were computed."""
        self.known: frozenset[str] = frozenset()
        self._rejects: dict[str, list[Row]] = {}
        for name in names:
            try:
                footer = read_footer(store, name)
                known = self._known(name, footer, wanted, again)
            except (DamagedError, FileNotFoundError):
                continue  # of no use here; who needs this file finds out
            if len(known) > len(self.known):
                self._name, self.known, self._rejects = name, known, _grouped(footer.rejects, key)
                self.measured = footer.measured
        kept = read_columns(store, self._name, [key]) if self._name else []
        self._num_rows = Counter(row[key] for row in kept)
        self._stream = self._outcomes()
        self._next: tuple[str, list[Row]] | None = next(self._stream, None)

    def _known(
        self, name: str, footer: Footer, wanted: Mapping[str, str], again: frozenset[str]
    ) -> frozenset[str]:
        asked_again = {reject[self._key] for reject in footer.rejects if reject["kind"] in again}
        if any(wanted.values()):
            said = set(footer.sources) - {wanted.get(key) for key in asked_again}
            return frozenset(key for key, content in wanted.items() if content in said)
        kept = {row[self._key] for row in read_columns(self._store, name, [self._key])}
        known = {*kept, *(reject[self._key] for reject in footer.rejects)} & wanted.keys()
        return frozenset(known - asked_again)

    def take(self, key: str) -> Outcome | None:
        """The outcome of a key, or None where it has to be computed.

        Raises:
            DamagedError: the file breaks in the middle.
        """
        if key not in self.known:
            return None
        while self._next is not None and self._next[0] not in self.known:
            self._next = next(self._stream, None)
        rows: list[Row] = []
        if self._next is not None and self._next[0] == key:
            rows = self._next[1]
            self._next = next(self._stream, None)
        if len(rows) != self._num_rows[key]:
            raise DamagedError(str(self._name), "its rows are not in the order of the sources")
        return Outcome(rows=rows, rejects=self._rejects.get(key, []))

    def _outcomes(self) -> Iterator[tuple[str, list[Row]]]:
        if self._name is None:
            return
        with opened(self._store, self._name) as file:
            rows = (row for group in range(file.num_row_groups) for row in rows_of(read_group(file, group)))
            for key, members in groupby(rows, key=lambda row: row[self._key]):
                yield key, list(members)


def _grouped(rejects: Sequence[Row], key: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for reject in rejects:
        groups.setdefault(reject[key], []).append(reject)
    return groups
