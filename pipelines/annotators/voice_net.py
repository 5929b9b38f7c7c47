"""Voice net: a published speech-emotion model of transformers hears how it is said.

Attributes of the answer: a posterior where the net has emotions, `arousal` and `valence` where it has those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pipelines.annotator import Annotator, Ask
from pipelines.stage import Row
from style2talker.emotion.opinion import Opinion


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceNetConfig:
    labels: tuple[tuple[str, str], ...] = ()
    """The net's name of a label, and what it means; the usual names need no entry."""
    on_gpu: bool = False
    """Another processor rounds otherwise."""


def load(config: VoiceNetConfig, *, model: str, device: str) -> Ask:
    from style2talker.media.audio import flac_decode
    from style2talker.nets.speech_emotion import SpeechEmotionNet

    net = SpeechEmotionNet(model, labels=dict(config.labels), device=device)

    def ask(rows: Sequence[Row]) -> list[Opinion]:
        answers = net([flac_decode(row["audio"]["bytes"]) for row in rows])
        return [Opinion(probability_e=answer.probability_e, measures=answer.scales) for answer in answers]

    return ask


def annotator(model: str, *, labels: Mapping[str, str] | None = None, device: str = "cpu") -> Annotator:
    """With the model of a directory; `labels` says what those mean that are not called as usual."""
    on_gpu = device.startswith("cuda")
    return Annotator(
        name="voice_net",
        version=1,
        modality="voice",
        config=VoiceNetConfig(labels=tuple(sorted((labels or {}).items())), on_gpu=on_gpu),
        load=partial(load, model=model, device=device),
        reads={"hear": ("audio",)},
        assets=partial(_assets, model),
        libraries=("av", "torch", "transformers"),
        needs_gpu=on_gpu,
        batch_size=32 if on_gpu else 1,
    )


def _assets(model: str) -> dict[str, str]:
    from style2talker.nets.speech_emotion import assets_of

    return assets_of(model)
