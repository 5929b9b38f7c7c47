"""The ledger at the size of a large corpus, without media: 100,000 clips in 1,024 partitions.

    python benchmarks/ledger.py [--num_clips 100000] [--num_partitions 1024]

Fake sources and rows are put through the real ledger (real work files, shards, commit) in this process. Then
a process of its own plans the finished corpus, plans it again with one label stage changed, and the changed
corpus is built. Prints seconds and peak memory of the plans, which stages ran, and the manifest's bytes per
clip.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import discover, fit, hear, judge, see, sync, track, transcribe, write
from pipelines.ledger import run_stage
from pipelines.partition import Partition, recipes_of
from pipelines.readers.item import Item
from pipelines.request import Request
from pipelines.rounds import bring_about, plan_of
from pipelines.shard import write_shards
from pipelines.sources import Source
from pipelines.stage import Row, Stage, Work
from pipelines.tombstones import Tombstones
from style2talker.corpus.card import Card
from style2talker.corpus.manifest import NAME, json_sha256
from style2talker.corpus.uri import Store, open_store
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.media.footage import Footage

CLIPS_PER_SOURCE = 4
NUM_FRAMES = 2
"""Of a fake clip: the ledger's own work does not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Salt:
    salt: int = 0


def empty(shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(shape, np.float32)


def make_discover(config: Salt, footage: Footage) -> Work:
    def run(source: Row) -> list[Any]:
        return [
            {
                "clip_id": discover.clip_id_of(source["source_id"], start_s, start_s + 4),
                "source_id": source["source_id"],
                "source_uri": source["source_uri"],
                "audio_uri": None,
                "start_s": start_s,
                "end_s": start_s + 4.0,
                "source_rate_hz": 25.0,
                "source_width_px": 256,
                "source_height_px": 256,
                "source_audio_rate_hz": 16000,
            }
            for start_s in np.arange(CLIPS_PER_SOURCE) * 5.0
        ]

    return run


COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "track": {
        "num_frames": NUM_FRAMES,
        "face_found": [True] * NUM_FRAMES,
        "blendshapes": empty((NUM_FRAMES, 52)),
        "crop": empty((NUM_FRAMES, 3)),
        "jpeg": [b"\xff\xd8"] * NUM_FRAMES,
        "landmarks": empty((NUM_FRAMES, 6)),
        "picture_hash": 0,
    },
    "fit": {
        "face_model": "none",
        "face_model_sha256": "",
        "identity": [0.0],
        "expression": empty((NUM_FRAMES, 52)),
        "rotation": empty((NUM_FRAMES, 3)),
        "translation": empty((NUM_FRAMES, 3)),
        "fit_error": [0.01] * NUM_FRAMES,
    },
    "sync": {"sync_offset_frames": 0.0, "sync_confidence": 1.0, "audio_shift_s": 0.0},
    "hear": {
        "audio": {"bytes": b"", "path": None},
        "mel": empty((NUM_FRAMES, 80)),
        "voiced": [{"start_s": 0.0, "end_s": 1.0}],
        "pitch_hz": [0.0] * NUM_FRAMES,
        "energy_db": [0.0] * NUM_FRAMES,
        "audio_hash": [],
    },
    "transcribe": {
        "transcript": "words",
        "language": "en",
        "words": [],
        "words_per_s": 1.0,
        "hearing": None,
    },
    "see": {
        "net_names": ["net"],
        "net_probability": np.eye(8, dtype=np.float32)[:1],
        "unit_readings": np.zeros((40, 2), np.float32),
        "frontal": np.zeros(5820, np.float32),
        "movement": 0.0,
        "picture": None,
    },
    "judge": {
        "emotion": EMOTIONS[0],
        "emotion_level": 1,
        "emotion_probability": np.eye(8, dtype=np.float32)[0],
        "action_units": [],
        **dict.fromkeys(("opinions", "agreement", "confidence", "flags", "corrected")),
    },
    "write": {
        "sentences": [{"text": "text", "evidence": []}] * 5,
        "sentence_sources": None,
        "sentence_scores": None,
    },
}


def stages(salt: int = 0) -> tuple[Stage, ...]:
    """Stages with the real schemas and constant rows; `salt` is the config of `write`, the label stage."""

    def fake(real: Stage, config: Salt) -> Stage:
        def make(config: Salt, footage: Footage) -> Work:
            def run(clip: Row) -> Row:
                row = {"clip_id": clip["clip_id"], **COLUMNS[real.name]}
                if "picture_hash" in row:  # no two clips look alike
                    row["picture_hash"] = int(clip["clip_id"][:15], 16)
                return row

            return run

        chosen = make_discover if real.name == "discover" else make
        reads = real.reads
        return Stage(
            name=real.name,
            version=1,
            schema=real.schema,
            config=config,
            make=chosen,
            reads=reads,
            told=real.told,
        )

    first = (discover.STAGE, track.STAGE, fit.STAGE, sync.STAGE, hear.STAGE, transcribe.STAGE)
    reals = (*first, see.STAGE, judge.STAGE)
    return (*(fake(real, Salt()) for real in reals), fake(write.STAGE, Salt(salt=salt)))


