"""`style2talker face-model` from the outside."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from style2talker.cli import face_model
from style2talker.errors import UserError
from style2talker.face import gather
from style2talker.face.importers import kinds
from style2talker.face.model import embedded, load_model

_path = Path(__file__).parents[1] / "face" / "importers" / "conftest.py"
_spec = importlib.util.spec_from_file_location("face_model_layouts", _path)
assert _spec is not None
assert _spec.loader is not None
layouts = importlib.util.module_from_spec(_spec)
sys.modules["face_model_layouts"] = layouts
_spec.loader.exec_module(layouts)


def run(*words: object) -> Any:
    return CliRunner().invoke(face_model.app, [str(word) for word in words])


def test_import_writes_a_model_and_list_shows_it(tmp_path: Path) -> None:
    layouts.write_bfm(tmp_path, layouts.modes(80), layouts.modes(64))
    out = tmp_path / "made" / "bfm.safetensors"
    result = run("import", "bfm", tmp_path, "--out", out)
    assert result.exit_code == 0
    for word in ("80 identity modes", "64 expression components", "non-commercial", "left out: albedo"):
        assert word in result.output
    listed = run("list", out).output
    for model in (embedded(), load_model(out)):
        assert model.name in listed
        assert model.licence in listed
        assert model.sha256 in listed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["import", "bmf", ".", "--out", "a.safetensors"], "nearest is 'bfm'"),
        (["import", "bfm", "nowhere", "--out", "a.safetensors"], "nowhere does not exist"),
        (["import", "flame", ".", "--out", "a.safetensors"], "flame.is.tue.mpg.de"),
        (["list", "face.txt"], "is not a face model"),
        (["list", "missing.safetensors"], "there is no file missing.safetensors"),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else "",
)
def test_a_bad_call_is_a_sentence(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "face.txt").write_text("no model")
    result = run(*words)
    assert isinstance(result.exception, UserError)
    assert says in str(result.exception)


@pytest.mark.parametrize("words", [["import", "bfm", "."], ["learn", "me=a.mp4"]], ids=lambda each: each[0])
def test_another_suffix_is_refused_before_the_work(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("minutes of work for nothing")

    monkeypatch.setattr(kinds, "import_model", work)
    monkeypatch.setattr(gather, "gather", work)
    result = run(*words, "--out", tmp_path / "face.pkl")
    assert isinstance(result.exception, UserError)
    assert "does not end in .safetensors" in str(result.exception)
    assert not (tmp_path / "face.pkl").exists()


def test_learn_writes_a_model_and_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = embedded()
    frames = 6
    expression_tk = np.zeros((frames, 52))
    expression_tk[:, model.expression_names.index("jawOpen")] = np.linspace(0, 0.6, frames)
    vertices_tv3 = model.shape(np.zeros(len(model.identity_kv3)), expression_tk)
    landmarks_tl3 = vertices_tv3 * [11, -11, -11] + [128, 128, 0]

    def read_source(person: str, path: Path, task_path: Path) -> gather.Source:
        return gather.Source(
            person=person,
            landmarks_tl3=landmarks_tl3,
            blendshapes_tk=expression_tk,
            face_found_t=np.ones(frames, bool),
        )

    monkeypatch.setattr(gather, "read_source", read_source)
    out = tmp_path / "me.safetensors"
    result = run("learn", "me=a.mp4", "you=b.mp4", "--out", out, "--licence", "mine alone", "--modes", 5)
    assert result.exit_code == 0, result.exception
    assert load_model(out).licence == "mine alone"
    assert len(load_model(out).identity_kv3) == 5
    for word in ("identity, 5 modes", "expression, named shapes", "Nobody was held out"):
        assert word in result.output
