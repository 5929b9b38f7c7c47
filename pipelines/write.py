"""Write: labels in, five sentences with their evidence out.

The grammar writes candidates; of those that fit the pictures best by CLIP, where there is one, five are kept
that differ most, in meaning where there is a sentence encoder and else in words; a language model may then
put them in other words, as far as the parser confirms them.

Reads    judge: emotion, emotion_level, action_units; transcribe: transcript; with a CLIP, track: jpeg
Writes   sentences, sentence_sources, sentence_scores
Rejects  nothing of its own
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from pipelines.track import decode_jpeg
from style2talker.corpus.schema import NUM_SENTENCES, WRITE_FIELDS
from style2talker.emotion.paraphrase import PROMPT_VERSION, Paraphraser
from style2talker.emotion.sentences import NUM_CANDIDATES
from style2talker.media.footage import Footage


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteConfig:
    """What the sentences depend on.

    Attributes:
        count: sentences of a clip.
        candidates: of how many they are chosen.
        encoder: a sentence encoder of the weights registry; empty: sentences differ in words alone.
        clip: a CLIP as `nets.clip.Clip` takes it; empty: no picture is looked at.
        paraphraser: the directory of a causal language model, or the address of a server; empty: none.
        paraphraser_model: what the server calls the model.
        prompt_version: of the paraphraser's prompt.
        device: of torch, for CLIP and the local language model.
    """

    count: int = NUM_SENTENCES
    candidates: int = NUM_CANDIDATES
    encoder: str = ""
    clip: str = ""
    paraphraser: str = ""
    paraphraser_model: str = ""
    prompt_version: int = PROMPT_VERSION
    device: str = "cpu"

    @property
    def asks_server(self) -> bool:
        return self.paraphraser.startswith(("http://", "https://"))


def make(config: WriteConfig, footage: Footage) -> Work:
    from style2talker.emotion.action_units import ActionUnit
    from style2talker.emotion.sentences import best_sentences, can_be_named, quote

    embed, likeness, paraphrase = _encoder(config), _likeness(config), _paraphraser(config)

    def write(clips: Sequence[Row]) -> list[Row]:
        chosen, scores = [], []
        for clip in clips:
            units = [ActionUnit(**unit) for unit in clip["action_units"]]
            best = best_sentences(
                clip_id=clip["clip_id"],
                emotion=clip["emotion"],
                level=clip["emotion_level"],
                action_units=[unit for unit in units if can_be_named(unit)],
                count=config.count,
                num_candidates=config.candidates,
                quality=None if likeness is None else partial(likeness, clip),
                embed=embed,
            )
            chosen.append((clip["clip_id"], [sentence for sentence, _ in best]))
            scores.append([score for _, score in best])
        if paraphrase is None:
            written = [[(sentence, "grammar") for sentence in sentences] for _, sentences in chosen]
        else:
            written = paraphrase(chosen)
        return [
            {
                "clip_id": clip["clip_id"],
                "sentences": [
                    sentence.row()
                    for sentence in quote([sentence for sentence, _ in sentences], _words(clip))
                ],
                "sentence_sources": [source for _, source in sentences],
                "sentence_scores": clip_scores,
            }
            for clip, sentences, clip_scores in zip(clips, written, scores, strict=True)
        ]

    return write if _batch_size(config) > 1 else lambda clip: write([clip])[0]


def _words(clip: Row) -> str:
    """What was said: as a person corrected it, else as it was heard."""
    correction = clip["context"].correction
    corrected = correction.transcript if correction is not None else None
    return clip["transcript"] if corrected is None else corrected


def _encoder(config: WriteConfig) -> Callable[[list[str]], Any] | None:
    if not config.encoder:
        return None
    from style2talker.nets.text import TextEncoder
    from style2talker.threads import one_thread
    from style2talker.weights.resolve import resolve

    encode = TextEncoder(resolve(config.encoder))

    def embed(texts: list[str]) -> Any:
        with one_thread():
            return encode(texts, together=True)

    return embed


def _likeness(config: WriteConfig) -> Callable[[Row, list[str]], Sequence[float]] | None:
    if not config.clip:
        return None
    from style2talker.answers import Answers, default_path
    from style2talker.emotion.likeness import Likeness

    likeness = Likeness(config.clip, Answers(default_path()), device=config.device)
    return lambda clip, texts: likeness(clip["clip_id"], clip["jpeg"], texts, decode=decode_jpeg).tolist()


def _paraphraser(config: WriteConfig) -> Paraphraser | None:
    if not config.paraphraser:
        return None
    from style2talker.answers import Answers, default_path
    from style2talker.emotion.endpoint import Endpoint
    from style2talker.emotion.language_model import LocalModel

    model = (
        Endpoint(config.paraphraser, config.paraphraser_model)
        if config.asks_server
        else LocalModel(config.paraphraser, device=config.device)
    )
    return Paraphraser(model, Answers(default_path()))


def _batch_size(config: WriteConfig) -> int:
    """A server answers many clips' requests side by side."""
    return 16 if config.asks_server else 1


@dataclass(frozen=True, slots=True)
class _Assets:
    config: WriteConfig

    def __call__(self) -> dict[str, str]:
        from pathlib import Path

        from style2talker.nets.clip import assets_of
        from style2talker.weights.local import file_hashes

        found = assets_of(self.config.clip) if self.config.clip else {}
        if self.config.paraphraser and not self.config.asks_server:
            found |= file_hashes(Path(self.config.paraphraser).expanduser())
        return found


def stage(config: WriteConfig | None = None) -> Stage:
    """The stage; without a config it needs no model."""
    config = config or WriteConfig()
    reads = {"judge": ("emotion", "emotion_level", "action_units"), "transcribe": ("transcript",)}
    weights = (config.encoder,) if config.encoder else ()
    libraries = ("torch", "transformers") if config.encoder or config.paraphraser else ()
    if config.clip:
        from style2talker.nets.clip import weights_of

        reads["track"] = ("jpeg",)
        weights += weights_of(config.clip)
        libraries = tuple(sorted({*libraries, "torch", "open_clip_torch"}))
    return Stage(
        name="write",
        version=2,
        schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *WRITE_FIELDS]),
        config=config,
        make=make,
        reads=reads,
        weights=weights,
        assets=_Assets(config),
        libraries=libraries,
        needs_gpu=config.device != "cpu",
        isolated=True,
        batch_size=_batch_size(config),
        told=True,
    )


STAGE = stage()
