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
    assert (card.licence, card.commercial_use, card.name) == ("unknown", False, tmp_path.name)
    assert card.speaker_of("a/b.mp4") == "b"
    assert card.emotion_of("a/b.mp4") == (None, None)


def test_speaker_emotion_level_and_splits_come_from_the_card(tmp_path: Path) -> None:
    card_at(
        tmp_path,
        r"""
name: acted
speaker: '^(M\d+)'
emotion: '_(?P<emotion>[a-z]+)_level(?P<level>\d)'
labels: {anger: angry}
splits: {test: [M030]}
""",
    )
    card = load_card(tmp_path)
    assert card.speaker_of("M030_anger_level3.mp4") == "M030"
    assert card.emotion_of("M030_anger_level3.mp4") == ("angry", 3)
    assert (card.split_of("M030"), card.split_of("M031")) == ("test", "train")


def test_a_key_without_a_value_and_a_group_without_a_match_fall_back(tmp_path: Path) -> None:
    card_at(tmp_path, "name: x\nroot:\nmust_not_be_used_for:\nspeaker: '^(S[0-9])?'\nemotion: '_(sad)?'")
    card = load_card(tmp_path)
    assert card.root == tmp_path.resolve()
    assert card.must_not_be_used_for
    assert (card.speaker_of("S5_a.mp4"), card.speaker_of("b.mp4")) == ("S5", "b")
    assert card.emotion_of("S5_a.mp4") == (None, None)


def test_the_description_does_not_depend_on_the_place(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        card_at(tmp_path / name, "name: same")
    assert load_card(tmp_path / "a").describe() == load_card(tmp_path / "b").describe()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: x\nlicense: MIT", "unknown key 'license'; the nearest known key is 'licence'"),
        ("licence: MIT", "has no name"),
        ("- a", "must be a YAML mapping"),
        ("name: [", "not a data card in YAML"),
        ("name: x\nroot: nowhere", "is not a directory"),
        ("name: x\nglob: ../*.mp4", "leaves the root"),
        ("name: x\nglob: /etc/*", "leaves the root"),
        ("name: x\nspeaker: '('", "not a regular expression"),
        ("name: x\nspeaker: abc", "has no group"),
        ("name: x\nsplits: {training: 1}", "no split 'training'"),
        ("name: x\nsplits: {train: 0.5}", "sum to 0.5"),
        ("name: x\nsplits: {train: 0.5, test: [a]}", "mix"),
        ("name: x\ncommercial_use: maybe", "expected bool"),
        ("name: x\nlabels: {01: neutral}", "labels has 1, expected words"),
        ("name: x\nsplits: {test: [5]}", "speaker 5, expected a word"),
    ],
)
def test_a_wrong_card_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        load_card(card_at(tmp_path, text))


def test_missing_and_remote_paths(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_card(tmp_path / "nowhere")
    with pytest.raises(UserError, match="is remote"):
        load_card("s3://bucket/videos")
