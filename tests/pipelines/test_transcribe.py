"""The stage that writes down what is said, with each form of a model."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from pipelines import transcribe
from pipelines.stage import Row
from style2talker.errors import UserError
from style2talker.media.audio import flac_encode
from style2talker.media.footage import Footage
from style2talker.speech.vad import voiced_spans
from style2talker.twin.speech import Voice, speak

FOOTAGE = Footage(".")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Three clips, two of them of one source."""
    texts = ("What a surprise, I did not expect that at all.", "Set white with P two soon.", "Not at all.")
    rows = []
    for number, text in enumerate(texts):
        audio_n = speak(text, voice=Voice()).audio
        voiced = [{"start_s": start_s, "end_s": end_s} for start_s, end_s in voiced_spans(audio_n)]
        rows.append(
            {
                "clip_id": f"c{number}",
                "source_id": f"s{number // 2}",
                "audio": {"bytes": flac_encode(audio_n), "path": None},
                "voiced": voiced,
            }
        )
    return rows


@pytest.fixture(scope="module")
def whisper(tiny_models: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A random Whisper as transformers saves it."""
    return str(tiny_models.save_whisper(tmp_path_factory.mktemp("models") / "whisper"))


def test_the_small_profile_takes_clip_by_clip(rows: list[Row]) -> None:
    stage = transcribe.STAGE
    assert (stage.batch_size, stage.grain) == (1, "clip")
    try:
        work = stage.make(stage.config, FOOTAGE)
    except UserError as error:
        pytest.skip(f"no speech recogniser: {error}")
    found = pa.Table.from_pylist([work(row) for row in rows], schema=stage.schema).to_pylist()
    assert "expect that at all" in found[0]["transcript"]
    assert found[0]["words"][0]["start_s"] >= rows[0]["voiced"][0]["start_s"]
    for row in found[:2]:
        assert row["language"] == "en"
        assert row["hearing"]["kept"]
        assert 0.5 < row["hearing"]["voiced_share"] <= 1
        assert row["hearing"]["log_probability"] > -1


def test_a_model_of_fixed_windows_takes_sources_whole(rows: list[Row], whisper: str) -> None:
    """The same code as for a trained one; the guard refuses what an untrained one says."""
    stage = transcribe.stage(whisper)
    assert stage.batch_size > 1
    assert (stage.grain, stage.weights) == ("source", ())
    work = stage.make(stage.config, FOOTAGE)
    together: list[Any] = work(rows)
    assert [row["clip_id"] for row in together] == ["c0", "c1", "c2"]
    assert together == [*work(rows[:2]), *work(rows[2:])]
    found = pa.Table.from_pylist(together, schema=stage.schema).to_pylist()
    assert {row["transcript"] for row in found} == {""}
    assert not any(row["hearing"]["kept"] for row in found)


def test_a_model_of_the_user_is_known_by_its_files(whisper: str, tmp_path: Path) -> None:
    stage = transcribe.stage(whisper)
    models = stage.models()
    assert {"whisper/model.safetensors", "whisper/tokenizer.json"} <= models.keys()
    assert "torch" in stage.entry().libraries
    checkpoint = tmp_path / "mine.pt"
    checkpoint.write_bytes(b"one")
    before = transcribe.stage(str(checkpoint)).models()
    checkpoint.write_bytes(b"other")
    assert before.keys() == transcribe.stage(str(checkpoint)).models().keys() == {"mine.pt"}
    assert before != transcribe.stage(str(checkpoint)).models()


def test_the_device_is_part_of_the_recipe() -> None:
    cpu, gpu = transcribe.stage(), transcribe.stage(device="cuda")
    assert cpu.recipe({}) != gpu.recipe({})
    assert (cpu.needs_gpu, gpu.needs_gpu, gpu.grain) == (False, True, "source")


def test_other_weights_are_a_bad_call(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no weights named 'whisper-huge'"):
        transcribe.stage("whisper-huge")
    with pytest.raises(UserError, match=r"no model\.bin or config\.json"):
        transcribe.stage(str(tmp_path))
