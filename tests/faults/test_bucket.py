"""An object store that fails in the middle of uploads: a real server behind a proxy that breaks things."""

import re
from pathlib import Path
from typing import Any

import pytest

from style2talker.corpus import object_store, uri
from style2talker.corpus.uri import open_store
from style2talker.corpus.verify import verify
from style2talker.errors import UserError

NAMES = {
    403: "403 (access denied)",
    404: "404 (no such bucket)",
    500: "500 (internal error)",
    503: "503 (slow down)",
    "stall": "no answer",
    "cut": "a connection cut in the middle of an upload",
    "cut_answer": "a connection cut in the middle of the answer",
}


@pytest.fixture
def server(faulty_s3: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(object_store, "REQUEST_TIMEOUT_S", 1.0)
    monkeypatch.setattr(uri, "SETTLE_S", 0.0)
    faulty_s3.clear()
    return faulty_s3


def same_in_bucket(server: Any, clean: Path) -> str:
    assert verify(server.uri()) == []
    store = open_store(server.uri())
    there = {name: store.read(name) for name in store.names() if not name.startswith("_work/")}
    files = [path for path in clean.rglob("*") if path.is_file() and "_work" not in path.parts]
    assert there == {path.relative_to(clean).as_posix(): path.read_bytes() for path in files}
    return f"same sha256 of all {len(files)} files"


@pytest.fixture(scope="module")
def few(build_here, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Little footage, for every file costs many requests, and its corpus on disk."""
    footage, clean = tmp_path_factory.mktemp("few"), tmp_path_factory.mktemp("clean") / "out"
    for name, text in {"a": "50 51", "b": "52 bad", "c": "53"}.items():
        (footage / f"{name}.mp4").write_text(text)
    (footage / "card.yaml").write_text("name: few\nnum_partitions: 1\n")
    build_here(footage, clean)
    return footage, clean


def test_faults_that_pass_cost_nothing(server: Any, build_here, few: tuple[Path, Path], row) -> None:
    footage, clean = few
    where = {
        "stall": "_work/discover",
        500: "_work/track",
        503: "clips/",
        "cut": "frames/",
        "cut_answer": "corpus.json",
    }
    faults = [server.fail(do, method="PUT", target=target) for do, target in where.items()]
    build_here(footage, server.uri())
    assert [fault.times for fault in faults] == [0] * len(faults)
    result = same_in_bucket(server, clean)
    for do, target in where.items():
        row(f"S3: {NAMES[do]}, once, for `{target}`", "sent again, the build finishes at once", result)


STAY: tuple[tuple[Any, str], ...] = (
    (403, "_work/discover"),
    (404, "_work/track"),
    (500, "_work/hear"),
    ("stall", "clips/"),
    (503, "rejects-"),
    ("cut", "corpus.json"),
)


def test_faults_that_stay_are_one_sentence_each_and_the_next_run_goes_on(
    server: Any, build_here, few: tuple[Path, Path], row, monkeypatch
) -> None:
    monkeypatch.setattr(object_store, "ATTEMPTS", 2)
    footage, clean = few
    said = []
    for do, target in STAY:
        server.fail(do, method="PUT", target=target, times=99)
        with pytest.raises(UserError) as caught:
            build_here(footage, server.uri())
        said.append(str(caught.value))
        assert target in said[-1]
        assert "tiny/corpus.json" not in server.objects()
        server.faults.clear()
    build_here(footage, server.uri())
    result = same_in_bucket(server, clean)
    for (do, target), sentence in zip(STAY, said, strict=True):
        gist = re.search(
            r"the store refuses it|there is no such bucket|the store did not answer well", sentence
        )
        assert gist, sentence
        happens = f"one sentence (\u201c\u2026{gist[0]}\u2026\u201d), the next run goes on"
        row(f"S3: {NAMES[do]}, every time, for `{target}`", happens, result)


def test_a_real_build_onto_a_store_that_fails(start, server: Any, few: tuple[Path, Path], row) -> None:
    footage, clean = few
    server.fail(403, method="PUT", target="_work/hear")
    sentence = start(footage, server.uri()).sentence()
    assert "the store refuses it" in sentence
    assert "check the credentials and the bucket's policy" in sentence
    for do, target in ((500, "_work/hear"), (503, "clips/"), ("cut", "frames/"), ("cut", "corpus.json")):
        server.fail(do, method="PUT", target=target)
    start(footage, server.uri()).finish()
    row(
        "S3 under a build on Ray: 403 for a work file; then 500, 503 and two cuts, once each",
        "one sentence after the 403; the next run finishes in spite of the others",
        same_in_bucket(server, clean),
    )
