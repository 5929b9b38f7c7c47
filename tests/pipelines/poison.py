"""A stage whose rows say what becomes of the process that they run in; imported by name in that process."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from pipelines.stage import Row
from style2talker.media.footage import Footage


def make(config: Any, footage: Footage) -> Callable[[Row], Row]:
    return run


def run(row: Row) -> Row:
    """The square of the row's number, if it lives to tell; each call leaves a line in the row's file."""
    with open(row["calls"], "a") as calls:
        calls.write(row["what"] + "\n")
    match row["what"]:
        case "hang":
            while True:
                time.sleep(60)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "fault":
            ctypes.string_at(0)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "memory":
            np.ones(1 << 50)
    return {"square": row["number"] ** 2}
