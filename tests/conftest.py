"""Fixtures every room shares: real footage, when the machine has it, and a corpus whose fits can be drawn."""

import dataclasses
import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

SHARED_DATA = Path(
    os.environ.get("STYLE2TALKER_TEST_DATA", Path(__file__).parents[1].parent / "shared" / "data")
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real clips. Research-only footage never enters the repository, so a test may skip."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real footage is not at {SHARED_DATA}; set STYLE2TALKER_TEST_DATA to run this test")
    return SHARED_DATA


FITTED_FRAMES = 8


def load_script(path: Path) -> ModuleType:
    """A helper that lies in another room's folder."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny_models() -> ModuleType:
    """`tiny_models.py`: saves tiny random models of the real architectures."""
    return load_script(Path(__file__).with_name("tiny_models.py"))


def rewrite_corpus(folder: Path, change: Callable[[str, pa.Table], pa.Table], **manifest_values: Any) -> Path:
    """Change a small corpus in place: every table becomes `change(kind, table)`, sizes and hashes follow."""
    import pyarrow.parquet as pq

    from style2talker.corpus.manifest import read_manifest, write_manifest
    from style2talker.corpus.migrate import SCHEMAS
    from style2talker.corpus.shard import parquet_writer
    from style2talker.corpus.uri import open_store

    store = open_store(str(folder))
    manifest = read_manifest(store)
    shards = []
    for shard in manifest.shards:
        if shard.kind in SCHEMAS:
            table = change(shard.kind, pq.read_table(folder / shard.path))
            with parquet_writer(folder / shard.path, table.schema) as writer:
                writer.write_table(table, row_group_size=1)
            size, digest = store.size(shard.path), store.sha256(shard.path)
            shard = dataclasses.replace(shard, rows=table.num_rows, bytes=size, sha256=digest)
        shards.append(shard)
    num_clips = sum(shard.rows for shard in shards if shard.kind == "clips")
    changed = {"num_clips": num_clips, "shards": tuple(shards), **manifest_values}
    write_manifest(store, dataclasses.replace(manifest, **changed))
    return folder


@pytest.fixture(scope="session")
def rewrite() -> Callable[..., Path]:
    """`rewrite_corpus`."""
    return rewrite_corpus


@pytest.fixture(scope="session")
def faulty_s3() -> Iterator[Any]:
    """An S3 server that can be told to fail: the `FaultyS3` of faulty_s3.py."""
    with load_script(Path(__file__).with_name("faulty_s3.py")).running() as server:
        yield server


@pytest.fixture(scope="session")
def fitted_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clips with a face model's true fits: NASA's portrait of an astronaut, pushed about."""
    import cv2
    from skimage import data
    from threadpoolctl import threadpool_limits

    from style2talker.face.crop import crop_frame, fomm_box, to_crop
    from style2talker.face.fit import fit_clip
    from style2talker.face.landmarks import LandmarkTracker
    from style2talker.face.model import embedded
    from style2talker.media.audio import flac_encode

    tiny = load_script(Path(__file__).parent / "corpus" / "conftest.py")
    frames = [np.roll(data.astronaut()[:320, 60:380], 3 * shift, axis=1) for shift in range(FITTED_FRAMES)]
    with LandmarkTracker() as tracker:
        track = tracker.track(frames)
    box = fomm_box(track.landmarks_tl3)
    assert box is not None
    with threadpool_limits(1):
        fit = fit_clip(
            to_crop(track.landmarks_tl3, box),
            blendshapes_tk=track.blendshapes_tk,
            model=embedded(),
            face_found_t=track.found_t,
        )
    crops = [cv2.cvtColor(crop_frame(frame, box), cv2.COLOR_RGB2BGR) for frame in frames]
    jpeg = [cv2.imencode(".jpg", crop)[1].tobytes() for crop in crops]
    plain_row = tiny.clip_row

    def clip_row(clip_id: str, split: str) -> dict[str, Any]:
        # The clips differ in their errors only: val1 has the largest.
        error_t = fit.error_t * (1 + 0.5 * ("val" in clip_id) + 0.2 * clip_id.endswith("1"))
        return plain_row(clip_id, split) | {
            "num_frames": FITTED_FRAMES,
            "end_s": FITTED_FRAMES / 25,
            "face_found": track.found_t.tolist(),
            "blendshapes": track.blendshapes_tk,
            "crop": np.tile(np.array(box, np.float32), (FITTED_FRAMES, 1)),
            "face_model": embedded().name,
            "face_model_sha256": embedded().sha256,
            "identity": fit.identity_k,
            "expression": fit.expression_tk,
            "rotation": fit.rotation_t3,
            "translation": fit.translation_t3,
            "fit_error": error_t,
            "audio": {"bytes": flac_encode(np.zeros(FITTED_FRAMES * 640)), "path": None},
        }

    tiny.clip_row = clip_row
    tiny.frames_row = lambda clip_id: {"clip_id": clip_id, "jpeg": jpeg}
    return tiny.write_tiny_corpus(tmp_path_factory.mktemp("fitted") / "corpus")
