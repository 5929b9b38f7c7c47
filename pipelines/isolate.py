"""Isolate: a stage's function in a process of its own, so that a row that hangs or kills it is only one row.

Decoders and models are native code. On some file one of them never returns, ends the process, or asks for
memory until the kernel takes it; in the worker itself that would take the partition along, again and again.

One child, one pipe, one row or one batch of them at a time: there is no lock that a dying child could leave
held, the time limit covers everything from the first byte sent to the last one received, and what was under
way is known.
"""

import fcntl
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from pipelines.stage import Row, Stage, Work, units_of
from style2talker.errors import Reject, UserError
from style2talker.media.footage import Footage

ATTEMPTS = 3
LOAD_TIMEOUT_S = 1800.0
"""For a stage's models, from a slow disk."""
_GOODBYE_S = 5.0


class Home:
    """The child process that the isolated stages of one worker share.

    One, not one for each stage: each would import torch and the rest again, which for six stages took 20 s of
    a core and a gigabyte. A row that ends it costs the other stages their models, which the next row of
    theirs loads again.
    """

    def __init__(self) -> None:
        self._child: _Child | None = None
        self._loaded: set[str] = set()

    def child_with(self, stage: Stage, footage: Footage) -> "_Child":
        """The child, started and with the stage loaded if need be."""
        if self._child is None:
            self._child = _Child()
        if stage.name not in self._loaded:
            # a function of the main script has no name that the child could import
            from ray import cloudpickle

            made = cloudpickle.dumps((_make, (stage.name, stage.make, stage.config, footage)))
            self._child.send(made, limit_s=LOAD_TIMEOUT_S)
            self._loaded.add(stage.name)
        return self._child

    def close(self) -> None:
        """End the child; the next row starts another."""
        self._loaded.clear()
        if self._child is not None:
            self._child.close()
            self._child = None


class Isolated:
    """The function of `stage`, for rows that may be poison. The child is started by the first row.

    Called as the function itself, with a row or a list of them; what that raises arrives as it is. A row that
    outlives its time limit or ends the child is tried again in a new one. A list that could be parted is
    tried once: the caller hands its parts over (ledger.attempt), until the row at fault comes alone.

    Raises:
        Reject: `timed_out` or `killed`, after `attempts`, or after one where others were beside the row.
        UserError: the stage cannot even be loaded.
    """

    def __init__(self, stage: Stage, footage: Footage, home: Home, *, attempts: int = ATTEMPTS) -> None:
        self._stage, self._footage, self._home, self._attempts = stage, footage, home, attempts

    def __call__(self, given: Row | list[Row]) -> Any:
        rows = given if isinstance(given, list) else [given]
        attempts = self._attempts if len(units_of(self._stage, rows)) == 1 else 1
        limit_s = sum(map(self.limit_s, rows))
        lost = None
        for _ in range(attempts):
            child = self.start()
            try:
                return child.ask(self._stage.name, given, limit_s=limit_s)
            except _Lost as error:
                self._home.close()
                lost = error
        assert lost is not None
        raise Reject(lost.kind, f"{lost} ({_tries(attempts)}).", attempts=attempts) from lost

    def limit_s(self, row: Row) -> float:
        """How long the row may take: by the length of the clip, by the size of a source."""
        if "end_s" in row:
            amount = row["end_s"] - row["start_s"]
        else:
            amount = (row.get("num_bytes") or self._footage.num_bytes(row["source_uri"])) / 1e6
        return self._stage.timeout_s + self._stage.timeout_per_s * amount

    def start(self) -> "_Child":
        """Start the child and load the stage now, so that the first row does not pay for it."""
        lost = None
        for _ in range(self._attempts):
            try:
                return self._home.child_with(self._stage, self._footage)
            except _Lost as error:
                self._home.close()
                lost = error
        raise UserError(
            f"the stage {self._stage.name} cannot be loaded ({_tries(self._attempts)}): {lost}; give it "
            "more memory, or fewer --workers."
        ) from lost


def _make(name: str, make: Callable[[Any, Footage], Work], config: Any, footage: Footage) -> None:
    _works[name] = make(config, footage)


def _run(name: str, given: Row | list[Row]) -> Any:
    return _works[name](given)


