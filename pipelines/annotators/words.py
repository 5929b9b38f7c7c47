"""Words: what is said. Silent where nothing was heard, or a language that the anchors do not speak."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.annotator import Annotator, Ask
from pipelines.stage import Row
from style2talker.emotion.opinion import Opinion

ENCODER = "minilm-l6-v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsConfig:
    encoder: str = ENCODER
    """In the weights registry."""


def load(config: WordsConfig) -> Ask:
    from style2talker.emotion.words import LANGUAGE, SaidEmotion
    from style2talker.nets.text import TextEncoder
    from style2talker.weights.resolve import resolve

    said = SaidEmotion(TextEncoder(resolve(config.encoder)))

    def read(row: Row) -> Opinion:
        if row["language"] != LANGUAGE:
            return Opinion()
        return Opinion(probability_e=said(row["transcript"]))

    def ask(rows: Sequence[Row]) -> list[Opinion]:
        return [read(row) for row in rows]

    return ask


def annotator() -> Annotator:
    """With MiniLM, which is 90 MB and English."""
    return Annotator(
        name="words",
        version=1,
        modality="words",
        config=WordsConfig(),
        load=load,
        reads={"transcribe": ("transcript", "language")},
        weights=(ENCODER,),
        assets=_assets,
        libraries=("numpy", "tokenizers", "torch", "transformers"),
    )


def _assets() -> dict[str, str]:
    from style2talker.emotion.words import anchors_sha256

    return {"anchors": anchors_sha256()}
