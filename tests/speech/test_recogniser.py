"""Both forms of a Whisper model answer the same call."""

from pathlib import Path

import numpy as np
import pytest
import torch

from style2talker.errors import UserError
from style2talker.speech.recogniser import load_openai
from style2talker.speech.transcript import Transcriber
from style2talker.twin.speech import Speech


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An openai-whisper checkpoint of the true architecture, tiny and untrained."""
    from whisper.model import ModelDimensions, Whisper

    sizes = {
        "n_mels": 80,
        "n_audio_ctx": 1500,
        "n_audio_state": 16,
        "n_audio_head": 2,
        "n_audio_layer": 1,
        "n_vocab": 51864,
        "n_text_ctx": 12,
        "n_text_state": 16,
        "n_text_head": 2,
        "n_text_layer": 2,
    }
    torch.manual_seed(0)
    model = Whisper(ModelDimensions(**sizes))
    with torch.no_grad():
        model.decoder.positional_embedding.normal_()  # allocated, not initialised
        model.decoder.ln.weight.mul_(0.01)  # unsure of every token
    path = tmp_path_factory.mktemp("whisper") / "random.pt"
    torch.save({"dims": sizes, "model_state_dict": model.state_dict()}, path)
    return path


def test_an_openai_checkpoint_answers(checkpoint: Path) -> None:
    language, segments = load_openai(checkpoint, device="cpu")(np.zeros(8000, np.float32))
    assert language == "en"
    assert any(segment.words for segment in segments)
    times = [time_s for segment in segments for word in segment.words for time_s in word[1:3]]
    assert all(0 <= time_s <= 30 for time_s in times)


def test_an_untrained_model_is_not_believed(checkpoint: Path, spoken: Speech) -> None:
    assert Transcriber(checkpoint)(spoken.audio, voiced=[(0.2, 0.5)]).text == ""
    assert Transcriber(checkpoint)(np.zeros(1600, np.float32)).words == ()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None], ids=["empty", "text", "other tensors"])
def test_another_file_is_a_bad_call(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "other.pt"
    if content is None:
        torch.save({"a": torch.zeros(2)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(UserError, match="not an openai-whisper checkpoint"):
        Transcriber(path)
