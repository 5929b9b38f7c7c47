"""Cluster: a Ray session, on this machine alone or on a cluster that is already running.

A joined cluster keeps its own resources; only the environment of the build's workers is ours there.
"""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from style2talker.errors import UserError
from style2talker.quiet import no_native_stderr

OBJECT_STORE_BYTES = 200 * 2**20
"""Rows carry names, so little goes through Ray's shared memory."""
LONGEST_REACH_S = 5.0
"""A cluster that does not answer within this is refused; `ray.init` alone would try for minutes."""
_HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""What a gRPC client says first: the preface and an empty SETTINGS frame."""

_WORKERS = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # one thread per worker: the pools already fill the cores, and sums keep one order on every machine
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
}
_DRIVER = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_DEDUP_LOGS": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    # Ray's monitor would end our worker, not the process that took the memory; the kernel ends that one
    "RAY_memory_monitor_refresh_ms": "0",
    "GLOG_minloglevel": "3",
}


@contextmanager
def session(workers: int, *, address: str | None = None, on_gpu: bool = False) -> Iterator[Any]:
    """A quiet Ray, given as the module `ray`; left on the way out, and stopped where it was started here.

    Args:
        workers: CPUs of a Ray on this machine; a joined cluster has what it has.
        address: `HOST:PORT` of a running cluster's head, or `auto` for the one this machine belongs to.
            None starts a Ray on this machine alone, without dashboard or usage reports.
        on_gpu: count this machine's GPUs, which takes time; a joined cluster has counted its own.

    Raises:
        UserError: no cluster answers at `address`, or one of another Ray or Python version.
    """
    before = {key: os.environ.get(key) for key in (*_WORKERS, *_DRIVER)}
    os.environ.update(_WORKERS | _DRIVER)
    import ray
    import ray.data

    try:
        with no_native_stderr():  # the native part announces its log level there
            if address is None:
                _start(ray, workers, on_gpu=on_gpu)
            else:
                _join(ray, address)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        context.log_internal_stack_trace_to_stdout = False
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.ERROR)
        with _ended_like_an_interrupt():
            yield ray
    finally:
        ray.shutdown()
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})


@contextmanager
def _ended_like_an_interrupt() -> Iterator[None]:
    """SIGTERM, as Slurm and containers send it, is an orderly stop; Ray's own handler dumps a stack."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start(ray: Any, workers: int, *, on_gpu: bool) -> None:
    ray.init(
        address="local",  # never the cluster that RAY_ADDRESS names: that is asked for
        num_cpus=workers,
        num_gpus=None if on_gpu else 0,  # None counts what there is
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=OBJECT_STORE_BYTES,
        _node_ip_address="127.0.0.1",
        _system_config={"enable_metrics_collection": False},  # nobody could know the port to ask
    )


def _join(ray: Any, address: str) -> None:
    from ray._private.services import canonicalize_bootstrap_address

    # `auto` may name a cluster that has died, so it is looked up and reached like any other
    try:
        head = canonicalize_bootstrap_address("auto") if address == "auto" else address
    except ConnectionError:
        head = None
    if head is None:
        raise UserError("No Ray cluster runs on this machine; start one with `ray start --head`.")
    _reach(head)
    try:
        ray.init(
            address=head,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": _WORKERS},  # the nodes' own processes started without them
        )
    except (ConnectionError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"The Ray cluster at {head} refuses this driver ({reason}); all nodes need the same Python, the "
            "same requirements.lock, and the same RAY_AUTH_MODE and token (~/.ray/auth_token)."
        ) from error


def _reach(address: str) -> None:
    """Refuse an address without a Ray head behind it."""
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise UserError(
            f"The cluster's address is {address!r}, expected HOST:PORT of its head such as 10.0.0.1:6379, "
            "or auto; a driver outside the cluster's network submits the build with `ray job submit`."
        )
    try:
        with socket.create_connection((host, int(port)), timeout=LONGEST_REACH_S) as head:
            head.sendall(_HTTP2_GREETING)
            answer = head.recv(4)
    except (OSError, OverflowError) as error:
        raise _unreachable(address, str(error)) from error
    # RFC 9113, section 3.4: a server's first frame is SETTINGS, type 4. Behind TLS only Ray can tell.
    if answer[3:] != b"\x04" and os.environ.get("RAY_USE_TLS", "0") == "0":
        raise _unreachable(address, "what listens there is no Ray head")


def _unreachable(address: str, reason: str) -> UserError:
    return UserError(
        f"The Ray cluster at {address} cannot be reached ({reason}); check HOST:PORT against what "
        "`ray start --head` printed, and that the port is open from here."
    )