def request(num_clips: int, num_partitions: int, chosen: Sequence[Stage]) -> Request:
    sources = []
    for number in range(num_clips // CLIPS_PER_SOURCE):
        speaker = f"id{number % 500:05d}"
        card = Card(name="synthetic", root="/", num_partitions=num_partitions)
        item = Item(
            uri=f"{speaker}/{number:07d}.mp4",
            speaker=speaker,
            split=card.split_of(speaker),
            licence="CC0-1.0",
            commercial_use=True,
            redistribution=True,
            consent="nobody is shown",
        )
        sources.append(Source(item=item, source_id=json_sha256(number), num_bytes=1000))
    return Request(
        card=Card(name="synthetic", root="/", num_partitions=num_partitions, allow_leaks=("audio", "face")),
        profile="none",
        stages=tuple(chosen),
        recipes=recipes_of(chosen),
        entries=tuple(stage.entry() for stage in chosen),
        settings={stage.name: {"salt": stage.config.salt} for stage in chosen},
        sources=tuple(sources),
        rejects=(),
        coverage={"expected": None, "found": len(sources), "missing": 0, "unreadable": 0},
        tombstones=Tombstones(),
    )


def build(store: Store, wanted: Request) -> Counter[str]:
    """Build in this process; the rows that each stage computed."""
    ran: Counter[str] = Counter()

    def run(partitions: Sequence[Partition], chosen: Sequence[Stage]) -> None:
        for partition in partitions:
            for stage in chosen:
                if not store.exists(partition.file(stage.name)):
                    footer = run_stage(
                        stage, lambda made=stage: made.make(made.config, Footage("/")), partition, store
                    )
                    ran[stage.name] += footer.effort.num_rows
            if chosen[-1] is wanted.stages[-1]:
                write_shards(store, partition, wanted.stages, wanted.entries)

    bring_about(wanted, store, run=run, again=frozenset(), check=lambda: None)
    return ran


def plan_here(uri: str, num_clips: int, num_partitions: int, salt: int) -> None:
    """What the child process does; prints seconds, peak megabytes and what is left to do by stage."""
    wanted = request(num_clips, num_partitions, stages(salt))
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start_s = time.perf_counter()
    plan = plan_of(wanted, open_store(uri), again=frozenset())
    seconds = time.perf_counter() - start_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    steps = Counter(step.stage for step in plan.steps)
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, "before_mb": before_mb, "steps": steps}))


def plan(uri: str, options: argparse.Namespace, salt: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--plan", uri, "--salt", str(salt)]
    sizes = ["--num_clips", str(options.num_clips), "--num_partitions", str(options.num_partitions)]
    return json.loads(subprocess.run([*command, *sizes], check=True, capture_output=True, text=True).stdout)


def show(what: str, planned: Mapping[str, Any]) -> None:
    todo = ", ".join(f"{stage} {count}" for stage, count in planned["steps"].items()) or "nothing"
    print(
        f"plan, {what}: {planned['seconds']:.1f} s, peak {planned['peak_mb']:.0f} MB "
        f"({planned['before_mb']:.0f} before); partitions to do: {todo}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--num_clips", type=int, default=100_000)
    parser.add_argument("--num_partitions", type=int, default=1024)
    parser.add_argument("--plan", metavar="URI", help=argparse.SUPPRESS)
    parser.add_argument("--salt", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plan:
        plan_here(options.plan, options.num_clips, options.num_partitions, options.salt)
        return
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        start_s = time.perf_counter()
        build(store, request(options.num_clips, options.num_partitions, stages()))
        print(f"built {options.num_clips} clips in {time.perf_counter() - start_s:.0f} s")
        show("nothing changed", plan(folder, options, 0))
        show("label stage changed", plan(folder, options, 1))
        before = {path: path.stat().st_mtime_ns for path in Path(folder, "frames").iterdir()}
        start_s = time.perf_counter()
        ran = build(store, request(options.num_clips, options.num_partitions, stages(1)))
        rows = ", ".join(f"{stage} {count}" for stage, count in ran.items())
        print(f"built the change in {time.perf_counter() - start_s:.0f} s; rows computed: {rows}")
        after = {path: path.stat().st_mtime_ns for path in Path(folder, "frames").iterdir()}
        print(f"pictures untouched: {'yes' if before == after else 'NO'}")
        size = store.size(NAME) or 0
        print(f"manifest: {size} bytes, {size / options.num_clips:.1f} per clip")


if __name__ == "__main__":
    main()
