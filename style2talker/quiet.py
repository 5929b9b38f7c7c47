"""Native libraries write to the error stream past their own log levels; this is how they are kept quiet."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_native_stderr() -> Iterator[None]:
    """Drop what is written to file descriptor 2 inside the block, by this process and by those it starts."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
