"""Builds on a cluster of three nodes, the head without CPUs. Arguments: footage, folder of outputs, faults.

The first build's nodes work at different speeds; in the second, the node with the waiting row is removed.
"""

import os
import sys
import threading
import time
from pathlib import Path

from fault_stages import stages  # type: ignore[import-not-found]

LONGEST_S = 120.0


def main(footage: str, folder: str, faults: str) -> None:
    os.environ.update({"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"})
    from ray.cluster_utils import Cluster

    from pipelines.build import build

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    by_name = {
        name: nodes.add_node(
            num_cpus=1, env_vars={"FAULT_NODE": name, "FAULT_SECONDS": seconds, "FAULTS": faults}
        )
        for name, seconds in (("fast", "0"), ("slow", "0.3"))
    }
    nodes.wait_for_nodes()
    mark = Path(faults, "track")
    removed: list[str] = []

    def remove() -> None:
        deadline_s = time.monotonic() + LONGEST_S
        while not mark.exists() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        name = mark.read_text().split()[1]
        nodes.remove_node(by_name[name], allow_graceful=False)
        removed.append(name)

    def run(name: str) -> None:
        out = str(Path(folder, name))
        build(footage, out=out, workers=2, address=nodes.address, stages=stages())

    mark.touch()  # nobody waits in the first build
    Path(faults, "hear").touch()
    run("speeds")
    mark.unlink()
    watcher = threading.Thread(target=remove)
    watcher.start()
    run("removed")
    watcher.join()
    print(f"removed {removed[0]}", flush=True)
    nodes.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
