"""The official loaders' files: read back the way those loaders read them, and true to the corpus."""

import csv
import hashlib
import json
from pathlib import Path

import cv2
import lmdb
import numpy as np
import pytest

from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.export.official import export_official, person_id
from style2talker.face.convert.camera import from_deep3d
from style2talker.face.convert.files import read_deep3d
from style2talker.face.convert.square import out_of_square, squares
from style2talker.media.mel import mel_windows
from style2talker.weights.numpy_pickle import load_npy


@pytest.fixture(scope="module")
def export(fitted_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("official") / "export"
    assert export_official(Corpus.open(str(fitted_corpus)), out) == 4
    return out


def videos(export: Path) -> dict[str, str]:
    """Name -> clip id."""
    with (export / "clips.csv").open(newline="") as file:
        return {line["name"]: line["clip_id"] for line in csv.DictReader(file)}


def npy(export: Path, kind: str, video: str) -> Path:
    person, emotion, level, clip = video.split("#")
    return export / "processed_MEAD_front" / person / kind / emotion / level / f"{clip}.npy"


def test_names_and_sentences_are_the_style_e_loaders(export: Path) -> None:
    train = json.loads((export / "train.json").read_text())
    assert train == ["Strain0#happy#level_2#001", "Strain1#happy#level_2#001"]
    text = json.loads((export / "MEAD_text.json").read_text())
    assert set(text) == {video.replace("#", "_") for video in videos(export)}
    assert all(sentences == [f"Sentence {n}." for n in range(5)] for sentences in text.values())
    lists = export / "lmdb" / "lists"
    assert json.loads((lists / "train_facial.json").read_text()) == train
    splits = [json.loads((export / f"{name}.json").read_text()) for name in ("train", "val")]
    assert sorted([*splits[0], *splits[1]]) == sorted(videos(export))
    assert not set(splits[0]) & set(splits[1])


def test_the_dict_is_what_the_loader_unpacks_and_holds_plain_arrays_only(export: Path) -> None:
    for video in videos(export):
        path = npy(export, "3DMM", video)
        held = load_npy(path)  # refuses every pickle that could run anything
        assert {name: array.shape for name, array in held.items()} == {
            "coeff": (8, 257),
            "trans_param": (8, 5),
            "lm68": (8, 68, 2),
            "lm5": (8, 5, 2),
        }
        as_loader = dict(enumerate(np.load(path, allow_pickle=True).flatten(), 0))[0]
        np.testing.assert_array_equal(as_loader["coeff"], held["coeff"])
        assert held["coeff"].dtype == np.float32


def test_pose_comes_back_exactly_and_expression_is_where_the_loader_looks(
    export: Path, fitted_corpus: Path
) -> None:
    rows = {row["clip_id"]: row for row in Corpus.open(str(fitted_corpus)).clips()}
    for video, clip_id in videos(export).items():
        row, read = rows[clip_id], read_deep3d(npy(export, "3DMM", video))
        assert read.coefficients is not None
        assert read.transform_t5 is not None
        angle_t3, place_t3 = from_deep3d(read.coefficients.angle_t3, read.coefficients.trans_t3)
        np.testing.assert_array_equal(angle_t3, row["rotation"])
        crop_t3 = out_of_square(place_t3, squares(read.transform_t5), size_px=224)
        np.testing.assert_allclose(crop_t3, row["translation"], rtol=1e-5, atol=1e-3)
        np.testing.assert_array_equal(read.coefficients.expression_tk[:, :52], row["expression"])
        assert not read.coefficients.expression_tk[:, 52:].any()
        np.testing.assert_array_equal(read.coefficients.identity_tk[:, :18], np.tile(row["identity"], (8, 1)))


def test_landmarks_lie_on_the_face_the_right_way_up(export: Path) -> None:
    for video in videos(export):
        read = read_deep3d(npy(export, "3DMM", video))
        points = read.lm68_tl2
        assert points is not None
        assert not read.lm68_was_y_up
        assert ((points > 0) & (points < 256)).all()
        eyes, mouth, chin = points[:, 36:48].mean(axis=1), points[:, 48:].mean(axis=1), points[:, 8]
        assert (eyes[:, 1] + 10 < mouth[:, 1]).all()
        assert (mouth[:, 1] + 5 < chin[:, 1]).all()
        assert (points[:, 36, 0] < points[:, 45, 0]).all()  # the subject's right eye is to the left
        jaw = points[:, :17]
        assert (np.diff(jaw[..., 0], axis=1)[:, 2:14] > 0).all()  # from its right side to its left
        np.testing.assert_array_equal(load_npy(npy(export, "ldmk", video)), points)


def test_the_database_is_what_the_style_a_loader_reads(export: Path, fitted_corpus: Path) -> None:
    frames = {row["clip_id"]: row["jpeg"] for row in Corpus.open(str(fitted_corpus)).frames()}
    with (
        lmdb.open(str(export / "lmdb"), readonly=True, lock=False) as database,
        database.begin() as transaction,
    ):
        assert transaction.get(b"length") == b"0000004"
        assert transaction.stat()["entries"] == 1 + 4 * (8 + 3)
        for video, clip_id in videos(export).items():
            assert int(transaction.get(f"{video}-length".encode())) == 8
            pictures = [transaction.get(f"{video}-{frame:07d}".encode()) for frame in range(8)]
            assert pictures == frames[clip_id]
            picture = cv2.imdecode(np.frombuffer(pictures[0], np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (256, 256, 3)
            coeff = np.frombuffer(transaction.get(f"{video}-coeff_3dmm".encode()), np.float32).reshape(
                -1, 260
            )
            held = load_npy(npy(export, "3DMM", video))
            np.testing.assert_array_equal(coeff, np.hstack([held["coeff"], held["trans_param"][:, 2:]]))
            keypoint = np.frombuffer(transaction.get(f"{video}-keypoint".encode()), np.float32)
            np.testing.assert_array_equal(keypoint.reshape(-1, 68, 2), held["lm68"])


def test_the_sound_goes_with_its_frames(export: Path, fitted_corpus: Path) -> None:
    rows = {row["clip_id"]: row for row in Corpus.open(str(fitted_corpus)).clips()}
    for video, clip_id in videos(export).items():
        mel_tms = np.load(npy(export, "mel", video), allow_pickle=False)
        assert mel_tms.shape == (8, 80, 16)
        np.testing.assert_array_equal(mel_tms.transpose(0, 2, 1), mel_windows(rows[clip_id]["mel"], 8))


def test_the_same_corpus_gives_the_same_bytes(export: Path, fitted_corpus: Path, tmp_path: Path) -> None:
    export_official(Corpus.open(str(fitted_corpus)), tmp_path / "again")
    assert _hashes(tmp_path / "again") == _hashes(export)


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_terms_travel(export: Path) -> None:
    readme = (export / "README.md").read_text()
    for words in (
        "CC0-1.0 (4)",
        "allowed for 4 of 4",
        "given (4)",
        "must not be used for",
        "Basel face model",
    ):
        assert words in readme
    with (export / "clips.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert {(line["licence"], line["commercial_use"], line["consent"]) for line in lines} == {
        ("CC0-1.0", "True", "given")
    }


def test_one_split_alone_and_nothing_half_done(fitted_corpus: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(str(fitted_corpus))
    assert export_official(corpus, tmp_path / "val", split="val") == 2
    assert not (tmp_path / "val" / "train.json").exists()
    with pytest.raises(UserError, match="exists already"):
        export_official(corpus, tmp_path / "val")
    with pytest.raises(UserError, match="has no clip in test; it has train, val"):
        export_official(corpus, tmp_path / "test", split="test")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["val"]


def test_a_corpus_of_another_face_model_is_refused_and_leaves_nothing(
    tmp_path: Path, fitted_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from style2talker.export import official
    from style2talker.face.model import embedded

    other = type("Other", (), {"sha256": "f" * 64})
    assert embedded().sha256 != other.sha256
    monkeypatch.setattr(official, "embedded", lambda: other)
    with pytest.raises(UserError, match="was fitted with face model"):
        export_official(Corpus.open(str(fitted_corpus)), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_no_path_get_one_of_their_own() -> None:
    assert person_id("M003") == "M003"
    odd = ["a/b", "a#b", "a b", "../x", "ä", ""]
    ids = [person_id(name) for name in odd]
    assert len(set(ids)) == len(odd)
    assert all("/" not in name and "#" not in name and not name.startswith(".") for name in ids)
