"""The Ray session: one cluster is joined where it is named, and a wrong name is said at once."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from pipelines import cluster
from style2talker.errors import UserError

HEAD_AND_JOIN = """
import os, sys
os.environ.update({"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "7"})
from ray.cluster_utils import Cluster
nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
nodes.add_node(num_cpus=2)
from pipelines.cluster import session
os.environ["RAY_ADDRESS"] = nodes.address  # else `auto` could find a cluster of somebody else
for address in (nodes.address, "auto"):
    with session(9, address=address) as ray:
        seen = ray.get(ray.remote(lambda: os.environ["OMP_NUM_THREADS"]).remote())
        print(address == "auto", ray.cluster_resources()["CPU"], seen, os.environ["OMP_NUM_THREADS"])
print(os.environ["OMP_NUM_THREADS"], len(nodes.list_all_nodes()))
nodes.shutdown()
"""


def test_a_running_cluster_is_joined_as_it_is_and_left_running() -> None:
    # in a process of its own: Ray's environment lasts as long as the interpreter
    done = subprocess.run([sys.executable, "-c", HEAD_AND_JOIN], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["False 3.0 1 1", "True 3.0 1 1", "7 2"]


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """Something listens and answers, but in no language that Ray speaks."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    caller.sendall(b"HTTP/1.0 400 no\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_what_is_no_cluster_is_one_sentence(deaf_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "LONGEST_REACH_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        closed_port = closed.getsockname()[1]
    before = dict(os.environ)
    for address, sentence in (
        (f"127.0.0.1:{closed_port}", r"cannot be reached \(.*refused\); check HOST:PORT"),
        (f"127.0.0.1:{deaf_port}", "what listens there is no Ray head"),
        ("no-such-host.invalid:6379", "cannot be reached"),
        ("127.0.0.1:99999999", "cannot be reached"),
        ("ray://10.0.0.1:10001", "expected HOST:PORT"),
        ("10.0.0.1", "expected HOST:PORT"),
    ):
        with pytest.raises(UserError, match=sentence), cluster.session(1, address=address):
            pass
    assert {key: os.environ.get(key) for key in before} == before
