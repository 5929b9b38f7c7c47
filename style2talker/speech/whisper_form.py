"""In which form a Whisper model lies on disk, and what follows from it. Loads nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from style2talker.errors import UserError
from style2talker.weights.resolve import find

Form = Literal["ctranslate2", "openai", "transformers"]

LIBRARIES: dict[Form, tuple[str, ...]] = {
    "ctranslate2": ("ctranslate2", "faster-whisper"),
    "openai": ("faster-whisper", "openai-whisper", "torch"),
    "transformers": ("faster-whisper", "openai-whisper", "tokenizers", "torch", "transformers"),
}
"""Whose versions change what is heard."""


def form_of(weights: str | Path) -> Form:
    """The form of a name of the weights registry, or of a directory or file.

    Raises:
        UserError: no such weights, or a directory that holds no Whisper model.
    """
    path = Path(weights)
    if path.is_file():
        return "openai"
    if path.is_dir():
        return _form(lambda name: (path / name).is_file(), path)
    files = [file.path for file in find(str(weights)).files]
    return "openai" if files[0].endswith(".pt") else _form(files.__contains__, path)


def _form(has: Callable[[str], bool], where: Path) -> Form:
    if has("model.bin"):
        return "ctranslate2"
    if has("config.json"):
        return "transformers"
    raise UserError(
        f"{where} holds no model.bin or config.json: a transcriber needs a Whisper model in CTranslate2 "
        "form, a directory as transformers saves it or an openai-whisper .pt file, such as the weights "
        "whisper-tiny.en or whisper-small."
    )


def costs_by_window(weights: str | Path, *, device: str) -> bool:
    """Whether a window costs the same however full it is, so that clips are better packed into a few."""
    return device != "cpu" or form_of(weights) != "ctranslate2"
