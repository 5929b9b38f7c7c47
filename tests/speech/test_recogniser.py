"""All three forms of a Whisper model answer the same call, and each window as if it were alone."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from style2talker.errors import UserError
from style2talker.speech.ctranslate2_whisper import load_ctranslate2
from style2talker.speech.openai_whisper import load_openai
from style2talker.speech.recogniser import Recogniser, Segment, compression_of, in_batches, timed_words
from style2talker.speech.transcript import Transcriber
from style2talker.speech.transformers_whisper import load_transformers
from style2talker.twin.speech import Speech
from style2talker.weights.resolve import resolve


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


@pytest.fixture(scope="module")
def directory(tiny_models: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A multilingual Whisper as transformers saves it, tiny and untrained."""
    return tiny_models.save_whisper(tmp_path_factory.mktemp("whisper") / "random")


@pytest.fixture(scope="module")
def windows(spoken: Speech) -> list[np.ndarray]:
    noise_n = np.random.default_rng(0).normal(0, 0.1, 80_000).astype(np.float32)
    return [spoken.audio, noise_n, spoken.audio[8_000:32_000]]


@pytest.fixture(params=["openai", "transformers", "ctranslate2"])
def recognise(request: pytest.FixtureRequest) -> Recogniser:
    if request.param == "openai":
        return load_openai(request.getfixturevalue("checkpoint"))
    if request.param == "transformers":
        return load_transformers(request.getfixturevalue("directory"))
    request.getfixturevalue("transcriber")  # or there are no weights
    return load_ctranslate2(resolve("whisper-tiny.en"))


def test_windows_are_answered_in_order(recognise: Recogniser, windows: list[np.ndarray]) -> None:
    found = recognise(windows)
    assert found[1] == recognise([windows[1]])[0] != found[2]
    for segment, window in zip(found, windows, strict=True):
        assert segment.language in ("en", "de", "fr")
        assert 0 <= segment.no_speech <= 1
        assert segment.log_probability < 0
        times_s = [time_s for _, start_s, end_s, _ in segment.words for time_s in (start_s, end_s)]
        assert times_s == sorted(times_s)
        assert all(0 <= time_s <= len(window) / 16_000 for time_s in times_s)
        assert all(0 <= word[3] <= 1 for word in segment.words)
    assert any(segment.words for segment in found)


def test_what_comes_along_in_a_batch_changes_nothing(directory: Path, windows: list[np.ndarray]) -> None:
    """Not a bit: a clip's words may not depend on which others were there to fill the batch."""
    one, two, three = windows
    recognise = load_transformers(directory, batch_size=3)
    heard = {recognise(batch)[-1] for batch in ([one], [three, two, one])}
    assert len(heard) == 1
    assert recognise([three]) != [*heard]


def test_a_trained_model_in_batches_hears_the_same(transcriber: Transcriber, spoken: Speech) -> None:
    """CTranslate2 in windows of 30 s, as on a GPU."""
    from faster_whisper import WhisperModel

    from style2talker.speech.ctranslate2_whisper import _Decoder

    model = WhisperModel(
        str(resolve("whisper-tiny.en")),
        device="cpu",
        compute_type="int8",
        cpu_threads=1,
        local_files_only=True,
    )
    recognise = in_batches(_Decoder(model).whole, 2)
    (alone,) = recognise([spoken.audio])
    assert len(alone.words) > 5
    assert recognise([spoken.audio[:24_000], spoken.audio])[1] == alone


def test_a_batch_is_filled_up_and_the_fill_thrown_away() -> None:
    sizes = []

    def recognise(windows: list[np.ndarray]) -> list[Segment]:
        sizes.append(len(windows))
        return [
            Segment(
                language="en", words=(), no_speech=0.0, log_probability=-float(window[0]), compression=1.0
            )
            for window in windows
        ]

    windows = [np.full(3, number, np.float32) for number in range(7)]
    found = in_batches(recognise, 3)(windows)  # type: ignore[arg-type]
    assert [-segment.log_probability for segment in found] == [*range(7)]
    assert sizes == [3, 3, 3]


def test_words_carry_their_punctuation_and_stay_in_the_window() -> None:
    spoken = [(" Oh", 0.0, 0.5), (",", 0.5, 0.6), (" “", 0.6, 0.6), ("no", 0.55, 1.4), ("!", 1.4, 9.0)]
    alignment = [
        {"word": word, "tokens": [0], "start": start_s, "end": end_s, "probability": 0.5}
        for word, start_s, end_s in spoken
    ]
    assert timed_words(alignment, duration_s=1.2) == ((" Oh,", 0.0, 0.5, 0.5), (" “no!", 0.55, 1.2, 0.5))


def test_repetition_is_what_compresses() -> None:
    assert compression_of("lay blue by c two again") < 1 < 2.4 < compression_of("lay blue, " * 20)


def test_an_untrained_model_is_not_believed(checkpoint: Path, directory: Path, spoken: Speech) -> None:
    for path in (checkpoint, directory):
        heard = Transcriber(path)(spoken.audio, voiced=[(0.2, 0.5)])
        assert (heard.text, heard.words, heard.hearing.kept) == ("", (), False)
        assert heard.hearing.log_probability < -1


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None], ids=["empty", "text", "other tensors"])
def test_another_file_is_a_bad_call(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "other.pt"
    if content is None:
        torch.save({"a": torch.zeros(2)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(UserError, match="not an openai-whisper checkpoint"):
        Transcriber(path)


def test_a_directory_without_all_of_a_model_is_a_bad_call(directory: Path, tmp_path: Path) -> None:
    for path in directory.iterdir():
        if path.suffix == ".json":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(UserError, match="no \\*\\.safetensors"):
        Transcriber(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(UserError, match=r"no tokenizer\.json"):
        Transcriber(tmp_path)
