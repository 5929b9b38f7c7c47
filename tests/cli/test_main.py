"""Bad calls are one sentence and exit status 2, also where the file system refuses."""

import sys
from pathlib import Path

import pytest

from style2talker.cli import main


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["build", "nowhere", "--out", "out"], "nowhere"),
        (["inspect", "nowhere"], "nowhere"),
        (["review", "nowhere"], "nowhere"),
        (["train", "style-e", "--corpus", "nowhere", "--out", "out", "--batchsize", "3"], "batch_size"),
        (["train", "style-a", "--corpus", "nowhere", "--out", "out"], "nowhere"),
        (["twin", "--out", "a-file"], "a-file"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else value,
)
def test_a_bad_call_is_one_sentence(
    words: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("in the way")
    monkeypatch.setattr(sys, "argv", ["style2talker", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert said.startswith("style2talker: ")
    assert says in said
    assert said.count("\n") == 1
