"""Voice: how it is said. Acoustic features, a posterior from them, and two doubts about the voice itself.

The posterior is without the speaker's neutral, which lies outside the clip; `acoustics_from` gives the
features back, so that the judge can take it relative to a neutral without listening again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipelines.annotator import Annotator, Ask
from pipelines.stage import Row
from style2talker.emotion.opinion import Opinion

if TYPE_CHECKING:
    from style2talker.emotion.voice import VoiceModel


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceConfig:
    """Nothing to choose but the model, which is an asset."""


def load(config: VoiceConfig, *, model: str | None) -> Ask:
    from style2talker.emotion.voice import measures_of, voice_emotion
    from style2talker.media.audio import flac_decode
    from style2talker.speech.acoustics import acoustics, contours
    from style2talker.speech.suspicion import singing, synthetic

    voice = _model(model)

    def listen(row: Row) -> Opinion:
        audio = flac_decode(row["audio"]["bytes"])
        heard = contours(audio)
        features = acoustics(audio, known=heard)
        if np.isnan(features.pitch_hz):
            return Opinion()
        found = voice_emotion(measures_of(features), model=voice)
        measures = {
            **asdict(features),
            "arousal": found.arousal,
            "valence": found.valence,
            "singing": singing(heard),
            "synthetic": synthetic(audio, heard, features),
        }
        known = {name: value for name, value in measures.items() if np.isfinite(value)}
        return Opinion(probability_e=found.probability_e, measures=known)

    def ask(rows: Sequence[Row]) -> list[Opinion]:
        return [listen(row) for row in rows]

    return ask


def annotator(model: str | None = None) -> Annotator:
    """With the published profiles, or a model that `style2talker voice learn` wrote."""
    return Annotator(
        name="voice",
        version=1,
        modality="voice",
        config=VoiceConfig(),
        load=partial(load, model=model),
        reads={"hear": ("audio",)},
        assets=partial(_assets, model),
        libraries=("av", "numpy", "scipy"),
    )


def _model(model: str | None) -> "VoiceModel":
    from style2talker.emotion.voice import VoiceModel, shipped

    return shipped() if model is None else VoiceModel.load(model)


def _assets(model: str | None) -> dict[str, str]:
    return {"voice-emotion": _model(model).sha256()}
