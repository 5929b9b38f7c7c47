"""Answers of models, kept across runs and corpora: asked once, known for good.

A language or vision-language model takes seconds for what a corpus asks again after each change of a setting
nearby. An answer is known by the hash of the model's weights, the hash of what it was asked, and the clip; it
is JSON, so that nothing of it is ever run, and it comes back as the very text that was stored, so that a
corpus has the same bytes whether an answer was fresh or not.

The file is SQLite's, of the standard library: many processes may read and write it at once, and a killed one
leaves no half row. (diskcache, the usual choice, stores pickles, which run code when read.) It lies with the
weights, `~/.cache/style2talker/answers.sqlite`, or where `STYLE2TALKER_ANSWERS` says; `off` means nowhere.
Write-ahead logs need shared memory: on a network file system give each machine a file of its own.
"""

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from style2talker.errors import UserError
from style2talker.weights.resolve import home_dir

VARIABLE = "STYLE2TALKER_ANSWERS"
MOST_MB = 512
_BUSY_S = 30.0
_PRUNE_EVERY = 500  # answers written
_TABLE = """
create table if not exists answers (
    weights text not null, prompt text not null, clip text not null,
    answer text not null, sha256 text not null, used_s integer not null,
    primary key (weights, prompt, clip)
) without rowid
"""
_KEY = "weights = ? and prompt = ? and clip = ?"

_log = logging.getLogger(__name__)


def default_path() -> Path | None:
    """Where answers are kept; None where `STYLE2TALKER_ANSWERS` is `off`."""
    given = os.environ.get(VARIABLE, "").strip()
    if given.lower() == "off":
        return None
    return Path(given).expanduser() if given else home_dir() / "answers.sqlite"


def prompt_sha256(*parts: str) -> str:
    """Hash of everything that was asked: version, wording, pictures' hashes, settings."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Answers:
    """The file, opened by the first call in each process.

    Args:
        path: of the file, made with its folder where there is none; None keeps nothing.
        most_mb: answers beyond it are forgotten, those first that were not used for longest.

    Raises:
        UserError: by the first call, a path that cannot be written.
    """

    def __init__(self, path: str | Path | None, *, most_mb: float = MOST_MB) -> None:
        self._path = None if path is None else Path(path)
        self._most_bytes = int(most_mb * 1e6)
        self._lock = threading.Lock()
        self._open: tuple[int, sqlite3.Connection] | None = None
        self._written = 0

    def get(self, weights_sha256: str, prompt_sha256: str, clip_id: str) -> Any | None:
        """The answer, as `json.loads` gives it; None where there is none, or a damaged one."""
        key = (weights_sha256, prompt_sha256, clip_id)
        rows = self._run(f"select answer, sha256 from answers where {_KEY}", key)
        if not rows:
            return None
        answer, digest = rows[0]
        if not isinstance(answer, str) or _digest(key, answer) != digest:
            _log.warning("A kept answer of clip %s is damaged; the model is asked again.", clip_id)
            self._run(f"delete from answers where {_KEY}", key)
            return None
        self._run(
            f"update answers set used_s = ? where {_KEY} and used_s < ?", (_now(), *key, _now() - 86400)
        )
        return json.loads(answer)

    def put(self, weights_sha256: str, prompt_sha256: str, clip_id: str, answer: Any) -> Any:
        """Keep an answer that JSON can say (not None), and give it back as `get` will."""
        key = (weights_sha256, prompt_sha256, clip_id)
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False)
        self._run(
            "insert or replace into answers values (?, ?, ?, ?, ?, ?)",
            (*key, text, _digest(key, text), _now()),
        )
        self._written += 1
        if self._written % _PRUNE_EVERY == 0:
            self.prune()
        return json.loads(text)

    def answer(self, weights_sha256: str, prompt_sha256: str, clip_id: str, ask: Callable[[], Any]) -> Any:
        """The kept answer, or a fresh one, which is kept."""
        kept = self.get(weights_sha256, prompt_sha256, clip_id)
        return self.put(weights_sha256, prompt_sha256, clip_id, ask()) if kept is None else kept

    def prune(self) -> int:
        """Forget the longest unused answers until the others fit; how many that were."""
        rows = self._run(
            """
            delete from answers where (weights, prompt, clip) in (
                select weights, prompt, clip from (
                    select weights, prompt, clip, sum(length(answer) + 300) over (
                        order by used_s desc, weights, prompt, clip
                    ) as size from answers
                ) where size > ?
            ) returning 1
            """,
            (self._most_bytes,),
        )
        return len(rows)

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            self._shut()

    def _run(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The rows; none where nothing is kept, and none where the file is out of order, which is said."""
        if self._path is None:
            return []
        with self._lock:
            for attempt in range(2):
                connection = self._connection()
                try:
                    return connection.execute(statement, values).fetchall()
                except sqlite3.OperationalError as error:  # locked for long, a full disk
                    _log.warning("%s: %s; this answer of a model is not kept.", self._path, error)
                    return []
                except sqlite3.DatabaseError as error:
                    if attempt:
                        raise
                    self._set_aside(str(error))
        return []

    def _connection(self) -> sqlite3.Connection:
        assert self._path is not None
        if self._open is not None and self._open[0] == os.getpid():
            return self._open[1]
        _inherited.append(self._open)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                connection = _connect(self._path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                self._set_aside(str(error))
                connection = _connect(self._path)
        except (OSError, sqlite3.OperationalError) as error:
            raise UserError(
                f"answers of models: {self._path} cannot be used ({error}); set {VARIABLE} to a file on a "
                "local disk that can be written, or to off."
            ) from error
        self._open = (os.getpid(), connection)
        return connection

    def _set_aside(self, problem: str) -> None:
        """A file that is no database, or a broken one, is kept for whoever wonders, and another one begun."""
        assert self._path is not None
        self._shut()
        with open(self._path.with_name(f"{self._path.name}.lock"), "w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_sound(self._path):  # another process was faster
                return
            aside = self._path.with_name(f"{self._path.name}.damaged")
            _log.warning(
                "%s is damaged (%s): it is now %s, and the models are asked again.",
                self._path,
                problem,
                aside,
            )
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            if self._path.exists():
                self._path.replace(aside)

    def _shut(self) -> None:
        if self._open is not None and self._open[0] == os.getpid():
            self._open[1].close()
        self._open = None


_inherited: list[Any] = []
"""A connection must not cross a fork, not even to be closed there."""


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        with contextlib.suppress(sqlite3.OperationalError):  # another process is just doing it
            connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute(_TABLE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_sound(path: Path) -> bool:
    try:
        with contextlib.closing(_connect(path)) as connection:
            return connection.execute("pragma quick_check").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def _digest(key: tuple[str, str, str], answer: str) -> str:
    return hashlib.sha256("\x1f".join((*key, answer)).encode()).hexdigest()


def _now() -> int:
    return int(time.time())
