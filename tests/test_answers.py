"""What a model said is said again, byte for byte, and whatever happens to the file is no answer's harm."""

import json
import logging
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.answers import VARIABLE, Answers, default_path, prompt_sha256
from style2talker.errors import UserError

KEY = ("weights", "prompt", "clip")
JSON = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(tmp_path / "new" / "answers.sqlite")


@settings(max_examples=40, deadline=None)
@given(answer=JSON)
def test_a_kept_answer_is_the_fresh_one(tmp_path_factory: pytest.TempPathFactory, answer: object) -> None:
    answers = Answers(tmp_path_factory.mktemp("answers") / "answers.sqlite")
    fresh = answers.answer(*KEY, lambda: answer)
    kept = answers.answer(*KEY, lambda: pytest.fail("asked twice"))
    assert json.dumps(kept) == json.dumps(fresh) == json.dumps(answer)
    answers.close()


def test_each_of_the_three_is_part_of_the_key(answers: Answers) -> None:
    answers.put(*KEY, "a")
    assert answers.get(*KEY) == "a"
    for place in range(3):
        other = [*KEY]
        other[place] = "other"
        assert answers.get(*other) is None
    assert prompt_sha256("a", "bc") != prompt_sha256("ab", "c")


def test_many_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from style2talker.answers import Answers; a = Answers(sys.argv[1])\n"
        "for i in range(40): assert a.answer('w', 'p', f'{i}', lambda: [i]) == [i]\n"
        "for i in range(40): a.put('w', sys.argv[2], f'{i}', i)"
    )
    path = tmp_path / "answers.sqlite"
    arguments = [sys.executable, "-c", program, str(path)]
    children = [subprocess.Popen([*arguments, str(number)]) for number in range(4)]
    assert [child.wait(60) for child in children] == [0] * 4
    assert [Answers(path).get("w", "p", f"{i}") for i in range(40)] == [[i] for i in range(40)]
    assert all(Answers(path).get("w", str(n), "39") == 39 for n in range(4))


@pytest.mark.parametrize(
    "bytes_", [b"", b"SQLite format 3\0 but no more", b"\0" * 5000, b"not a database" * 900]
)
def test_a_damaged_file_is_set_aside_and_said(
    tmp_path: Path, bytes_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_bytes(bytes_)
    with caplog.at_level(logging.WARNING):
        assert Answers(path).answer(*KEY, lambda: "fresh") == "fresh"
    assert Answers(path).get(*KEY) == "fresh"
    if bytes_:
        assert "damaged" in caplog.text
        assert (tmp_path / "answers.sqlite.damaged").read_bytes() == bytes_


def test_a_file_that_breaks_under_way_is_set_aside_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "answers.sqlite"
    answers = Answers(path)
    for number in range(200):
        answers.put("w", "p", f"{number}", "x" * 200)
    answers.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)  # the first page is whole: it opens
    path.write_bytes(data)
    assert answers.answer("w", "p", "7", lambda: "again") == "again"
    assert "damaged" in caplog.text
    assert Answers(path).get("w", "p", "7") == "again"


def test_one_damaged_answer_is_asked_again(
    answers: Answers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answers.put(*KEY, "true")
    answers.put("weights", "prompt", "other", "whole")
    with sqlite3.connect(tmp_path / "new" / "answers.sqlite") as file:
        file.execute("update answers set answer = '\"false\"' where clip = 'clip'")
    assert answers.get(*KEY) is None
    assert "clip clip is damaged" in caplog.text
    assert answers.answer(*KEY, lambda: "again") == "again"
    assert answers.get("weights", "prompt", "other") == "whole"


def test_the_longest_unused_are_forgotten_first(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "answers.sqlite", most_mb=0.01)
    for number in range(50):
        answers.put("w", "p", f"{number}", "x" * 700)
    with sqlite3.connect(tmp_path / "answers.sqlite") as file:
        file.execute("update answers set used_s = cast(clip as integer)")
    assert answers.prune() == 41  # 1,002 bytes each with what surrounds them: nine fit into 10,000
    assert answers.get("w", "p", "49") is not None
    assert answers.get("w", "p", "30") is None
    assert answers.prune() == 0


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STYLE2TALKER_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    assert default_path() == tmp_path / "answers.sqlite"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "b.sqlite"))
    assert default_path() == tmp_path / "b.sqlite"
    monkeypatch.setenv(VARIABLE, "off")
    assert default_path() is None
    asked = []
    for _ in range(2):
        Answers(None).answer(*KEY, lambda: asked.append(1) or "x")
    assert len(asked) == 2


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="local disk"):
        Answers(tmp_path / "file" / "answers.sqlite").get(*KEY)


def test_what_json_cannot_say_is_no_answer(answers: Answers) -> None:
    with pytest.raises(TypeError):
        answers.put(*KEY, object())
    with pytest.raises(ValueError, match="JSON"):
        answers.put(*KEY, float("nan"))
