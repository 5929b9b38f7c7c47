"""Several workers, several nodes, of several speeds, and one that goes."""

import subprocess
import sys
from pathlib import Path

import pytest
from fault_stages import write_footage  # type: ignore[import-not-found]
from processes import HERE, LONGEST_S, environment  # type: ignore[import-not-found]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the corpora of `cluster_builds.py` and what it said."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "faults").mkdir()
    # in a process of its own: Ray's environment lasts as long as the interpreter
    command = [sys.executable, HERE / "cluster_builds.py", folder / "footage", folder, folder / "faults"]
    write_footage(folder / "footage")
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said").write_text(done.stdout)
    return folder


def test_nodes_of_different_speed_make_the_same_corpus(cluster: Path, clean: Path, same, row) -> None:
    row(
        "two nodes of which one takes 0.3 s longer for each row of track",
        "each takes partitions as it comes to them",
        same(cluster / "speeds", clean),
    )


def test_a_node_removed_in_the_middle_of_a_row(cluster: Path, clean: Path, same, row) -> None:
    assert "removed " in (cluster / "said").read_text()
    row(
        "three nodes (`ray.cluster_utils.Cluster`), one of them removed in the middle of a row",
        "Ray gives its partitions to the node that is left; the same run finishes",
        same(cluster / "removed", clean),
    )


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_makes_the_same_corpus(
    workers: int, start, footage: Path, clean: Path, same, row, tmp_path: Path
) -> None:
    start(footage, tmp_path / "out", workers=workers).finish()
    row(f"`--workers {workers}`", "more or less at a time", same(tmp_path / "out", clean))
