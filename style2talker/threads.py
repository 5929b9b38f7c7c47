"""One thread for work on small arrays.

There a second thread costs more than it brings, and on a busy machine the two wait for each other, twenty
times slower. The numbers are then also the same whatever OMP_NUM_THREADS says.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController()  # looks through all loaded libraries: too slow for every call


def one_blas_thread() -> AbstractContextManager[object]:
    """BLAS, which NumPy and SciPy call, runs on one thread meanwhile."""
    return _pools().limit(limits=1, user_api="blas")


@contextmanager
def one_thread() -> Iterator[None]:
    """So do torch and BLAS."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with one_blas_thread():
            yield
    finally:
        torch.set_num_threads(before)
