"""Learning from a corpus, and its report: shares grow with modes, splits stay apart, licences are told."""

import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from style2talker.corpus.manifest import read_manifest, write_manifest
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import CLIPS, FRAMES
from style2talker.corpus.uri import open_store
from style2talker.errors import UserError
from style2talker.face import footage as footage_module
from style2talker.face.fit import fit_clip
from style2talker.face.footage import Source
from style2talker.face.gather import gather
from style2talker.face.geometry import depth, project
from style2talker.face.learn import learn
from style2talker.face.learn_report import report
from style2talker.face.model import EXPRESSION_NAMES, embedded, load_model, model_bytes

MODEL = embedded()
JAW, SMILE = EXPRESSION_NAMES.index("jawOpen"), EXPRESSION_NAMES.index("mouthSmileLeft")
FRAMES_PER_CLIP = 30

_path = Path(__file__).parents[1] / "corpus" / "conftest.py"
_spec = importlib.util.spec_from_file_location("tiny_corpus_for_faces", _path)
assert _spec is not None
assert _spec.loader is not None
tiny = importlib.util.module_from_spec(_spec)
sys.modules["tiny_corpus_for_faces"] = tiny
_spec.loader.exec_module(tiny)


def talking(person: int, frames: int = FRAMES_PER_CLIP) -> Source:
    """A person who talks and turns; who it is differs in the first two identity modes alone."""
    random = np.random.default_rng(person)
    time_t = np.linspace(0, 9, frames)
    expression_tk = np.zeros((frames, 52))
    expression_tk[:, JAW] = 0.4 - 0.4 * np.cos(time_t + person)
    expression_tk[:, SMILE] = expression_tk[:, SMILE + 1] = 0.3 + 0.3 * np.sin(2 * time_t)
    identity_k = np.zeros(len(MODEL.identity_kv3))
    identity_k[:2] = random.normal(size=2)
    rotation_t3 = np.deg2rad([5, 12, 3]) * np.sin(time_t[:, None] / 2 + random.uniform(0, 6, 3))
    translation_t3 = np.tile([128.0, 128.0, 11.0], (frames, 1))
    vertices_tv3 = MODEL.shape(identity_k, expression_tk)
    points_tv2 = project(vertices_tv3, rotation_t3, translation_t3)
    z_tv1 = -depth(vertices_tv3, rotation_t3)[..., None] * 11
    return Source(
        person=f"person {person}",
        landmarks_tl3=np.concatenate([points_tv2, z_tv1], axis=2),
        blendshapes_tk=expression_tk,
        face_found_t=np.ones(frames, bool),
    )


def test_shares_grow_with_modes_and_reach_what_was_planted() -> None:
    training, held_out = [talking(person) for person in range(5)], [talking(person) for person in (7, 8)]
    told = report(training, held_out, learn(training, MODEL, rounds=1))
    assert told.held_out is not None
    for group in (told.training, told.held_out):
        for shares in (group.identity, group.best_expression):
            assert shares is not None
            assert list(shares.values()) == sorted(shares.values())
            assert 0 <= min(shares.values()) <= max(shares.values()) <= 1 + 1e-9
        assert group.best_expression is not None
        assert group.best_expression[2] > 0.9  # the jaw and the smile
        assert group.named_expression is not None
        assert 0.8 < group.named_expression <= group.best_expression[52] + 0.02
        assert group.error < 0.02
    assert (told.training.people, told.held_out.people) == (5, 2)
    assert told.training.frames == 5 * FRAMES_PER_CLIP
    assert told.held_out.identity[18] > 0.5


def test_a_single_picture_has_no_movement_to_explain() -> None:
    still = talking(1, frames=1)
    told = report([still], [], MODEL)
    assert told.held_out is None
    assert told.training.best_expression is None
    assert told.training.named_expression is None


