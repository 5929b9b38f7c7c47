"""A tiny corpus written by hand, two clips per split: reader and verify are tested without a build."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from style2talker.corpus.manifest import Manifest, ShardEntry, StageEntry, json_sha256, write_manifest
from style2talker.corpus.schema import CLIPS, FRAMES, REJECTS, SCHEMA_VERSION
from style2talker.corpus.shard import file_sha256, write_shard
from style2talker.corpus.uri import open_store

NUM_FRAMES = 50


def clip_row(clip_id: str, split: str) -> dict[str, Any]:
    """One clip whose numbers follow from its id."""
    rng = np.random.default_rng(int.from_bytes(clip_id.encode()))

    def numbers(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return {
        "clip_id": clip_id,
        "source_id": "ab" * 32,
        "source_uri": f"{clip_id}.mp4",
        "audio_uri": None,
        "start_s": 0.0,
        "end_s": 2.0,
        "speaker": f"S{clip_id}",
        "split": split,
        "licence": "CC0-1.0",
        "commercial_use": True,
        "redistribution": True,
        "consent": "given",
        "given_emotion": None,
        "given_level": None,
        "source_rate_hz": 25.0,
        "source_width_px": 640,
        "source_height_px": 480,
        "source_audio_rate_hz": 48000,
        "num_frames": NUM_FRAMES,
        "face_found": [True] * NUM_FRAMES,
        "blendshapes": numbers(NUM_FRAMES, 52),
        "crop": numbers(NUM_FRAMES, 3),
        "picture_hash": int.from_bytes(clip_id.encode()[:7]),
        "face_model": "embedded",
        "face_model_sha256": "0" * 64,
        "identity": numbers(4),
        "expression": numbers(NUM_FRAMES, 52),
        "rotation": numbers(NUM_FRAMES, 3),
        "translation": numbers(NUM_FRAMES, 3),
        "fit_error": numbers(NUM_FRAMES),
        "sync_offset_frames": 0.25,
        "sync_confidence": 0.9,
        "audio_shift_s": 0.0,
        "audio": {"bytes": b"fLaC", "path": None},
        "mel": numbers(160, 80),
        "voiced": [{"start_s": 0.1, "end_s": 1.9}],
        "transcript": "hello there",
        "language": "en",
        "words": [{"word": "hello", "start_s": 0.1, "end_s": 0.5, "probability": 0.9}],
        "pitch_hz": numbers(NUM_FRAMES),
        "energy_db": numbers(NUM_FRAMES),
        "words_per_s": 1.0,
        "hearing": {
            "voiced_share": 0.9,
            "no_speech": 0.1,
            "log_probability": -0.3,
            "compression": 1.2,
            "kept": True,
        },
        "audio_hash": numbers(40).view(np.int32),
        "net_names": ["one", "two"],
        "net_probability": numbers(2, 8),
        "unit_readings": numbers(4, 2),
        "picture": {"brightness": 0.5, "contrast": 0.2, "sharpness": 0.3},
        "emotion": "happy",
        "emotion_level": 2,
        "emotion_probability": numbers(8),
        "action_units": [{"unit": 12, "name": "lip corner puller", "intensity": 0.6, "level": "middle"}],
        "opinions": [
            {
                "name": "voice",
                "modality": "voice",
                "probability": numbers(8),
                "measures": [{"name": "arousal", "value": 0.5}],
                "text": "",
            }
        ],
        "agreement": 0.8,
        "confidence": 0.7,
        "flags": ["dark"],
        "corrected": None,
        "sentences": [{"text": f"Sentence {n}.", "evidence": []} for n in range(5)],
        "sentence_sources": ["grammar"] * 5,
        "sentence_scores": numbers(5),
        "provenance": [{"stage": "track", "version": 1, "config_sha256": "0" * 64, "weights": ""}],
    }


def frames_row(clip_id: str) -> dict[str, Any]:
    return {"clip_id": clip_id, "jpeg": [b"\xff\xd8" + clip_id.encode()] * NUM_FRAMES}


def write_tiny_corpus(folder: Path) -> Path:
    """Two clips in train, two in val, one reject."""
    store = open_store(str(folder))
    shards = []
    for split in ("train", "val"):
        ids = [f"{split}{n}" for n in range(2)]
        for kind, schema, rows in (
            ("clips", CLIPS, [clip_row(i, split) for i in ids]),
            ("frames", FRAMES, [frames_row(i) for i in ids]),
        ):
            shards.append(_put(store, f"{kind}/{split}-00000.parquet", kind, split, schema, rows))
    reject = {
        "source_uri": "bad.mp4",
        "source_id": None,
        "clip_id": None,
        "start_s": None,
        "end_s": None,
        "stage": "discover",
        "kind": "not_media",
        "message": "It is text.",
        "attempts": 1,
    }
    shards.append(_put(store, "rejects.parquet", "rejects", "", REJECTS, [reject]))
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name="tiny",
        made_with="test",
        profile="small",
        card={},
        card_sha256=json_sha256({}),
        config={},
        config_sha256=json_sha256({}),
        num_sources=5,
        num_clips=4,
        duration_s=8.0,
        stages=(StageEntry(name="track", version=1, config_sha256="", weights={}, libraries={}),),
        shards=tuple(shards),
    )
    write_manifest(store, manifest)
    return folder


def _put(store: Any, path: str, kind: str, split: str, schema: Any, rows: list[dict[str, Any]]) -> ShardEntry:
    with store.writing(path) as scratch:
        write_shard(scratch, rows, schema=schema, rows_per_group=1)
        size, digest = scratch.stat().st_size, file_sha256(scratch)
    return ShardEntry(
        path=path, kind=kind, split=split, partition=0, rows=len(rows), bytes=size, sha256=digest
    )


@pytest.fixture
def tiny_corpus(tmp_path: Path) -> Path:
    return write_tiny_corpus(tmp_path / "corpus")
