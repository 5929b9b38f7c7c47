"""Caption: a vision-language model describes the face; the emotions that its text names are its vote.

The question is fixed and part of the recipe. It asks for what is seen before what it means, so that the text
describes a face even where the emotion is wrong, and says when to answer neutral.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial

from pipelines.annotator import Annotator, Ask
from pipelines.stage import Row
from pipelines.track import decode_jpeg
from style2talker.answers import Answers, default_path, prompt_sha256
from style2talker.corpus.manifest import json_sha256
from style2talker.emotion.named import named_emotions
from style2talker.emotion.opinion import Opinion
from style2talker.nets.captioner import Captioner, assets_of
from style2talker.nets.clip import spread

VERSION = 1
QUESTION = (
    "These are frames of one video clip, in order, of a person who is talking. Describe in two short "
    "sentences what the brows, eyes and mouth do beyond talking, then which emotion the person shows: "
    "angry, contempt, disgusted, fear, happy, neutral, sad or surprised. If the face is at rest, say neutral."
)
OPENING = "a close-up of a person whose face looks"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionConfig:
    question: str = QUESTION
    opening: str = OPENING
    """For models that go on with a text instead of answering."""
    num_frames: int = 4
    most_tokens: int = 96
    dtype: str = "float32"


def load(config: CaptionConfig, *, model: str, device: str) -> Ask:
    weights_sha256 = json_sha256(assets_of(model))
    answers = Answers(default_path())

    @cache
    def captioner() -> Captioner:  # not where every answer is kept
        return Captioner(model, device=device, dtype=config.dtype)

    def text_of(row: Row) -> str:
        looks = [row["jpeg"][t] for t in spread(len(row["jpeg"]), config.num_frames)]
        pictures = (hashlib.sha256(data).hexdigest() for data in looks)
        asked_sha256 = prompt_sha256(str(VERSION), json_sha256(asdict(config)), *pictures)

        def ask_model() -> str:
            return captioner()(
                [decode_jpeg(data) for data in looks],
                question=config.question,
                opening=config.opening,
                most_tokens=config.most_tokens,
            )

        return answers.answer(weights_sha256, asked_sha256, row["clip_id"], ask_model)

    def ask(rows: Sequence[Row]) -> list[Opinion]:
        texts = [text_of(row) for row in rows]
        return [Opinion(probability_e=named_emotions(text), text=text) for text in texts]

    return ask


def annotator(model: str, *, device: str = "cpu") -> Annotator:
    """With the model of a directory."""
    on_gpu = device.startswith("cuda")
    return Annotator(
        name="caption",
        version=VERSION,
        modality="picture",
        config=CaptionConfig(dtype="bfloat16" if on_gpu else "float32"),
        load=partial(load, model=model, device=device),
        reads={"track": ("jpeg",)},
        assets=partial(assets_of, model),
        libraries=("opencv-python-headless", "torch", "transformers"),
        needs_gpu=on_gpu,
    )
