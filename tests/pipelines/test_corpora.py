"""The cards that ship, each against a small tree that is laid out, and as irregular, as the real one."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.readers import Inventory, Item, read_items
from pipelines.readers.labels import COLUMNS
from pipelines.readers.pattern import matching
from style2talker.corpus.card import Card, parse_card
from style2talker.corpus.splits import SPLITS
from style2talker.emotion.taxonomy import EMOTIONS

CARDS = {path.stem: path for path in (Path(__file__).parents[2] / "data_cards").glob("*.yaml")}
NOT_DISJOINT = {"lrw"}
"""Cards whose split does not keep people apart, and that say so."""


def card_of(name: str, root: Path) -> Card:
    data = yaml.safe_load(CARDS[name].read_text(encoding="utf-8"))
    return parse_card({**data, "root": str(root)}, folder=root, source=name)


def read(name: str, root: Path, files: Iterable[str], texts: Mapping[str, str] | None = None) -> Inventory:
    for uri, text in {**dict.fromkeys(files, ""), **(texts or {})}.items():
        path = root / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    inventory = read_items(card_of(name, root))
    check(name, inventory)
    return inventory


def check(name: str, inventory: Inventory) -> None:
    """What holds for every corpus."""
    assert inventory.items
    assert [item.uri for item in inventory.items] == sorted({item.uri for item in inventory.items})
    splits: dict[str, set[str]] = {}
    for item in inventory.items:
        assert item.split in SPLITS
        splits.setdefault(item.speaker, set()).add(item.split)
    assert name in NOT_DISJOINT or all(len(used) == 1 for used in splits.values())


def by_uri(inventory: Inventory) -> dict[str, Item]:
    return {item.uri: item for item in inventory.items}


def rejects(inventory: Inventory) -> dict[str, str]:
    said = {row["source_uri"]: row["kind"] for row in inventory.rejects}
    assert len(said) == len(inventory.rejects)
    return said


def test_there_is_a_card_for_each_corpus() -> None:
    assert set(CARDS) == {
        "TEMPLATE", "celebv_hq", "celebv_text", "crema_d", "folder", "grid", "hdtf", "lrw", "mead",
        "mead_processed", "ravdess", "twins", "voxceleb2",
    }  # fmt: skip


def test_the_template_shows_every_key_with_a_value_that_is_right(tmp_path: Path) -> None:
    lines = CARDS["TEMPLATE"].read_text(encoding="utf-8").splitlines()
    data = yaml.safe_load("\n".join(re.sub(r"^# (\w+:)", r"\1", line) for line in lines))
    assert set(data) == {f.name for f in fields(Card)}
    parse_card({**data, "root": str(tmp_path)}, folder=tmp_path, source="TEMPLATE")


def test_the_page_names_every_card_and_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in set(CARDS) - {"TEMPLATE"})
    header, *rows = page.partition("```csv\n")[2].partition("```")[0].splitlines()
    assert tuple(header.split(",")) == COLUMNS
    assert all(len(row.split(",")) == len(COLUMNS) for row in rows)


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_card_says_what_it_must(name: str, tmp_path: Path) -> None:
    card = card_of(name, tmp_path)
    assert set(card.labels.values()) <= set(EMOTIONS)
    assert card.must_not_be_used_for
    assert card.consent
    if name not in ("TEMPLATE", "folder"):
        assert card.citation
        assert card.licence != "unknown"
    if not card.redistribution:
        assert not card.commercial_use


def test_mead(tmp_path: Path) -> None:
    inventory = read(
        "mead",
        tmp_path,
        [
            "M003/video/front/angry/level_1/001.mp4",
            "M003/audio/angry/level_1/001.m4a",
            "M003/video/left_30/angry/level_1/001.mp4",  # another view of the same sound
            "M003/video/front/neutral/level_1/002.mp4",  # its sound is missing
            "M019/audio/sad/level_2/003.m4a",  # incomplete: no video at all
            "part0/W009/video/front/front/surprised/level_3/004.mp4",  # the view one level deeper
            "part0/W009/audio/surprised/level_3/004.m4a",
            "W011/video/front/happy/level_2/1/005.mp4",  # an extra folder, with its own sound ...
            "W011/audio/happy/level_2/1/005.m4a",
            "W011/video/front/happy/level_2/2/005.mp4",  # ... and with only the plain one's
            "W011/video/front/happy/level_2/005.mp4",
            "W011/audio/happy/level_2/005.m4a",
            "W017/video/down/disgusted/level_3/006.mp4",  # filmed from below only
            "W017/audio/disgusted/level_3/006.m4a",
            "M003/video/front/angry/level_1/notes.mp4",
        ],
    )
    items = by_uri(inventory)
    assert {uri: item.audio_uri for uri, item in items.items()} == {
        "M003/video/front/angry/level_1/001.mp4": "M003/audio/angry/level_1/001.m4a",
        "W011/video/front/happy/level_2/005.mp4": "W011/audio/happy/level_2/005.m4a",
        "W011/video/front/happy/level_2/1/005.mp4": "W011/audio/happy/level_2/1/005.m4a",
        "W017/video/down/disgusted/level_3/006.mp4": "W017/audio/disgusted/level_3/006.m4a",
        "part0/W009/video/front/front/surprised/level_3/004.mp4": (
            "part0/W009/audio/surprised/level_3/004.m4a"
        ),
    }
    said = [(item.speaker, item.emotion, item.level) for item in items.values()]
    assert said == [
        ("M003", "angry", 1), ("W011", "happy", 2), ("W011", "happy", 2), ("W017", "disgusted", 3),
        ("W009", "surprised", 3),
    ]  # fmt: skip
    assert {item.speaker for item in items.values() if item.split == "test"} == {"M003", "W009"}
    assert rejects(inventory) == {
        "M003/video/front/neutral/level_1/002.mp4": "unpaired",
        "M019/audio/sad/level_2/003.m4a": "unpaired",
        "W011/video/front/happy/level_2/2/005.mp4": "unpaired",
        "M003/video/front/angry/level_1/notes.mp4": "unknown_name",
    }


def test_mead_processed(tmp_path: Path) -> None:
    inventory = read(
        "mead_processed",
        tmp_path,
        [
            "MEAD_front/video/M003#angry#level_1#001.mp4",
            "MEAD_front/audio/M003#angry#level_1#001.wav",
            "MEAD_front/Original_video/M003#angry#level_1#001.mp4",
            "video/W015#neutral#level_1#002.mp4",
            "audio/W015#neutral#level_1#002.wav",
            "M030_sur_3_001.mp4",
            "crops/M005_left_30_contempt_level2_003.mp4",
            "processed_MEAD_front/W011/video/fear/level_2/004.mp4",
            "processed_MEAD_front/W011/video/fear/2/005.mp4",
        ],
    )
    items = by_uri(inventory)
    said = {uri: (item.speaker, item.emotion, item.level) for uri, item in items.items()}
    assert said == {
        "M030_sur_3_001.mp4": ("M030", "surprised", 3),
        "MEAD_front/video/M003#angry#level_1#001.mp4": ("M003", "angry", 1),
        "crops/M005_left_30_contempt_level2_003.mp4": ("M005", "contempt", 2),
        "processed_MEAD_front/W011/video/fear/2/005.mp4": ("W011", "fear", 2),
        "processed_MEAD_front/W011/video/fear/level_2/004.mp4": ("W011", "fear", 2),
        "video/W015#neutral#level_1#002.mp4": ("W015", "neutral", 1),
    }
    assert {item.audio_uri for item in items.values()} == {
        None,
        "MEAD_front/audio/M003#angry#level_1#001.wav",
        "audio/W015#neutral#level_1#002.wav",
    }
    assert rejects(inventory) == {"MEAD_front/Original_video/M003#angry#level_1#001.mp4": "excluded"}


HDTF_LISTS = {
    "HDTF_dataset/RD_annotion_time.txt": "Radio11.mp4 00:30-01:00 01:30-02:30\nRadio2.mp4 00:05-00:25 \n",
    "HDTF_dataset/WDA_annotion_time.txt": (
        "BobCasey0.mp4 00:10-07:15\n\ufeffCarolynMaloney2.mp4 00:05-05:00\nJamesClyburn1.mp4 00:05-04:40\n"
        "LucilleRoybal-Allard.mp4 00:10-02:05\nWhipJimClyburn.mp4 00:05-04:40\n"
    ),
    "HDTF_dataset/WRA_annotion_time.txt": "MittRomney.mp4 08:10-08:30 00:33-08:53\nOdd.mp4 01:00-00:30 5-9\n",
}


def test_hdtf(tmp_path: Path) -> None:
    inventory = read(
        "hdtf",
        tmp_path,
        [
            "RD_Radio11_000.mp4",  # a clip, its second interval is missing
            "_videos_raw/RD_Radio11.mp4",  # what it was cut from
            "_videos_raw/RD_Radio2.mp4",
            "WDA_CarolynMaloney2_000.mp4",
            "split_5s_video/WDA_BobCasey0_000#0.mp4",
            "split_5s_video/WDA_BobCasey0_000#1.mp4",
            "split_5s_audio/WDA_BobCasey0_000#1.wav",
            "WDA/WhipJimClyburn.mp4",
            "WDA/JamesClyburn1_0.mp4",
            "_videos_raw/WRA_MittRomney.mp4",
            "WDA_NancyPelosi3_000.mp4",  # in no list
            "WRA_Odd.mp4",  # no span of its list can be meant: not the whole video either
        ],
        HDTF_LISTS,
    )
    items = by_uri(inventory)
    assert {uri: (item.speaker, item.spans_s) for uri, item in items.items()} == {
        "RD_Radio11_000.mp4": ("Radio", ()),
        "WDA/JamesClyburn1_0.mp4": ("JamesClyburn", ()),
        "WDA/WhipJimClyburn.mp4": ("JamesClyburn", ((5.0, 280.0),)),
        "WDA_CarolynMaloney2_000.mp4": ("CarolynMaloney", ()),
        "_videos_raw/RD_Radio2.mp4": ("Radio", ((5.0, 25.0),)),
        "_videos_raw/WRA_MittRomney.mp4": ("MittRomney", ((33.0, 533.0),)),  # overlapping spans, used once
        "split_5s_video/WDA_BobCasey0_000#0.mp4": ("BobCasey", ()),
        "split_5s_video/WDA_BobCasey0_000#1.mp4": ("BobCasey", ()),
    }
    assert items["split_5s_video/WDA_BobCasey0_000#0.mp4"].audio_uri is None
    assert (
        items["split_5s_video/WDA_BobCasey0_000#1.mp4"].audio_uri == "split_5s_audio/WDA_BobCasey0_000#1.wav"
    )
    said = Counter((row["source_uri"], row["kind"]) for row in inventory.rejects)
    assert said == {
        ("_videos_raw/RD_Radio11.mp4", "excluded"): 1,
        ("RD_Radio11_001.mp4", "missing"): 1,
        ("WDA_LucilleRoybal-Allard_000.mp4", "missing"): 1,
        ("WDA_NancyPelosi3_000.mp4", "unknown_name"): 1,
        ("Odd.mp4", "bad_annotation"): 2,
        ("WRA_Odd.mp4", "bad_annotation"): 1,
    }
    gone = next(row for row in inventory.rejects if row["source_uri"] == "RD_Radio11_001.mp4")
    assert (gone["start_s"], gone["end_s"]) == (90.0, 150.0)
    assert (inventory.expected, inventory.found, inventory.missing) == (10, 8, 2)


def test_hdtf_says_when_its_lists_disagree_and_uses_the_first(tmp_path: Path) -> None:
    inventory = read(
        "hdtf",
        tmp_path,
        ["WDA_Ann_000.mp4", "WDA_Ann_001.mp4", "_videos_raw/RD_Bob.mp4", "_videos_raw/RD_Cat.mp4"],
        {
            "RD_annotion_time.txt": "Bob.mp4 00:10-00:20\nBob.mp4 00:40-00:50\nCat.mp4 00:10-00:20\n",
            "WDA_annotion_time.txt": "Ann.mp4 00:10-00:20 00:30-00:40\n",
            "WRA_annotion_time.txt": "Ann.mp4 00:30-00:40\nCat.mp4 00:10-00:20\n",  # of Cat it says the same
        },
    )
    assert {uri: item.spans_s for uri, item in by_uri(inventory).items()} == {
        "WDA_Ann_000.mp4": (),
        "WDA_Ann_001.mp4": (),
        "_videos_raw/RD_Bob.mp4": ((10.0, 20.0),),
        "_videos_raw/RD_Cat.mp4": ((10.0, 20.0),),
    }
    assert rejects(inventory) == {"Ann.mp4": "bad_annotation", "Bob.mp4": "bad_annotation"}
    messages = {row["source_uri"]: row["message"] for row in inventory.rejects}
    assert messages["Ann.mp4"].startswith("WRA_annotion_time.txt gives '00:30-00:40'")
    assert (inventory.expected, inventory.found, inventory.missing) == (4, 4, 0)


def test_hdtf_without_its_lists_is_read_by_its_names(tmp_path: Path) -> None:
    inventory = read("hdtf", tmp_path, ["WDA_DonnaShalala1_000#29.mp4", "WDA_DonnaShalala0_000.mp4"])
    assert {item.speaker for item in inventory.items} == {"DonnaShalala"}
    assert inventory.expected is None


def test_ravdess(tmp_path: Path) -> None:
    card = card_of("ravdess", tmp_path)
    names = [
        f"Actor_{actor:02}/01-01-{emotion:02}-{strength:02}-{sentence:02}-{take:02}-{actor:02}.mp4"
        for actor in range(1, 25)
        for emotion in range(1, 9)
        for strength in ((1,) if emotion == 1 else (1, 2))
        for sentence in (1, 2)
        for take in (1, 2)
    ]
    assert len(names) == 1440
    gone = names.pop(100)
    others = [
        "Actor_01/02-01-06-01-02-01-01.mp4",  # without sound
        "Actor_01/03-01-06-01-02-01-01.wav",  # sound only
        "Actor_01/01-02-06-01-02-01-01.mp4",  # song
        "Actor_02/01-01-06-01-02-01-01.mp4",  # in the wrong folder
    ]
    inventory = read("ravdess", tmp_path, [*names, *others])
    assert (inventory.expected, len(inventory.items), inventory.missing) == (1440, 1439, 1)
    assert rejects(inventory) == {
        gone.partition("/")[2]: "missing",
        "Actor_02/01-01-06-01-02-01-01.mp4": "unknown_name",
    }
    emotions = Counter(item.emotion for item in inventory.items)
    assert set(emotions) == set(EMOTIONS) - {"contempt"} | {"calm"}
    assert emotions["neutral"] == 96
    assert {item.level for item in inventory.items} == {2, 3}
    song = '"**/01-02-01-01-{01,02}-{01,02}-{{01..17},{19..24}}.mp4"'
    assert song in CARDS["ravdess"].read_text()  # what the card's comment offers counts right
    assert matching(
        song.strip('"'), ["Actor_17/01-02-01-01-01-02-17.mp4", "Actor_18/01-02-01-01-01-02-18.mp4"]
    )
    assert card.redistribution


def test_crema_d(tmp_path: Path) -> None:
    names = ["1001_IEO_ANG_HI", "1001_TIE_NEU_XX", "1002_IEO_DIS_LO", "1064_IEO_DIS_MD", "1076_MTI_SAD_XX"]
    table = '"Stimulus_Number","Filename"\n' + "".join(f'{n},"{name}"\n' for n, name in enumerate(names))
    files = [f"VideoFlash/{name}.flv" for name in (*names[:2], *names[3:])]
    files += ["VideoFlash/readme.flv", "AudioWAV/1001_IEO_ANG_HI.wav", "AudioMP3/1001_IEO_ANG_HI.mp3"]
    inventory = read("crema_d", tmp_path, files, {"SentenceFilenames.csv": table})
    said = [(item.speaker, item.emotion, item.level) for item in inventory.items]
    assert said == [("1001", "angry", 3), ("1001", "neutral", None)]
    assert all(item.commercial_use and item.redistribution for item in inventory.items)
    assert rejects(inventory) == {
        "VideoFlash/1064_IEO_DIS_MD.flv": "excluded",
        "VideoFlash/1076_MTI_SAD_XX.flv": "excluded",
        "VideoFlash/readme.flv": "unknown_name",
        "VideoFlash/1002_IEO_DIS_LO.flv": "missing",
        "VideoFlash/*.flv": "missing",
    }
    assert (inventory.expected, inventory.found, inventory.missing) == (7442, 5, 7437)


def celebv_clip(
    video: str, start: float, end: float, emotion: Any = None, unit: str = "sec"
) -> dict[str, Any]:
    clip: dict[str, Any] = {
        "ytb_id": video,
        "duration": {f"start_{unit}": start, f"end_{unit}": end},
        "bbox": {"top": 0.0, "bottom": 0.9, "left": 0.1, "right": 0.7},
        "version": "v0.1",
    }
    if emotion is not None:
        labels = {"sep_flag": not isinstance(emotion, str), "labels": emotion}
        clip["attributes"] = {"appearance": [0, 1], "action": [1], "emotion": labels}
    return clip


def test_celebv_hq(tmp_path: Path) -> None:
    changing = [
        {"emotion": "neutral", "start_sec": 0, "end_sec": 0.28},
        {"emotion": "anger", "start_sec": 1.28, "end_sec": 3.28},
    ]
    clips = {
        "M2Ohb0FAaJU_1": celebv_clip("M2Ohb0FAaJU", 81.62, 86.17, "happiness"),
        "M2Ohb0FAaJU_2": celebv_clip("M2Ohb0FAaJU", 90, 95, "happiness"),
        "_0tf2n3rlJU_0": celebv_clip("_0tf2n3rlJU", 52.72, 56.1, changing),
        "_0tf2n3rlJU_1": celebv_clip("_0tf2n3rlJU", 55, 60, "neutral"),
        "dead_video_0": celebv_clip("dead_video", 1, 2, "sad"),
        "broken_0": {"ytb_id": "broken"},
    }
    inventory = read(
        "celebv_hq",
        tmp_path,
        [
            "processed/M2Ohb0FAaJU_1.mp4",
            "processed/M2Ohb0FAaJU_2.mp4",
            "raw/M2Ohb0FAaJU.mp4",
            "raw/_0tf2n3rlJU.mp4",
            "processed/renamed.mp4",
        ],
        {"celebvhq_info.json": json.dumps({"meta_info": {}, "clips": clips})},
    )
    assert [(item.uri, item.speaker, item.emotion, item.spans_s) for item in inventory.items] == [
        ("processed/M2Ohb0FAaJU_1.mp4", "M2Ohb0FAaJU", "happy", ()),
        ("processed/M2Ohb0FAaJU_2.mp4", "M2Ohb0FAaJU", "happy", ()),
        ("raw/_0tf2n3rlJU.mp4", "_0tf2n3rlJU", "neutral,angry", ((52.72, 60.0),)),
    ]
    assert rejects(inventory) == {
        "raw/M2Ohb0FAaJU.mp4": "excluded",
        "processed/renamed.mp4": "unknown_name",
        "dead_video_0.mp4": "missing",
        "broken_0.mp4": "bad_annotation",
    }
    assert (inventory.expected, inventory.found, inventory.missing) == (6, 4, 1)


def test_celebv_uses_one_form_of_the_same_footage_and_says_so_of_the_others(tmp_path: Path) -> None:
    clips = {
        "cut_0": celebv_clip("cut", 1, 5),
        "whole_0": celebv_clip("whole", 1, 5),
        "whole_1": celebv_clip("whole", 7, 9),
    }
    inventory = read(
        "celebv_hq",
        tmp_path,
        [
            "a_copy/cut_0.mp4",
            "processed/cut_0.mp4",  # cropped: preferred, though another path comes first or last ...
            "processed/cut_0.webm",
            "raw/cut_0.mp4",
            "processed/whole.mp4",  # ... but a span is one of the whole video, not of something made from it
            "raw/whole.avi",
            "raw/whole.mp4",
            "raw/whole.webm",
            "raw/stranger.mp4",
            "raw/stranger.webm",
        ],
        {"celebvhq_info.json": json.dumps({"clips": clips})},
    )
    assert {uri: item.spans_s for uri, item in by_uri(inventory).items()} == {
        "processed/cut_0.mp4": (),
        "raw/whole.mp4": ((1.0, 5.0), (7.0, 9.0)),
    }
    assert rejects(inventory) == {
        "a_copy/cut_0.mp4": "excluded",
        "processed/cut_0.webm": "excluded",
        "raw/cut_0.mp4": "excluded",
        "processed/whole.mp4": "excluded",
        "raw/whole.avi": "excluded",
        "raw/whole.webm": "excluded",
        "raw/stranger.mp4": "unknown_name",
        "raw/stranger.webm": "unknown_name",
    }
    messages = {row["source_uri"]: row["message"] for row in inventory.rejects}
    assert messages["raw/cut_0.mp4"] == "Of the same footage, processed/cut_0.mp4 is preferred."
    assert (inventory.expected, inventory.found, inventory.missing) == (3, 3, 0)


def test_celebv_uses_no_span_that_cannot_be_meant(tmp_path: Path) -> None:
    clips = {
        "good_0": celebv_clip("good", 3, 4),
        "good_1": celebv_clip("good", 9, 5),
        "bad_0": celebv_clip("bad", 5, 5),
        "bad_1": celebv_clip("bad", -3, 5),
        "bad_2": celebv_clip("bad", 0, float("nan")),
        "cut_0": celebv_clip("cut", 2, 1),
    }
    inventory = read(
        "celebv_hq",
        tmp_path,
        ["raw/good.mp4", "raw/bad.mp4", "processed/cut_0.mp4"],
        {"celebvhq_info.json": json.dumps({"clips": clips})},
    )
    assert [(item.uri, item.spans_s) for item in inventory.items] == [("raw/good.mp4", ((3.0, 4.0),))]
    names = {"good_1.mp4", "bad_0.mp4", "bad_1.mp4", "bad_2.mp4", "raw/bad.mp4", "processed/cut_0.mp4"}
    assert rejects(inventory) == dict.fromkeys(names, "bad_annotation")


def test_celebv_text_has_no_emotions_two_tables_and_frames_that_are_seconds(tmp_path: Path) -> None:
    first = {"0-5BrmyFsYM_0": celebv_clip("0-5BrmyFsYM", 0.0, 9.64)}
    second = {"00-30GQl0TM_7": celebv_clip("00-30GQl0TM", 415.29, 420.88, unit="frame")}
    inventory = read(
        "celebv_text",
        tmp_path,
        ["processed/0-5BrmyFsYM_0.mp4", "raw/00-30GQl0TM.mp4"],
        {
            "celebvtext_info.json": json.dumps({"clips": first}),
            "celebvtext_info_2.json": json.dumps({"clips": second}),
        },
    )
    assert [(item.emotion, item.spans_s) for item in inventory.items] == [
        (None, ()),
        (None, ((415.29, 420.88),)),
    ]


def test_voxceleb2(tmp_path: Path) -> None:
    inventory = read(
        "voxceleb2",
        tmp_path,
        [
            "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4",
            "dev/aac/id00012/21Uxsk56VDQ/00001.m4a",
            "dev/mp4/id00013/_-BsYuCiXFE/00002.mp4",
            "test/mp4/id00017/01dfn2spqyE/00001.mp4",
            "test/aac/id00017/01dfn2spqyE/00001.m4a",
            "test/aac/id00017/01dfn2spqyE/00003.m4a",
            "test/txt/id00017/01dfn2spqyE/00001.txt",
        ],
    )
    items = by_uri(inventory)
    assert items["test/mp4/id00017/01dfn2spqyE/00001.mp4"].split == "test"
    assert {item.split for item in inventory.items if item.uri.startswith("dev")} <= {"train", "val"}
    first = items["dev/mp4/id00012/21Uxsk56VDQ/00001.mp4"]
    assert (first.speaker, first.audio_uri) == ("id00012", "dev/aac/id00012/21Uxsk56VDQ/00001.m4a")
    assert items["dev/mp4/id00013/_-BsYuCiXFE/00002.mp4"].audio_uri is None
    assert rejects(inventory)["test/aac/id00017/01dfn2spqyE/00003.m4a"] == "unpaired"
    assert (inventory.expected, inventory.found, inventory.missing) == (1128246, 3, 1128243)


def test_lrw(tmp_path: Path) -> None:
    names = [
        "ABOUT/train/ABOUT_00001",
        "ABOUT/val/ABOUT_00001",
        "YOUNG/test/YOUNG_00050",
        "YOUNG/test/ABOUT_00001",
    ]
    texts = {f"{names[0]}.txt": "Disk reference: ...\nDuration: 0.27 seconds\n"}
    inventory = read("lrw", tmp_path, [f"lipread_mp4/{name}.mp4" for name in names], texts)
    assert [item.split for item in inventory.items] == ["train", "val", "test"]
    assert rejects(inventory)["lipread_mp4/YOUNG/test/ABOUT_00001.mp4"] == "unknown_name"
    assert inventory.expected == 538766


def test_grid(tmp_path: Path) -> None:
    names = [
        "s1/bbaf2n.mpg",
        "s2/video/mpg_6000/lwbsza.mpg",
        "s34/swwp2s.mpg",
        "s21/bbaf2n.mpg",
        "s3/bbaw2n.mpg",
    ]
    inventory = read("grid", tmp_path, [*names, "align/bbaf2n.align"])
    assert {item.speaker: item.split for item in inventory.items if item.split == "test"} == {
        "s1": "test",
        "s2": "test",
    }
    assert all(item.emotion is None for item in inventory.items)
    said = rejects(inventory)
    assert said.pop("s3/bbaw2n.mpg") == "unknown_name"  # no sentence has a w as its letter
    assert len(said) == 33  # every talker lacks some; s21 never had a video
    assert "s21/**/*.mpg" not in said
    assert inventory.expected == 33000


def test_folder_and_twins(tmp_path: Path) -> None:
    folder = read("folder", tmp_path / "folder", ["alice/monday.mp4", "bob/clips/intro.mov", "x.mp4"])
    assert [item.speaker for item in folder.items] == ["alice", "bob", "x"]
    twins = read("twins", tmp_path / "twins", ["twin03_happy_2_000.mp4", "twin05_sad_1_000.mp4", "odd.mp4"])
    assert [(i.speaker, i.emotion, i.level, i.split) for i in twins.items] == [
        ("twin03", "happy", 2, "train"),
        ("twin05", "sad", 1, "val"),
    ]
    assert rejects(twins) == {"odd.mp4": "unknown_name"}
