"""Readers: what a tree of empty files becomes, and that nothing of it gets lost without a word."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers import Inventory, Item, Tree, read_items
from pipelines.readers.pattern import read_pattern
from style2talker.corpus.card import parse_card
from style2talker.corpus.schema import REJECTS
from style2talker.errors import UserError


def read(root: Path, files: Mapping[str, str], **card: Any) -> Inventory:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return read_items(parse_card({"name": "x", **card}, folder=root, source="x"))


def empty(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "")


def kinds(inventory: Inventory) -> Counter[str]:
    return Counter(row["kind"] for row in inventory.rejects)


def by_uri(inventory: Inventory) -> dict[str, Item]:
    return {item.uri: item for item in inventory.items}


def test_a_bare_folder_is_its_videos(tmp_path: Path) -> None:
    inventory = read(tmp_path, empty("b.mp4", "a/c.MOV", "notes.txt", ".hidden.mp4"))
    assert [item.uri for item in inventory.items] == ["a/c.MOV", "b.mp4"]
    assert [item.speaker for item in inventory.items] == ["c", "b"]
    assert (inventory.expected, inventory.found, inventory.missing) == (None, 2, 0)
    assert inventory.rejects == ()


def test_rejects_have_the_columns_of_the_schema(tmp_path: Path) -> None:
    inventory = read(tmp_path, empty("a.mp4"), exclude={"a.mp4": "it is silent"})
    [row] = inventory.rejects
    assert set(row) == set(REJECTS.names)
    assert (row["kind"], row["message"]) == ("excluded", "It is silent")
    assert inventory.found == 1


@given(st.sets(st.from_regex(r"[ab]{1,3}_(sad|mad)\.(mp4|txt|wav)", fullmatch=True)))
def test_every_video_is_an_item_or_a_reject(names: set[str]) -> None:
    """Whatever the tree: items and rejects together are the videos, each once, and sounds without one."""
    card = parse_card(
        {
            "name": "x",
            "layout": "^(?P<speaker>a+)_(?P<emotion>sad)",
            "audio": "{path}.wav",
            "exclude": ["aaa*"],
        },
        folder=Path(__file__).parent,
        source="x",
    )
    inventory = read_pattern(card, Tree.of(names, lambda name: b""))
    said = [item.uri for item in inventory.items] + [row["source_uri"] for row in inventory.rejects]
    assert len(said) == len(set(said))
    assert {name for name in names if name.endswith("mp4")} == {name for name in said if name.endswith("mp4")}
    assert inventory.found == sum(name.endswith("mp4") for name in names)
    assert all(item.audio_uri in names for item in inventory.items)


@given(st.sets(st.from_regex(r"[a-d]{1,2}_\d\.mp4", fullmatch=True)), st.data())
def test_adding_files_changes_nothing_about_the_others(names: set[str], data: st.DataObject) -> None:
    card = parse_card(
        {"name": "x", "layout": "^(?P<speaker>[a-d]+)", "splits": {"test": ["a"], "val": 0.3, "train": 0.7}},
        folder=Path(__file__).parent,
        source="x",
    )
    fewer = {name for name in sorted(names) if data.draw(st.booleans())}
    after = by_uri(read_pattern(card, Tree.of(names, lambda name: b"")))
    before = by_uri(read_pattern(card, Tree.of(fewer, lambda name: b"")))
    assert before == {uri: item for uri, item in after.items() if uri in fewer}


def test_a_name_that_fits_no_layout_is_a_reject(tmp_path: Path) -> None:
    inventory = read(tmp_path, empty("S1_sad.mp4", "old/copy.mp4"), layout=r"^(?P<speaker>S\d)_")
    assert [item.speaker for item in inventory.items] == ["S1"]
    assert kinds(inventory) == {"unknown_name": 1}


def test_sound_in_a_file_of_its_own(tmp_path: Path) -> None:
    files = empty("S1/video/1.mp4", "S1/audio/1.m4a", "S1/video/2.mp4", "S1/audio/3.m4a", "S1/video/4.mp4")
    layout = r"^(?P<speaker>\w+)/video/(?P<clip>\d)"
    inventory = read(tmp_path, files, layout=layout, audio="{speaker}/audio/{clip}.m4a", exclude=["**/4.mp4"])
    assert {item.uri: item.audio_uri for item in inventory.items} == {"S1/video/1.mp4": "S1/audio/1.m4a"}
    unpaired = {row["source_uri"] for row in inventory.rejects if row["kind"] == "unpaired"}
    assert unpaired == {"S1/video/2.mp4", "S1/audio/3.m4a"}
    both = read(tmp_path, {}, layout=layout, audio=["{speaker}/audio/{clip}.m4a", "own"])
    assert {item.uri: item.audio_uri for item in both.items} == {
        "S1/video/1.mp4": "S1/audio/1.m4a",
        "S1/video/2.mp4": None,
        "S1/video/4.mp4": None,
    }


def test_a_sound_of_a_video_that_the_glob_leaves_out_is_not_unpaired(tmp_path: Path) -> None:
    files = empty("front/1.mp4", "down/1.mp4", "down/2.mp4", "1.wav", "2.wav", "3.wav")
    inventory = read(tmp_path, files, glob="front/*", layout=r"/(?P<clip>\d)\.", audio="{clip}.wav")
    assert [row["source_uri"] for row in inventory.rejects] == ["3.wav"]


def test_expected_files_are_counted_or_named(tmp_path: Path) -> None:
    files = empty("s1/a.mpg", "s1/b.mpg", "s2/a.mpg", "x/07.mpg")
    inventory = read(tmp_path, files, expected={"s{1..3}/*.mpg": 2, "**/{06..08}.mpg": 1})
    missing = {row["source_uri"]: row["message"] for row in inventory.rejects}
    assert missing == {
        "s2/*.mpg": "1 of the 2 files that match are not there.",
        "s3/*.mpg": "2 of the 2 files that match are not there.",
        "06.mpg": "It is not there.",
        "08.mpg": "It is not there.",
    }
    assert (inventory.expected, inventory.found, inventory.missing) == (9, 4, 5)
    assert read(tmp_path, {}, expected=4).missing == 0
    assert read(tmp_path, {}, expected=6).missing == 2


def test_labels_of_single_files(tmp_path: Path) -> None:
    table = (
        "\ufefffile,speaker,emotion,level,split,licence,commercial_use,redistribution,consent\n"
        "a.mp4,Ann,anger,hi,val,CC-BY-4.0,yes,true,signed\n"
        "./b.mp4,,,,,,,,\n"
        "gone.mp4,Bob,bored,2,,,,,\n"
    )
    inventory = read(
        tmp_path,
        {**empty("a.mp4", "b.mp4"), "labels.csv": table},
        labels={"anger": "angry"},
        levels={"hi": 3},
        consent="unknown",
        splits={"test": ["b"]},
    )
    ann, other = inventory.items
    assert ann.labels() == {
        "speaker": "Ann",
        "split": "val",
        "licence": "CC-BY-4.0",
        "commercial_use": True,
        "redistribution": True,
        "consent": "signed",
        "given_emotion": "angry",
        "given_level": 3,
    }
    assert (other.speaker, other.split, other.commercial_use) == ("b", "test", False)
    assert [(row["kind"], row["source_uri"]) for row in inventory.rejects] == [("missing", "gone.mp4")]
    assert inventory.missing == 1


CLIPS = '{"clips": {"v_0": {"ytb_id": "v", "duration": {"start_sec": 1, "end_sec": 5}}}}'


@pytest.mark.parametrize(
    ("card", "lists"),
    [
        ({}, {}),
        ({"reader": "hdtf", "annotations": "*.txt"}, {"RD_list.txt": "v.mp4 00:01-00:05\n"}),
        ({"reader": "celebv", "annotations": "*.json"}, {"info.json": CLIPS}),
    ],
)
def test_a_row_of_the_labels_file_that_is_not_used_is_a_reject(
    tmp_path: Path, card: dict[str, Any], lists: dict[str, str]
) -> None:
    """Whatever the reader: of a file that the card does not ask for, and of one that is not there."""
    files = empty("asked/v.mp4", "asked/out.mp4", "else/v.mp4", "else/unnamed.mp4", "sounds/v.wav", "v.wav")
    inventory = read(
        tmp_path,
        {
            **files,
            **lists,
            "labels.csv": "file\nasked/v.mp4\nasked/out.mp4\nelse/v.mp4\nsounds/v.wav\ngone.mp4\n",
        },
        glob="asked/*",
        exclude={"**/out.mp4": "known to be bad"},
        layout="(?P<video>v)",
        **card,
    )
    assert [item.uri for item in inventory.items] == ["asked/v.mp4"]
    said = {row["source_uri"]: (row["kind"], row["message"]) for row in inventory.rejects}
    not_asked = ("excluded", "The labels file names it, but the card's glob 'asked/*' does not match it.")
    assert said == {
        "asked/out.mp4": ("excluded", "Known to be bad"),
        "else/v.mp4": not_asked,
        "sounds/v.wav": not_asked,
        "gone.mp4": ("missing", "The labels file names it, but it is not there."),
    }
    assert len(said) == len(inventory.rejects)


def test_json_lines_say_the_same_as_a_table(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"file": "a.mp4", "emotion": "bored", "level": 2, "commercial_use": True, "split": "test"},
        {"file": "b.mp4", "speaker": "Ann", "consent": None},
    ]
    lines = "\n\n".join(json.dumps(row) for row in rows)
    [a, b] = read(tmp_path, {**empty("a.mp4", "b.mp4"), "labels.jsonl": lines}).items
    assert (a.emotion, a.level, a.commercial_use, a.split) == ("bored", 2, True, "test")
    assert (b.speaker, b.consent) == ("Ann", "unknown")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {"labels.csv": "file,emotoin\na.mp4,sad\n"},
            "line 2 has the unknown column 'emotoin'; .* 'emotion'",
        ),
        ({"labels.csv": "speaker\nAnn\n"}, "line 2 has no 'file'"),
        ({"labels.csv": "file,split\na.mp4,training\n"}, "no split 'training'"),
        ({"labels.csv": "file,commercial_use\na.mp4,perhaps\n"}, "expected true or false"),
        ({"labels.csv": "file,speaker\na.mp4,Ann,Bob\n"}, "as many cells"),
        ({"labels.csv": "file,speaker\na.mp4\n"}, "as many cells"),
        ({"labels.csv": "file,speaker\na.mp4,Ann\na.mp4,Bob\n"}, "line 3 says otherwise"),
        ({"labels.csv": "file\n", "labels.jsonl": ""}, "both labels.csv and labels.jsonl"),
        ({"labels.jsonl": "{'file': 1}"}, "line 1 is not JSON"),
        ({"labels.jsonl": '["a.mp4"]'}, "expected an object"),
        ({"labels.jsonl": '{"file": "a.mp4", "speaker": ["Ann"]}'}, "expected a word"),
        ({"labels.jsonl": '{"file": "a.mp4", "level": "very"}'}, "level is 'very'"),
    ],
)
def test_a_wrong_labels_file_is_one_sentence(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read(tmp_path, {"a.mp4": "", **files})


def test_a_labels_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"labels_file 'list\.csv' is not below .*; put it there, or take"):
        read(tmp_path, empty("a.mp4"), labels_file="list.csv")
    with pytest.raises(UserError, match="no reader 'hdft'; the nearest is 'hdtf'"):
        read(tmp_path, empty("a.mp4"), reader="hdft")
