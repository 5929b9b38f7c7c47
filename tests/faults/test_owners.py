"""Two builds on one output: one wins; one that died or stood still is followed."""

import os
import signal
from functools import partial
from pathlib import Path

from processes import first_to_end  # type: ignore[import-not-found]

from pipelines import build as build_module
from style2talker.corpus.verify import verify


def test_of_two_builds_at_once_one_is_refused_and_a_dead_one_is_followed(
    start, footage: Path, clean: Path, faults: Path, same, row, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    one, two = (start(footage, out, FAULTS=faults) for _ in range(2))
    loser = first_to_end([one, two])
    winner = two if loser is one else one
    sentence = loser.sentence()
    assert "is being built by `" in sentence
    assert f"(process {winner.process.pid} on " in sentence
    winner.victim(faults, "track")
    winner.kill()
    start(footage, out).finish()
    result = same(out, clean)
    said = sentence[sentence.index("is being") :]
    row("two builds on one output at the same time", f"one wins, the other: \u201c\u2026{said}\u201d", result)
    row("the owner of the lock is killed", "the next build takes the lock over at once", result)


def test_a_build_that_stood_still_too_long_is_followed_and_stops_when_it_wakes_up(
    start, build_here, monkeypatch, footage: Path, faults: Path, same, row, tmp_path: Path
) -> None:
    out, truth = tmp_path / "out", tmp_path / "truth"
    monkeypatch.setattr(build_module, "locked", partial(build_module.locked, interval_s=0.5))
    stopped = start(footage, out, FAULTS=faults, FAULT_LOCK_INTERVAL_S=0.5)
    victims = [stopped.victim(faults, name) for name in ("track", "hear")]
    stopped.signal_all(signal.SIGSTOP)
    (footage / "later.mp4").write_text("70 bad")  # so that the two do not want the same corpus
    (footage / "new.mp4").write_text("71")
    build_here(footage, out)
    build_here(footage, truth)
    same(out, truth)
    stopped.signal_all(signal.SIGCONT)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    sentence = stopped.sentence()
    assert "was taken over by `" in sentence
    assert f"(process {os.getpid()} on " in sentence
    for problem in verify(str(out)):  # not one file of the committed corpus
        assert problem.endswith("an unfinished build left it, run the build again.")
    build_here(footage, out)
    result = same(out, truth)
    said = sentence[sentence.index("was taken") : sentence.index(" or its lock")]
    row(
        "a build stands still (`SIGSTOP`) for three heartbeats, another takes over, the first wakes up",
        f"the second finishes; the first stops before it commits: \u201c\u2026{said}\u2026\u201d",
        result,
    )
