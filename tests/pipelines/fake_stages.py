"""Stages without media or models: they test the frame, not the labels. Run as a script, it builds.

A source file is text; each word that is a number becomes a clip of that many frames, `bad` becomes a reject,
`boom` a row that breaks inside a stage; a word in parentheses says whose file it is.
"""

import dataclasses
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import discover, fit, hear, judge, see, sync, track, transcribe, write
from pipelines.stage import Row, Stage, Work
from style2talker.corpus.corrections import DROP, DROPPED
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import Reject
from style2talker.media.footage import Footage

MOODY = [False]
"""Whether `hear` fails on clips of `MOODY_FRAMES` frames: a machine that is out of order for a while."""
MOODY_FRAMES = 77

SECONDS = float(os.environ.get("FAKE_STAGE_SECONDS", "0"))
"""How long a row takes: the time in which a test can kill the build. It is no part of the fingerprint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeConfig:
    salt: int = 0


def numbers(clip_id: str, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(int(clip_id, 16))
    return rng.normal(size=shape).astype(np.float32)


def make_discover(config: FakeConfig, footage: Footage) -> Work:
    def run(source: Row) -> list[Row | Reject]:
        rows: list[Row | Reject] = []
        for index, line in enumerate(footage.path(source["source_uri"]).read_text().split()):
            if line.startswith("("):
                continue
            if line == "bad":
                raise Reject("not_media", "It says bad.")
            clip_id = discover.clip_id_of(source["source_id"], index, index + 1)
            num_frames = 999 if line == "boom" else int(line)
            rows.append(
                {
                    "clip_id": clip_id,
                    "source_id": source["source_id"],
                    "source_uri": source["source_uri"],
                    "audio_uri": source.get("audio_uri"),
                    "start_s": float(index),
                    "end_s": index + num_frames / 25,
                    "source_rate_hz": 25.0,
                    "source_width_px": 256,
                    "source_height_px": 256,
                    "source_audio_rate_hz": 16000,
                }
            )
        return rows

    return run


def make_track(config: FakeConfig, footage: Footage) -> Work:
    def run(clip: Row) -> Row:
        time.sleep(SECONDS)
        num_frames = round((clip["end_s"] - clip["start_s"]) * 25)
        if num_frames == 999:
            raise ValueError("boom")
        return {
            "clip_id": clip["clip_id"],
            "num_frames": num_frames,
            "face_found": [True] * num_frames,
            "blendshapes": numbers(clip["clip_id"], num_frames, 52),
            "crop": numbers(clip["clip_id"], num_frames, 3),
            "picture_hash": int(clip["clip_id"][:15], 16),
            "jpeg": [b"\xff\xd8" + clip["clip_id"].encode()] * num_frames,
            "landmarks": numbers(clip["clip_id"], num_frames, 6),
        }

    return run


def make_fit(config: FakeConfig, footage: Footage) -> Work:
    def run(clip: Row) -> Row:
        clip_id, num_frames = clip["clip_id"], len(clip["face_found"])
        return {
            "clip_id": clip_id,
            "face_model": "fake",
            "face_model_sha256": "0" * 64,
            "identity": numbers(clip_id, 4),
            "expression": clip["blendshapes"] + config.salt,
            "rotation": numbers(clip_id, num_frames, 3),
            "translation": numbers(clip_id, num_frames, 3),
            "fit_error": numbers(clip_id, num_frames),
        }

    return run


def make_sync(config: FakeConfig, footage: Footage) -> Work:
    def run(clip: Row) -> Row:
        said = {"sync_offset_frames": 0.0, "sync_confidence": 1.0, "audio_shift_s": 0.0}
        return {"clip_id": clip["clip_id"], **said}

    return run


def make_hear(config: FakeConfig, footage: Footage) -> Work:
    def run(clip: Row) -> Row:
        time.sleep(SECONDS)
        clip_id, num_frames = clip["clip_id"], clip["num_frames"]
        if MOODY[0] and num_frames == MOODY_FRAMES:
            raise RuntimeError("moody")
        footage.path(clip["source_uri"]).read_bytes()  # as the real stage does; it may be gone
        return {
            "clip_id": clip_id,
            "audio": {"bytes": clip_id.encode(), "path": None},
            "mel": numbers(clip_id, num_frames * 3, 80),
            "voiced": [{"start_s": 0.0, "end_s": 1.0}],
            "pitch_hz": np.full(num_frames, 120, np.float32),
            "energy_db": np.full(num_frames, -20, np.float32),
            "audio_hash": numbers(clip_id, num_frames * 4 // 5).view(np.int32),
        }

    return run


def make_transcribe(config: FakeConfig, footage: Footage) -> Work:
    def run(clip: Row) -> Row:
        return {
            "clip_id": clip["clip_id"],
            "transcript": "bin blue at f two now",
            "language": "en",
            "words": [{"word": "bin", "start_s": 0.1, "end_s": 0.4, "probability": 0.9}],
            "words_per_s": 3.0,
            "hearing": None,
        }

    return run


def make_see(config: FakeConfig, footage: Footage) -> Work:
    def run(clip: Row) -> Row:
        return {
            "clip_id": clip["clip_id"],
            "net_names": ["fake"],
            "net_probability": np.eye(8, dtype=np.float32)[int(clip["clip_id"], 16) % 8][None],
            "unit_readings": numbers(clip["clip_id"], 4, 2),
            "frontal": numbers(clip["clip_id"], 6),
            "movement": abs(float(numbers(clip["clip_id"], 1)[0])),
            "picture": None,
        }

    return run


def make_judge(config: FakeConfig, footage: Footage) -> Work:
    def run(clip: Row) -> Row:
        (probability,) = clip["net_probability"]
        said = clip["context"].correction
        if said is not None and said.verdict == DROP:
            raise Reject(DROPPED, "Ana dropped it.")
        units = [{"unit": 12, "name": "lip corner puller", "intensity": 0.6, "level": "middle"}]
        neutral = clip["context"].neutral
        return {
            "clip_id": clip["clip_id"],
            "emotion": (said and said.emotion) or EMOTIONS[int(probability.argmax())],
            "emotion_level": (said and said.level) or 2,
            "emotion_probability": probability,
            "action_units": units,
            "opinions": [],
            "agreement": float(neutral.reading_r2.mean()) if neutral is not None else 0.0,
            "confidence": None,
            "flags": [],
            "corrected": said and {"author": said.author, "time_utc": said.time_utc},
        }

    return run


def make_write(config: FakeConfig, footage: Footage) -> Work:
    def run(clip: Row) -> Row:
        evidence = [{"kind": "emotion", "value": clip["emotion"], "words": clip["emotion"]}]
        sentences = [{"text": f"{n}: {clip['emotion']}.", "evidence": evidence} for n in range(5)]
        return {
            "clip_id": clip["clip_id"],
            "sentences": sentences,
            "sentence_sources": None,
            "sentence_scores": None,
        }

    return run


def fake_stages(*, fit_salt: int = 0) -> tuple[Stage, ...]:
    """The stages with the schemas and reads of the real ones."""

    def fake(real: Stage, make: object, *, salt: int = 0) -> Stage:
        return Stage(
            name=real.name,
            version=1,
            schema=real.schema,
            config=FakeConfig(salt=salt),
            make=make,  # type: ignore[arg-type]
            reads=real.reads,
            reads_footage=real.reads_footage,
            told=real.told,
        )

    return (
        fake(discover.STAGE, make_discover),
        fake(track.STAGE, make_track),
        fake(fit.STAGE, make_fit, salt=fit_salt),
        fake(sync.STAGE, make_sync),
        fake(hear.STAGE, make_hear),
        fake(transcribe.STAGE, make_transcribe),
        fake(see.STAGE, make_see),
        fake(judge.STAGE, make_judge),
        fake(write.STAGE, make_write),
    )


def batched(stages: Sequence[Stage], *, batch_size: int) -> list[Stage]:
    """The stages with `see` in batches and `transcribe` by sources: the rate tells what was beside a clip."""

    def see(stage: Stage) -> Stage:
        def make(config: Any, footage: Footage) -> Callable[[list[Row]], list[Any]]:
            work = stage.make(config, footage)
            return lambda rows: [work(row) for row in rows]

        return dataclasses.replace(stage, make=make, batch_size=batch_size)

    def transcribe(stage: Stage) -> Stage:
        def make(config: Any, footage: Footage) -> Callable[[list[Row]], list[Any]]:
            work = stage.make(config, footage)

            def run(rows: list[Row]) -> list[Any]:
                seconds = dict.fromkeys((row["source_id"] for row in rows), 0.0)
                for row in rows:
                    seconds[row["source_id"]] += row["end_s"] - row["start_s"]
                return [work(row) | {"words_per_s": seconds[row["source_id"]]} for row in rows]

            return run

        return dataclasses.replace(stage, make=make, batch_size=batch_size, grain="source")

    made = {"see": see, "transcribe": transcribe}
    return [made[stage.name](stage) if stage.name in made else stage for stage in stages]


def write_footage(root: Path, *, count: int = 12) -> Path:
    """Sources with one to three clips, one that is refused, one that breaks, and a copy."""
    root.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        clips = " ".join(str(50 + index + extra) for extra in range(index % 3 + 1))
        (root / f"talker{index:02d}.mp4").write_text(clips)
    (root / "refused.mp4").write_text("bad")
    (root / "broken.mp4").write_text("60 boom 70")
    (root / "zcopy.mp4").write_text((root / "talker00.mp4").read_text())
    (root / "empty.mp4").write_bytes(b"")
    return root


def main(arguments: Sequence[str]) -> None:
    """`style2talker build` with the fake stages in the place of the profile's."""
    import typer

    from pipelines import build as module
    from style2talker.cli import build as cli

    module.stages_of = lambda profile, device="cpu", fetch=False: fake_stages()
    app = typer.Typer()
    cli.register(app)
    footage, out, workers = arguments
    app(["build", footage, "--out", out, "--workers", workers])


if __name__ == "__main__":
    # A shell starts background jobs deaf to interrupts, and children inherit that; here one is meant.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(sys.argv[1:])
