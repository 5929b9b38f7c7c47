"""Prometheus finds our counters where Ray's agent of a node offers them, with the right figures."""

import socket
import subprocess
import sys

import pytest

from pipelines.metrics import COUNTERS

COUNT_AND_SCRAPE = """
import os, sys, time, urllib.request
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
from pipelines.metrics import count_reject, count_rows

ray.init(
    address="local", num_cpus=2, num_gpus=0, include_dashboard=False, log_to_driver=False,
    _node_ip_address="127.0.0.1", _metrics_export_port=int(sys.argv[1]),
    _system_config={"metrics_report_interval_ms": 500},
)

@ray.remote(num_cpus=0)
class Worker:
    def work(self, stage, rows):
        for _ in range(rows):
            count_rows(stage, work_s=0.25)
        count_rows(stage, 0)
        count_reject(stage, "no_face")

workers = [Worker.remote() for _ in range(3)]
calls = zip(workers, [("track", 5), ("track", 7), ("hear", 4)])
ray.get([worker.work.remote(*call) for worker, call in calls])
deadline_s = time.monotonic() + 90
text = ""
while text.count("style2talker_rejects_total{") < 3:  # one line per worker, when all have reported
    assert time.monotonic() < deadline_s, text
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics", timeout=10) as page:
            text = page.read().decode()
    except OSError:
        time.sleep(0.2)
print(text)
"""


@pytest.fixture(scope="module")
def scraped() -> str:
    pytest.importorskip("opencensus", reason="Ray's agent is not installed (pip install -e '.[cluster]')")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = subprocess.run(
        [sys.executable, "-c", COUNT_AND_SCRAPE, str(port)], capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_prometheus_reads_what_the_workers_counted(scraped: str) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    families = {family.name: family for family in text_string_to_metric_families(scraped)}

    def summed(name: str, *tags: str) -> dict[tuple[str, ...], float]:
        family, sums = families[f"ray_{name}".removesuffix("_total")], {}
        assert family.type == "counter"
        for sample in family.samples:
            key = tuple(sample.labels[tag] for tag in tags)
            sums[key] = sums.get(key, 0.0) + sample.value
        return sums

    assert summed("style2talker_clips_total", "stage") == {("track",): 12, ("hear",): 4}
    assert summed("style2talker_work_seconds_total", "stage") == {("track",): 3.0, ("hear",): 1.0}
    assert summed("style2talker_rejects_total", "stage", "kind") == {
        ("track", "no_face"): 2,
        ("hear", "no_face"): 1,
    }


def test_without_ray_nothing_is_counted_and_nothing_fails() -> None:
    code = (
        "import sys; from pipelines.metrics import *; count_rows('track', 3, work_s=1.0); "
        "count_reject('track', 'no_face'); assert 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_follow_prometheus_rules() -> None:
    for name, (description, _) in COUNTERS.items():
        assert name.endswith("_total")
        assert description.endswith(".")
