"""WebDataset tar files, read back with the library that everyone reads them with."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile
import webdataset

from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.export import web_dataset
from style2talker.export.web_dataset import export_webdataset


@pytest.fixture(scope="module")
def export(fitted_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tar") / "50% export"
    assert export_webdataset(Corpus.open(str(fitted_corpus)), out) == 4
    return out


def samples(*files: Path, decode: str | None = None) -> list[dict]:
    read = webdataset.WebDataset([str(path) for path in files], shardshuffle=False)
    return list(read if decode is None else read.decode(decode))


def test_samples_come_back_as_the_corpus_has_them(export: Path, fitted_corpus: Path) -> None:
    corpus = Corpus.open(str(fitted_corpus))
    for split in ("train", "val"):
        found = samples(export / f"{split}-000000.tar", decode="rgb8")
        for sample, row, shown in zip(found, corpus.clips(split), corpus.frames(split=split), strict=True):
            assert sample["__key__"] == row["clip_id"]
            for name in ("expression", "rotation", "mel", "identity", "pitch_hz", "emotion_probability"):
                np.testing.assert_array_equal(sample[f"{name}.npy"], row[name])
            for name in (
                "emotion",
                "sentences",
                "words",
                "licence",
                "consent",
                "redistribution",
                "face_found",
            ):
                assert sample["json"][name] == row[name]
            pictures = [sample[f"{frame:04d}.jpg"] for frame in range(len(shown["jpeg"]))]
            assert {picture.shape for picture in pictures} == {(256, 256, 3)}


def test_pictures_and_speech_are_the_stored_bytes(export: Path, fitted_corpus: Path) -> None:
    raw = {sample["__key__"]: sample for sample in samples(export / "val-000000.tar")}
    for row in Corpus.open(str(fitted_corpus)).frames(split="val"):
        sample = raw[row["clip_id"]]
        assert [sample[f"{frame:04d}.jpg"] for frame in range(8)] == row["jpeg"]
        speech, rate_hz = soundfile.read(io.BytesIO(sample["flac"]))
        assert (len(speech), rate_hz) == (8 * 640, 16_000)


def test_bytes_depend_on_the_corpus_alone(
    export: Path, fitted_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_webdataset(Corpus.open(str(fitted_corpus)), tmp_path / "again")
    for path in export.iterdir():
        assert (
            hashlib.sha256(path.read_bytes()).digest()
            == hashlib.sha256((tmp_path / "again" / path.name).read_bytes()).digest()
        )
    with tarfile.open(export / "train-000000.tar") as file:
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in file} == {(0, 0, 0, "", "")}
    monkeypatch.setattr(web_dataset, "LARGEST_BYTES", 1000)
    export_webdataset(Corpus.open(str(fitted_corpus)), tmp_path / "small", split="train")
    files = sorted((tmp_path / "small").glob("*.tar"))
    assert [path.name for path in files] == ["train-000000.tar", "train-000001.tar"]
    whole, parts = samples(export / "train-000000.tar"), samples(*files)
    assert [s["__key__"] for s in parts] == [s["__key__"] for s in whole]
    assert all(a[k] == b[k] for a, b in zip(parts, whole, strict=True) for k in a if k[:2] != "__")


def test_commercial_clips_only(fitted_corpus: Path, tmp_path: Path, rewrite: Callable[..., Path]) -> None:
    def restrict(kind: str, table: pa.Table) -> pa.Table:
        if kind != "clips":
            return table
        place = table.column_names.index("commercial_use")
        allowed = pa.array([i == "val1" for i in table.column("clip_id").to_pylist()])
        return table.set_column(place, table.schema.field(place), allowed)

    mixed = rewrite(Path(shutil.copytree(fitted_corpus, tmp_path / "mixed")), restrict)
    corpus = Corpus.open(str(mixed), commercial_only=True)
    assert export_webdataset(corpus, tmp_path / "out") == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("README.md", "clips.csv", "val-000000.tar")
    ]
    (sample,) = samples(tmp_path / "out" / "val-000000.tar")
    assert sample["__key__"] == "val1"
    assert json.loads(sample["json"])["commercial_use"] is True
    assert "1 of the 4 clips" in (tmp_path / "out" / "README.md").read_text()
    with pytest.raises(UserError, match="no clip that may be used commercially in train"):
        export_webdataset(corpus, tmp_path / "none", split="train")