def _tries(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"


_works: dict[str, Work] = {}
"""The functions, in the child, by stage."""


class _Lost(Exception):  # noqa: N818 - what happened to a child, not an error of the program
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _Child:
    """The other process. It is in a session of its own, so that Ctrl-C reaches the parent only."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        waits, holds = os.pipe()
        entry = f"from pipelines.isolate import serve; serve({theirs.fileno()}, {waits})"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", entry],
            pass_fds=(theirs.fileno(), waits),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        theirs.close()
        os.close(waits)
        self._connection = Connection(ours.detach())
        self.close = weakref.finalize(self, _end, self._process, self._connection, holds)

    def ask(self, name: str, given: Row | list[Row], *, limit_s: float) -> Any:
        return self.send(pickle.dumps((_run, (name, given)), protocol=5), limit_s=limit_s)

    def send(self, request: bytes, *, limit_s: float) -> Any:
        """The answer, or the exception, of a pickled (function, arguments)."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self._process.kill()  # frees whoever waits below; reaches a stopped process, too

        timer = threading.Timer(limit_s, expire)
        timer.daemon = True
        timer.start()
        answered = False
        try:
            self._connection.send_bytes(request)
            succeeded, answer = pickle.loads(self._connection.recv_bytes())
            answered = True
        except (EOFError, OSError, pickle.UnpicklingError) as error:  # also in the middle of an answer
            if expired.is_set():
                raise _Lost("timed_out", f"It did not end within {limit_s:.0f} s") from error
            raise _Lost("killed", _ending(self._process)) from error
        finally:
            timer.cancel()
            if not answered:  # an interrupt: its answer would be taken for the next row's
                self._process.kill()
        if isinstance(answer, MemoryError):  # what it holds goes only with the process
            raise _Lost("killed", "Its process found no more memory (MemoryError)")
        if not succeeded:
            raise answer
        return answer


def _end(process: subprocess.Popen[bytes], connection: Connection, holds: int) -> None:
    connection.close()  # the child reads the end of the pipe, tidies up and leaves
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GOODBYE_S)
    os.close(holds)  # and now the kernel sees to it
    process.kill()
    process.wait()


def _ending(process: subprocess.Popen[bytes]) -> str:
    try:
        status = process.wait(_GOODBYE_S)
    except subprocess.TimeoutExpired:
        return "Its process broke off the connection"
    if status >= 0:
        return f"Its process ended itself with exit code {status}"
    name = signal.Signals(-status).name
    hint = ", as the kernel does when memory runs out" if name == "SIGKILL" else ""
    return f"Its process was ended by {name}{hint}"


def serve(connection_fd: int, lifeline_fd: int) -> None:
    """The child: answers one request after the other until the parent closes the pipe or is gone."""
    _die_with_parent(lifeline_fd)
    _go_first()
    connection = Connection(connection_fd)
    while True:
        try:
            request = connection.recv_bytes()
        except EOFError:
            return
        connection.send_bytes(_answer(request))


def _answer(request: bytes) -> bytes:
    try:
        # our own parent's bytes, over a pipe that nobody else can open
        function, arguments = pickle.loads(request)
        del request
        return pickle.dumps((True, function(*arguments)), protocol=5)
    except Exception as error:  # noqa: BLE001 - raised again in the parent
        return pickle.dumps((False, _portable(error)), protocol=5)


def _portable(error: Exception) -> Exception:
    """The error itself, or one that says the same where it does not survive the pipe."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - whatever its class does when it is pickled
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _die_with_parent(lifeline_fd: int) -> None:
    """The kernel kills this process once the other end of the pipe is closed, whoever holds the interpreter.

    `PR_SET_PDEATHSIG` would do it when the *thread* ends that started this process.
    """
    fcntl.fcntl(lifeline_fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline_fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline_fd, fcntl.F_SETFL, fcntl.fcntl(lifeline_fd, fcntl.F_GETFL) | os.O_ASYNC)
    gone = select.poll()
    gone.register(lifeline_fd, select.POLLHUP)
    if gone.poll(0):  # it was closed before the kernel was asked
        os._exit(1)


def _go_first() -> None:
    """Short of memory, the kernel is to take this process, not the worker that would lose the partition."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
