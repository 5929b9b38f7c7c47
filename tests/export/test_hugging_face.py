"""Hugging Face `datasets` reads the shards as they are: nothing is exported, the folder is the data set."""

import dataclasses
import io
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from pipelines.report import write_report
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import CLIPS
from style2talker.corpus.uri import open_store

SPLITS = ("train", "val")


@pytest.fixture
def datasets(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return pytest.importorskip("datasets", reason="datasets is not installed (pip install -e '.[dev]')")


@pytest.fixture
def folder(fitted_corpus: Path, tmp_path: Path) -> Path:
    """A corpus with the README.md that a build writes."""
    folder = Path(shutil.copytree(fitted_corpus, tmp_path / "corpus"))
    card = {"licence": "CC0-1.0", "commercial_use": True, "consent": "given", "citation": ""}
    card |= {"must_not_be_used_for": ["fraud"], "redistribution": True}
    manifest = dataclasses.replace(Corpus.open(str(folder)).manifest, card=card)
    for name, text in write_report(open_store(str(folder)), manifest).items():
        (folder / name).write_text(text)
    return folder


def test_the_shards_are_parquet_files_like_any_other(
    datasets: ModuleType, fitted_corpus: Path, tmp_path: Path
) -> None:
    files = {split: str(fitted_corpus / "clips" / f"{split}-*.parquet") for split in SPLITS}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path))
    corpus = Corpus.open(str(fitted_corpus))
    assert {split: len(loaded[split]) for split in loaded} == {"train": 2, "val": 2}
    for split in SPLITS:
        assert loaded[split].column_names == CLIPS.names
        for theirs, ours in zip(loaded[split], corpus.clips(split), strict=True):
            for name, value in ours.items():
                if isinstance(value, np.ndarray):
                    np.testing.assert_array_equal(np.array(theirs[name], np.float32), value)
                else:
                    assert theirs[name] == value


def test_the_corpus_folder_is_a_data_set_with_two_configurations(
    datasets: ModuleType, folder: Path, tmp_path: Path
) -> None:
    clips = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))  # clips is the default
    frames = datasets.load_dataset(str(folder), "frames", cache_dir=str(tmp_path / "cache"))
    for split in SPLITS:
        assert clips[split]["clip_id"][:] == frames[split]["clip_id"][:] == [f"{split}0", f"{split}1"]
    assert frames["val"][1]["jpeg"][0].startswith(b"\xff\xd8")


def test_streaming_and_speech(datasets: ModuleType, folder: Path) -> None:
    """Speech is the struct that `Audio` takes; `datasets` decodes it where torchcodec is installed."""
    stream = datasets.load_dataset(str(folder), split="val", streaming=True)
    stream = stream.cast_column("audio", datasets.Audio(sampling_rate=16_000, decode=False))
    for row in stream:
        speech, rate_hz = soundfile.read(io.BytesIO(row["audio"]["bytes"]))
        assert (len(speech), rate_hz) == (8 * 640, 16_000)
