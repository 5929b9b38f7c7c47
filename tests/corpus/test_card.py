"""Cards: a directory is one, wrong ones are one sentence, labels come out of paths."""

from pathlib import Path

import pytest

from style2talker.corpus.card import load_card
from style2talker.errors import UserError


def card_at(folder: Path, text: str) -> Path:
    path = folder / "card.yaml"
    path.write_text(text)
    return path


def test_a_bare_directory_is_a_cautious_card(tmp_path: Path) -> None:
    card = load_card(tmp_path)
    assert (card.licence, card.commercial_use, card.redistribution) == ("unknown", False, False)
    assert (card.name, card.root) == (tmp_path.name, str(tmp_path.resolve()))
    assert card.groups_of("a/b.mp4") == {}


def test_speaker_emotion_level_and_splits_come_from_the_card(tmp_path: Path) -> None:
    card_at(
        tmp_path,
        r"""
name: acted
layout: '^(?P<speaker>M\d+)_(?P<emotion>[a-z]+)_level(?P<level>\d|hi)'
codes: {ang: anger}
labels: {anger: angry}
levels: {hi: 3}
splits: {test: [M030]}
""",
    )
    card = load_card(tmp_path)
    assert card.groups_of("M030_ang_level3.mp4") == {"speaker": "M030", "emotion": "ang", "level": "3"}
    assert card.groups_of("notes.mp4") is None
    assert [card.emotion_of(word) for word in ("ang", "anger", "bored", None)] == [
        "angry",
        "angry",
        "bored",
        None,
    ]
    assert [card.level_of(word) for word in ("3", "hi", "XX", None)] == [3, 3, None, None]
    assert (card.split_of("M030"), card.split_of("M031")) == ("test", "train")


def test_the_first_layout_that_fits_counts(tmp_path: Path) -> None:
    card_at(tmp_path, "name: x\nlayout: ['^(?P<speaker>a)/', '(?P<level>[12])?(?P<speaker>[abc])']")
    card = load_card(tmp_path)
    assert card.groups_of("a/1b.mp4") == {"speaker": "a"}
    assert card.groups_of("1b.mp4") == {"speaker": "b", "level": "1"}
    assert card.groups_of("c.mp4") == {"speaker": "c"}


def test_an_official_split_wins_then_the_lists_then_the_shares(tmp_path: Path) -> None:
    card_at(tmp_path, "name: x\nsplits: {test: [S1], val: 0.5, train: 0.5}")
    card = load_card(tmp_path)
    assert card.split_of("S1") == "test"
    assert card.split_of("S1", "val") == "val"
    assert card.split_of("S1", "dev") == "test"
    others = [card.split_of(f"P{number}") for number in range(200)]
    assert set(others) == {"train", "val"}
    assert 70 < others.count("val") < 130


def test_a_key_without_a_value_falls_back(tmp_path: Path) -> None:
    card_at(tmp_path, "name: x\nroot:\nmust_not_be_used_for:\nlayout:\n")
    card = load_card(tmp_path)
    assert card.root == str(tmp_path.resolve())
    assert card.must_not_be_used_for
    assert card.layout == ()


def test_the_description_does_not_depend_on_the_place(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        card_at(tmp_path / name, "name: same")
    assert load_card(tmp_path / "a").describe() == load_card(tmp_path / "b").describe()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: x\nlicense: MIT", "unknown key 'license'; the nearest known key is 'licence'"),
        ("name: x\nexpect: 3", "unknown key 'expect'; the nearest known key is 'expected'"),
        ("licence: MIT", "has no name"),
        ("- a", "must be a YAML mapping"),
        ("name: [", "not a data card in YAML"),
        ("name: x\nroot: nowhere", "is not a directory"),
        ("name: x\nglob: ../*.mp4", "leaves the root"),
        ("name: x\nglob: /etc/*", "leaves the root"),
        ("name: x\naudio: '../{stem}.wav'", "leaves the root"),
        ("name: x\naudio: '{stem'", "not a template"),
        ("name: x\naudio: '{stem.x}.wav'", "not a template"),
        ("name: x\nlayout: '('", "not a regular expression"),
        ("name: x\nlayout: [1]", "layout has 1, expected words"),
        ("name: x\nsplits: {training: 1}", "no split 'training'"),
        ("name: x\nsplits: {train: 0.5}", "sum to 0.5"),
        ("name: x\nsplits: {train: 0.5, test: [a]}", "sum to 0.5"),
        ("name: x\nsplits: {val: [a], test: [a]}", "'a' is named twice"),
        ("name: x\nsplits: {test: [5]}", "speaker 5, expected a word"),
        ("name: x\ncommercial_use: maybe", "expected bool"),
        ("name: x\nnum_partitions: true", "expected int"),
        ("name: x\nnum_partitions: 0", "expected 1 or more"),
        ("name: x\nlabels: {01: neutral}", "labels has 1, expected words"),
        ("name: x\nlabels: {anger: angri}", "no emotion of ours; the nearest is 'angry'"),
        ("name: x\nlevels: {HI: 4}", "expected a word in quotes and 1, 2 or 3"),
        ("name: x\nexpected: {'*.mp4': many}", "expected a glob and a number of files"),
        ("name: x\nexclude: [3]", "exclude has 3"),
        ("name: x\nallow_leaks: [faces]", "the nearest kind of leak is 'face'"),
        ("name: x\nsync: shfit", "keep, gate, shift is 'shift'"),
        ("name: x\nsync: true", "expected str"),
    ],
)
def test_a_wrong_card_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        load_card(card_at(tmp_path, text))


def test_missing_and_remote_paths(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_card(tmp_path / "nowhere")
    with pytest.raises(UserError, match="a card is read from this disk"):
        load_card("s3://bucket/card.yaml")
    card = load_card("s3://bucket/videos?region=x")
    assert (card.name, card.root) == ("videos", "s3://bucket/videos?region=x")
    card = load_card(card_at(tmp_path, "name: x\nroot: gs://bucket/videos"))
    assert card.root == "gs://bucket/videos"
