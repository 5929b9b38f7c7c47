"""The leak check: copies on two sides of a split are found whatever was done to them, strangers are not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from pipelines.leaks import find_leaks, refuse_leaks
from pipelines.near_duplicates import MOST_PAIRS, MOST_PICTURE_BITS, near_pictures, same_sounds
from style2talker.corpus.schema import CLIPS
from style2talker.errors import UserError
from style2talker.media.audio import read_audio
from style2talker.media.fingerprint import audio_hash, picture_hash
from style2talker.media.mel import log_mel


@dataclass
class Clips:
    """What `find_leaks` asks of a corpus."""

    rows: list[dict[str, Any]]

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple({row["split"] for row in self.rows})

    def tables(self, *, columns: Sequence[str]) -> Iterator[pa.Table]:
        for row in self.rows:
            yield pa.Table.from_pylist([row], schema=pa.schema([CLIPS.field(name) for name in columns]))

    def frames(self, clip_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            if row["clip_id"] in clip_ids:
                yield {"clip_id": row["clip_id"], "jpeg": [b"", jpeg(row["picture"]), b""]}


def jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def clip(index: int, split: str, **changed: Any) -> dict[str, Any]:
    """A clip like no other: noise for a picture and for a sound."""
    rng = np.random.default_rng(index)
    picture = cv2.resize(rng.integers(0, 255, (12, 12, 3), np.uint8), (64, 64))
    row = {
        "clip_id": f"{index:032x}",
        "source_uri": f"{index}.mp4",
        "source_id": f"source{index}",
        "speaker": f"speaker{index}",
        "split": split,
        "picture": picture,
        "audio_hash": rng.integers(-(2**31), 2**31, 90).astype(np.int32),
        **changed,
    }
    return {"picture_hash": picture_hash(row["picture"]), **row}


@pytest.fixture
def strangers() -> list[dict[str, Any]]:
    return [clip(index, ("train", "val", "test")[index % 3]) for index in range(30)]


def kinds(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(k.kind, k.clips[0].source_uri, k.clips[1].source_uri) for k in find_leaks(Clips(rows))]  # type: ignore[arg-type]


def test_strangers_and_a_single_split_do_not_leak(strangers: list[dict[str, Any]]) -> None:
    assert kinds(strangers) == []
    assert kinds([{**strangers[0], "split": "train"}] * 2) == []


def test_a_speaker_and_a_source_on_two_sides(strangers: list[dict[str, Any]]) -> None:
    strangers[1]["speaker"] = strangers[5]["speaker"] = strangers[6]["speaker"] = "speaker0"
    strangers[7]["source_id"] = "source9"
    assert kinds(strangers) == [("source", "7.mp4", "9.mp4"), ("speaker", "0.mp4", "1.mp4")]


def test_a_face_under_another_name_whatever_became_of_the_picture(strangers: list[dict[str, Any]]) -> None:
    face = np.ascontiguousarray(data.astronaut()[0:256, 96:352])
    smaller = cv2.resize((face * 0.9).astype(np.uint8), (100, 100), interpolation=cv2.INTER_AREA)
    rows = [*strangers, clip(30, "train", picture=face), clip(31, "val", picture=smaller)]
    assert kinds(rows) == [("face", "30.mp4", "31.mp4")]
    rows[-1]["speaker"] = rows[-2]["speaker"]  # then it is the speaker who leaks
    assert kinds(rows) == [("speaker", "30.mp4", "31.mp4")]


def test_a_chance_hit_of_the_hash_does_not_survive_the_second_look(strangers: list[dict[str, Any]]) -> None:
    strangers[0]["picture_hash"] = strangers[1]["picture_hash"]
    assert kinds(strangers) == []


def test_a_recording_on_two_sides_cut_elsewhere(strangers: list[dict[str, Any]]) -> None:
    strangers[4]["audio_hash"] = np.concatenate(
        [strangers[0]["audio_hash"][:9], strangers[3]["audio_hash"][20:64]]
    )
    strangers[3]["split"], strangers[4]["split"] = "train", "test"
    assert kinds(strangers) == [("audio", "3.mp4", "4.mp4")]


def test_the_sentence_names_the_clips_and_the_way_out(strangers: list[dict[str, Any]]) -> None:
    for row in strangers[:10]:
        row["source_id"] = f"source{strangers.index(row) // 2}"
    corpus: Any = Clips(strangers)
    with pytest.raises(UserError) as caught:
        refuse_leaks(corpus, allowed=["audio"])
    message = str(caught.value)
    assert message.startswith(
        "5 sources have clips in several splits: 0.mp4 (train, clip 00000000) and 1.mp4 (val,"
    )
    assert "; and 2 more." in message
    assert "`allow_leaks: [source]`" in message
    assert len(find_leaks(corpus)) == 5
    refuse_leaks(corpus, allowed=["source"])


def test_a_corpus_of_one_picture_ends_the_search_early() -> None:
    """Else 100,000 clips of a black screen would be billions of pairs."""
    num_clips = 20_000
    one_c, half_c = np.zeros(num_clips, np.int64), np.arange(num_clips) % 2
    assert MOST_PAIRS <= len(near_pictures(one_c, half_c, np.arange(num_clips))) <= 2 * MOST_PAIRS


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), wrong=st.integers(0, 12), num_clips=st.integers(2, 30))
def test_every_planted_copy_is_found_and_nothing_else(seed: int, wrong: int, num_clips: int) -> None:
    """Copies of 45 steps at any place, with up to 6 of 32 bits wrong in all steps but four."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(46, 120, num_clips)
    start_c = np.concatenate([[0], np.cumsum(lengths)])
    hash_n = rng.integers(-(2**31), 2**31, start_c[-1]).astype(np.int32)
    split_c = rng.integers(0, 3, num_clips)
    a, b = rng.choice(num_clips, 2, replace=False)
    here, there = (start_c[c] + rng.integers(0, lengths[c] - 45) for c in (a, b))
    noise = sum(np.int64(1) << rng.integers(0, 31, 45) for _ in range(wrong // 2)) | np.int64(0)
    noise = np.where(rng.permutation(45) < 4, 0, noise).astype(np.int32)
    hash_n[there : there + 45] = hash_n[here : here + 45] ^ noise
    pairs = same_sounds(hash_n, start_c, split_c, np.arange(num_clips))
    assert pairs.tolist() == ([sorted([a, b])] if split_c[a] != split_c[b] else [])


@settings(max_examples=40, deadline=None)
@given(hashes=st.lists(st.integers(0, 2**12), min_size=2, max_size=30), seed=st.integers(0, 99))
def test_near_pictures_are_those_of_a_plain_loop(hashes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    split_c, speaker_c = rng.integers(0, 3, len(hashes)), rng.integers(0, 4, len(hashes))
    expected = [
        [a, b]
        for a in range(len(hashes))
        for b in range(a + 1, len(hashes))
        if split_c[a] != split_c[b]
        and speaker_c[a] != speaker_c[b]
        and (hashes[a] ^ hashes[b]).bit_count() <= MOST_PICTURE_BITS
    ]
    assert near_pictures(np.array(hashes, np.int64), split_c, speaker_c).tolist() == expected


def test_among_real_recordings_one_that_was_published_twice(shared_data: Path) -> None:
    """Seventeen published clips; two papers used the same speech, and five GRID talkers speak one grammar."""
    names, hashes = [], []
    for path in sorted([*(shared_data / "clips").iterdir(), *(shared_data / "audio_emodb").glob("*a0[12]*")]):
        names.append(path.stem)
        hashes.append(audio_hash(log_mel(read_audio(path, start_s=0, end_s=10))))
    start_c = np.concatenate([[0], np.cumsum([len(h) for h in hashes])])
    each = np.arange(len(names))
    pairs = same_sounds(np.concatenate(hashes), start_c, each, each)
    assert [(names[a], names[b]) for a, b in pairs] == [("edtalk_uncrop_Obama", "styletalk_Obama_clip1")]
    louder = [
        audio_hash(log_mel(read_audio(shared_data / "clips" / "grid_bbaf2n.mpg")[640:] * 0.5)),
        hashes[names.index("grid_bbaf2n")],
    ]
    copied = same_sounds(
        np.concatenate(louder),
        np.array([0, len(louder[0]), len(louder[0]) + len(louder[1])]),
        each[:2],
        each[:2],
    )
    assert copied.tolist() == [[0, 1]]
