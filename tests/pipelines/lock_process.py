"""A process that takes, checks and gives back a lock as it is told. Arguments: output, machine, clock offset.

Without a machine it is the real one; the offset is added to this process's clocks, as if it had another's.
"""

import sys
import time
from contextlib import ExitStack

from pipelines import lock, lock_owner
from style2talker.corpus.uri import open_store
from style2talker.errors import UserError

INTERVAL_S = 0.5


def main(uri: str, machine: str, offset_s: str) -> None:
    if machine:
        lock.this_machine = lock_owner.this_machine = lambda: machine  # type: ignore[attr-defined]
    wall, monotonic, offset = time.time, time.monotonic, float(offset_s)
    time.time = lambda: wall() + offset
    time.monotonic = lambda: monotonic() + offset
    store, held = open_store(uri), None
    print("ready", flush=True)
    with ExitStack() as stack:
        for command in map(str.strip, sys.stdin):
            try:
                if command == "take":
                    held = stack.enter_context(
                        lock.locked(store, "style2talker build", interval_s=INTERVAL_S)
                    )
                elif command == "check":
                    assert held is not None
                    held.check()
                else:
                    stack.close()
                print("done", flush=True)
            except UserError as error:
                print(error, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
