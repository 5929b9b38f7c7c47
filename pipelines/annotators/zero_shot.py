"""Zero-shot: a CLIP compares eight pictures of the clip with sentences about each emotion."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pipelines.annotator import Annotator, Ask
from pipelines.stage import Row
from pipelines.track import decode_jpeg
from style2talker.emotion.opinion import Opinion
from style2talker.emotion.zero_shot import PROMPTS, WORDS, ZeroShot, pooled
from style2talker.nets.clip import DEFAULT, NUM_LOOKS, Clip, assets_of, spread, weights_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShotConfig:
    prompts: tuple[str, ...] = PROMPTS
    words: tuple[tuple[str, ...], ...] = WORDS
    num_frames: int = NUM_LOOKS
    on_gpu: bool = False
    """Another processor rounds otherwise."""


def load(config: ZeroShotConfig, *, model: str, device: str) -> Ask:
    zero_shot = ZeroShot(Clip(model, device=device), prompts=config.prompts, words=config.words)

    def ask(rows: Sequence[Row]) -> list[Opinion]:
        looks = [spread(len(row["jpeg"]), config.num_frames) for row in rows]
        frames = [decode_jpeg(row["jpeg"][t]) for row, ts in zip(rows, looks, strict=True) for t in ts]
        of_each_row = np.split(zero_shot.log_probability(frames), np.cumsum([len(ts) for ts in looks])[:-1])
        return [Opinion(probability_e=pooled(log_p_ne)) for log_p_ne in of_each_row]

    return ask


def annotator(model: str = DEFAULT, *, device: str = "cpu") -> Annotator:
    """With a CLIP of the weights registry, or of a directory that open_clip saved."""
    return Annotator(
        name="zero_shot",
        version=1,
        modality="picture",
        config=ZeroShotConfig(on_gpu=device.startswith("cuda")),
        load=partial(load, model=model, device=device),
        reads={"track": ("jpeg",)},
        weights=weights_of(model),
        assets=partial(assets_of, model),
        libraries=("open_clip_torch", "opencv-python-headless", "pillow", "torch"),
        needs_gpu=device.startswith("cuda"),
        batch_size=32 if device.startswith("cuda") else 1,
    )
