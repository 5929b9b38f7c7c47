"""The fake stages, with rows that wait for their fault. Run as a script, it is `style2talker` with them.

A clip of so many frames is a victim: the first time a stage comes to it, it writes its process id to a file
in the folder that `FAULTS` names, and waits. Whatever the test does to that process, it happens in the middle
of a row; the second time the row is one like any other. Without `FAULTS` every row is.
"""

import os
import signal
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import fake_stages  # type: ignore[import-not-found]

from pipelines.stage import Row, Stage, Work
from style2talker.errors import Reject
from style2talker.media.footage import Footage

TRACK_VICTIM, HEAR_VICTIM, GLUTTON = 90, 91, 92
"""Frames of the clips that wait in track and in hear, and of the one that asks track for ever more memory."""
GLUTTON_REJECT = Reject(
    "killed",
    "Its process was ended by SIGKILL, as the kernel does when memory runs out (3 attempts).",
    attempts=3,
)


def make_track(config: fake_stages.FakeConfig, footage: Footage) -> Work:
    plain = fake_stages.make_track(config, footage)

    def run(clip: Row) -> Row | list[Row | Reject]:
        time.sleep(float(os.environ.get("FAULT_SECONDS", "0")))  # of this node
        num_frames = round((clip["end_s"] - clip["start_s"]) * 25)
        if num_frames == TRACK_VICTIM:
            wait_for_the_fault("track")
        if num_frames == GLUTTON:
            eat()
        return plain(clip)

    return run


def make_hear(config: fake_stages.FakeConfig, footage: Footage) -> Work:
    plain = fake_stages.make_hear(config, footage)

    def run(clip: Row) -> Row | list[Row | Reject]:
        if clip["num_frames"] == HEAR_VICTIM:
            wait_for_the_fault("hear")
        return plain(clip)

    return run


def wait_for_the_fault(name: str) -> None:
    if "FAULTS" not in os.environ:
        return
    mark = Path(os.environ["FAULTS"], name)
    if mark.exists():
        return
    scratch = mark.with_suffix(".new")
    scratch.write_text(f"{os.getpid()} {os.environ.get('FAULT_NODE', '')}")
    scratch.rename(mark)  # who sees it sees all of it
    while True:
        signal.pause()


def eat() -> None:
    """Memory until the kernel has had enough; where no test has set a limit, what it does to such a row."""
    if "FAULTS" not in os.environ:
        raise GLUTTON_REJECT
    eaten = []
    while True:
        eaten.append(b"x" * (64 << 20))


def stages(*, track_timeout_s: float | None = None) -> tuple[Stage, ...]:
    """The fake stages; with a time limit, track runs in a process of its own. The recipes do not differ."""
    chosen = {stage.name: stage for stage in fake_stages.fake_stages()}
    track, hear = replace(chosen["track"], make=make_track), replace(chosen["hear"], make=make_hear)
    if track_timeout_s is not None:
        track = replace(track, isolated=True, timeout_s=track_timeout_s, timeout_per_s=0.0)
    return tuple((chosen | {"track": track, "hear": hear}).values())


def write_footage(root: Path, *, num_partitions: int = 4, count: int = 6, **more: str) -> Path:
    """Footage in which two clips are victims; `more` by name."""
    fake_stages.write_footage(root, count=count)
    for name, text in {"victim1": "50 90 51", "victim2": "52 91 53", **more}.items():
        (root / f"{name}.mp4").write_text(text)
    (root / "card.yaml").write_text(f"name: talkers\nnum_partitions: {num_partitions}\n")
    return root


def main() -> None:
    from pipelines import build
    from style2talker import cli

    if group := os.environ.get("FAULT_MEMORY_GROUP"):
        Path(group).write_text(str(os.getpid()))  # and with it everything that it starts
    timeout_s = os.environ.get("FAULT_TRACK_TIMEOUT_S")
    chosen = stages(track_timeout_s=float(timeout_s) if timeout_s else None)
    build.stages_of = lambda profile, device="cpu", fetch=False: chosen
    if interval_s := os.environ.get("FAULT_LOCK_INTERVAL_S"):
        build.locked = partial(build.locked, interval_s=float(interval_s))
    cli.main()


if __name__ == "__main__":
    import fault_stages  # type: ignore[import-not-found]  # workers import it by this name

    # A shell starts background jobs deaf to interrupts, and children inherit that; here one is meant.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(fault_stages.main())