class Tracker:
    """Reads the person from the brightness of the first picture; a black one has no face."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> "Tracker":
        return self

    def __exit__(self, *ignored: object) -> None:
        pass

    def track(self, frames: Iterable[np.ndarray]) -> Any:
        pictures = list(frames)
        person = round(float(pictures[0].mean()) / 20)
        source = talking(person, len(pictures))
        found_t = np.full(len(pictures), person > 0)
        return SimpleNamespace(
            landmarks_tl3=source.landmarks_tl3, blendshapes_tk=source.blendshapes_tk, found_t=found_t
        )


def write_corpus(folder: Path, brightness: dict[str, int], **changed: dict[str, Any]) -> str:
    """A corpus of evenly bright clips named `split-speaker`; `changed` columns by clip, without the dash."""
    store = open_store(str(folder))
    tiny.write_tiny_corpus(folder)
    shards = []
    for split in sorted({clip.split("-")[0] for clip in brightness}):
        ids = [clip for clip in brightness if clip.split("-")[0] == split]
        rows = [
            {
                **tiny.clip_row(clip, split),
                "speaker": f"S{clip[:-1]}",
                **changed.get(clip.replace("-", ""), {}),
            }
            for clip in ids
        ]
        jpegs = {
            clip: cv2.imencode(".jpg", np.full((64, 64, 3), 20 * brightness[clip], np.uint8))[1].tobytes()
            for clip in ids
        }
        pictures = [{"clip_id": clip, "jpeg": [jpegs[clip]] * FRAMES_PER_CLIP} for clip in ids]
        shards += [
            tiny._put(store, f"clips/{split}-00000.parquet", "clips", split, CLIPS, rows),
            tiny._put(store, f"frames/{split}-00000.parquet", "frames", split, FRAMES, pictures),
        ]
    write_manifest(store, replace(read_manifest(store), num_clips=len(brightness), shards=tuple(shards)))
    return str(folder)


@pytest.fixture(autouse=True)
def tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage_module, "LandmarkTracker", Tracker)


def test_a_corpus_is_tracked_anew_and_its_splits_are_kept_apart(tmp_path: Path) -> None:
    clips = {"train-a1": 1, "train-a2": 2, "train-a3": 3, "train-b1": 4, "train-c1": 0, "val-d1": 6}
    uri = write_corpus(tmp_path / "c", clips)
    found = gather([uri], Path("task"), clips_per_speaker=2)
    assert [source.person for source in found.training] == ["Strain-a", "Strain-a", "Strain-b"]
    assert [source.person for source in found.held_out] == ["Sval-d"]
    assert found.notes == ("1 clips without a face were left out",)
    np.testing.assert_array_equal(found.training[2].landmarks_tl3, talking(4).landmarks_tl3)


def test_a_learned_model_tells_its_licence_and_fits(tmp_path: Path) -> None:
    other = {"licence": "CC BY-NC 4.0", "commercial_use": False}
    uri = write_corpus(tmp_path / "c", {"train-a1": 1, "train-b1": 2, "val-d1": 3}, trainb1=other)
    found = gather([uri], Path("task"), clips_per_speaker=5)
    assert found.licence == "learned from footage under CC BY-NC 4.0, CC0-1.0; commercial use not allowed"
    learnt = replace(learn(found.training, MODEL, rounds=1), name=found.name, licence=found.licence)
    (tmp_path / "face.safetensors").write_bytes(model_bytes(learnt))
    model = load_model(tmp_path / "face.safetensors")
    assert model.name == "tiny-face"
    assert model.licence == found.licence
    source = found.held_out[0]
    fit = fit_clip(
        source.landmarks_tl3,
        blendshapes_tk=source.blendshapes_tk,
        model=model,
        face_found_t=source.face_found_t,
    )
    assert np.median(fit.error_t) < 0.02


def test_what_cannot_be_learned_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no clip with a face in its train split"):
        gather(
            [write_corpus(tmp_path / "c", {"train-a1": 0, "val-b1": 1})], Path("task"), clips_per_speaker=1
        )
    with pytest.raises(UserError, match="got 2 items; give either one corpus or only person=path"):
        gather([str(tmp_path), "a=b.mp4"], Path("task"), clips_per_speaker=1)
    with pytest.raises(UserError, match="holds no corpus"):
        gather([str(tmp_path / "nowhere")], Path("task"), clips_per_speaker=1)
    with pytest.raises(UserError, match="no footage with a face"):
        learn([], MODEL)


def test_a_frame_that_is_no_picture_is_said(tmp_path: Path) -> None:
    tiny.write_tiny_corpus(tmp_path / "c")
    corpus = Corpus.open(str(tmp_path / "c"))
    with pytest.raises(UserError, match="is no JPEG"):
        list(footage_module.read_corpus(corpus, Path("task"), clips_per_speaker=1))
