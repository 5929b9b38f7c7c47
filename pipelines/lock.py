"""Lock: one build at a time on one output, whatever its file system and whichever machines share it.

A claim is a numbered file; whoever creates the next number owns the output. The owner's file counts
heartbeats, so a dead owner is known by a count that stands still, measured on the watcher's own clock: the
clocks of two machines are never compared. Nobody writes to a file of another owner, so one that was taken for
dead and wakes up finds a higher number than its own, and stops.
"""

import os
import re
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from pipelines.lock_owner import Owner, described, is_gone, process_of, runs_here, this_machine
from style2talker.corpus.uri import Store
from style2talker.errors import UserError

FOLDER = "_work/lock"
INTERVAL_S = 10.0
MISSED_BEATS = 3
"""An owner whose count stands still for this many of its intervals is taken for dead."""
_DIGITS = 10
_CLAIM = re.compile(rf"{FOLDER}/\d{{{_DIGITS}}}\.json")


class Lock:
    """The claim of this process. `check` before anything is written that only the owner may write."""

    def __init__(self, store: Store, name: str, owner: Owner) -> None:
        self._store, self._name, self._owner = store, name, owner
        self._since_s = time.monotonic()
        self._writing = threading.Lock()

    def check(self) -> None:
        """Make sure that the output is still this build's.

        Raises:
            UserError: another build took it over while this one stood still, or the claim was deleted.
        """
        newest = _claims(self._store)[-1:]
        if newest == [self._name] and self._is_ours():
            return
        other = _read(self._store, newest[0]) if newest else None
        by = f" by {described(other)}" if other and other.token != self._owner.token else ""
        raise UserError(
            f"The build of {self._store.uri} was taken over{by}, because this one gave no sign of life for "
            f"{MISSED_BEATS * self._owner.interval_s:g} s or its lock was deleted; what it finished is kept. "
            "Let the other finish, then run this again."
        )

    def beat(self, *, released: bool = False) -> None:
        """Count on, unless the claim is no longer ours."""
        with self._writing:
            if self._owner.released or not self._is_ours():
                return
            held_s = round(time.monotonic() - self._since_s, 1)
            beat = self._owner.beat + 1
            self._owner = replace(self._owner, beat=beat, held_s=held_s, released=released)
            self._store.write(self._name, self._owner.to_json())

    def _is_ours(self) -> bool:
        owner = _read(self._store, self._name)
        return owner is not None and owner.token == self._owner.token


@contextmanager
def locked(store: Store, command: str, *, interval_s: float = INTERVAL_S) -> Iterator[Lock]:
    """Own the output inside the block; released on the way out, or when the process dies.

    Args:
        command: what this process does, for the message that another build gets.
        interval_s: between two heartbeats.

    Raises:
        UserError: another build owns the output, or the output cannot be written.
    """
    lock = _take(store, command, interval_s)
    done = threading.Event()

    def count() -> None:
        while not done.wait(interval_s):
            with suppress(OSError, UserError):  # a moment's fault; after too many, `check` finds out
                lock.beat()

    thread = threading.Thread(target=count, name="lock-heartbeat", daemon=True)
    thread.start()
    try:
        yield lock
    finally:
        done.set()
        thread.join()
        with suppress(OSError, UserError):  # a claim that cannot be given back is that of a dead owner
            lock.beat(released=True)


def _take(store: Store, command: str, interval_s: float) -> Lock:
    owner = Owner(
        token=uuid.uuid4().hex,
        host=socket.gethostname(),
        machine=this_machine(),
        pid=os.getpid(),
        started=(process_of(os.getpid()) or ("", ""))[1],
        command=command,
        interval_s=interval_s,
    )
    while True:
        before = _claims(store)
        if before:
            _refuse_if_alive(store, before[-1])
        name = _claim_after(before)
        try:
            created = store.create(name, owner.to_json())
        except OSError as error:
            raise UserError(
                f"{store.uri} cannot be written ({error.strerror or error}); give an --out that is a folder "
                "with room for this user's files."
            ) from error
        # the second look: a slow process may create a number that others have used and deleted meanwhile
        if created and _claims(store)[-1:] == [name]:
            break
    for old in before:
        with suppress(OSError, UserError):  # the next owner tries again
            store.delete(old)
    return Lock(store, name, owner)


def _claims(store: Store) -> list[str]:
    """The claims there are, the owner's last; a writer's scratch file is none."""
    return [name for name in store.names(FOLDER) if _CLAIM.fullmatch(name)]


def _claim_after(claims: list[str]) -> str:
    last = int(claims[-1][-_DIGITS - 5 : -5]) if claims else 0
    return f"{FOLDER}/{last + 1:0{_DIGITS}d}.json"


def _refuse_if_alive(store: Store, name: str) -> None:
    """Return when the claim's owner is done or dead.

    Raises:
        UserError: it is alive.
    """
    owner = _read(store, name)
    if owner and (owner.released or is_gone(owner)):
        return
    watched_s = 0.0
    if owner is None or not runs_here(owner):
        start_s = time.monotonic()
        if not _counts_on(store, name, owner.interval_s if owner else INTERVAL_S):
            return
        watched_s = time.monotonic() - start_s
        owner = _read(store, name)
        if owner is None or owner.released:
            return
    raise UserError(
        f"{store.uri} is being built by {described(owner, watched_s)}; wait for it or stop it there, "
        "or give another --out."
    )


def _counts_on(store: Store, name: str, interval_s: float) -> bool:
    """Whether the claim changes within `MISSED_BEATS` intervals of this machine's clock."""
    first = _content(store, name)
    deadline_s = time.monotonic() + MISSED_BEATS * interval_s
    while time.monotonic() < deadline_s:
        time.sleep(interval_s / 10)
        if _content(store, name) != first:
            return True
    return False


def _read(store: Store, name: str) -> Owner | None:
    content = _content(store, name)
    return None if content is None else Owner.from_json(content)


def _content(store: Store, name: str) -> bytes | None:
    try:
        return store.read(name) if store.exists(name) else None
    except FileNotFoundError:
        return None
