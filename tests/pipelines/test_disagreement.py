"""Real recordings: angry words on a neutral face are flagged, an acted face with its own voice is not."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.profiles import stages_of
from style2talker.corpus.reader import Corpus
from style2talker.emotion.flags import FLAGS
from style2talker.errors import UserError

CLIPS = ("talkvid_talk_emotion_GENERATED.mp4", "mead_M030_sad_3_001.mp4")


def test_angry_words_on_a_neutral_face_are_flagged_and_a_sad_clip_is_not(
    shared_data: Path, build_here: Callable, tmp_path: Path
) -> None:
    try:
        stages = stages_of("small", fetch=True)
    except UserError as error:
        pytest.skip(f"the small weights are not here and cannot be fetched: {error}")
    footage = tmp_path / "footage"
    footage.mkdir()
    for name in CLIPS:
        shutil.copy(shared_data / "clips" / name, footage)
    build_here(footage, tmp_path / "out", stages=stages)
    rows = {row["source_uri"]: row for row in Corpus.open(str(tmp_path / "out")).clips()}
    generated, sad = (rows[name] for name in CLIPS)
    contradictions = {name for name in FLAGS if name.endswith("disagree")}
    assert "face_and_words_disagree" in generated["flags"]
    assert generated["emotion"] == "neutral"
    assert generated["agreement"] < 0.6
    assert not contradictions & {*sad["flags"]}
    assert sad["emotion"] == "sad"
