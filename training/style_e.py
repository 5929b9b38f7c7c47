"""Trains Style-E: `style2talker train style-e --corpus URI --out DIR`.

Reads    the clips of a corpus (motion, mel, sentences), never its frames
Writes   OUT/weights.safetensors + config.json (averaged weights), resume.ckpt, resolved_config.json,
         tensorboard/
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.face.model import FaceModel, embedded
from style2talker.nets.text import TextEncoder
from style2talker.style_e.config import WINDOW
from training.config import parse_config
from training.style_e_config import StyleETraining
from training.style_e_data import COLUMNS, MotionClip, embed_sentences, motion_clips
from training.style_e_module import StyleEModule
from training.trainer import check_devices, fit


def run(argv: Sequence[str]) -> None:
    """The command: read the config from `argv`, the clips from its corpus, and train.

    Raises:
        UserError: a bad option, a corpus that cannot be read or has nothing to train on.
    """
    config = parse_config(StyleETraining, argv, prog="style2talker train style-e")
    check_devices(config)
    train_style_e(config, rows=read_split, face=embedded(), encode=lambda texts: TextEncoder()(texts))


def read_split(config: StyleETraining, split: str) -> list[dict]:
    """Rows of one split with the columns that Style-E needs, read shard by shard."""
    corpus = Corpus.open(config.corpus, commercial_only=config.commercial_only)
    return list(corpus.clips(split, COLUMNS)) if split in corpus.splits else []


def train_style_e(
    config: StyleETraining,
    *,
    rows: Callable[[StyleETraining, str], list[dict]],
    face: FaceModel,
    encode: Callable[[list[str]], np.ndarray],
) -> StyleEModule:
    """Train on `rows(config, "train")`, looking at `rows(config, "val")` now and then.

    Args:
        config: of the run.
        rows: gives the corpus rows of a split; an empty list where there are none.
        face: the face model that the corpus was fitted with.
        encode: sentences to embeddings [N, D].

    Raises:
        UserError: no clip of at least 32 frames in the train split.
    """
    train = _clips(config, "train", rows, face)
    if not train:
        raise UserError(
            f"{config.corpus} has no clip of at least {WINDOW} frames in its train split; "
            f"`style2talker inspect` shows what it holds"
        )
    val = _clips(config, "val", rows, face)
    if not val:
        print("The corpus has no validation split, so training goes on without looking at one.")
    embeddings = embed_sentences([*train, *val], encode, cache=Path(config.out) / "cache")
    module = StyleEModule(config, train=train, val=val, embeddings=embeddings, face=face)
    if config.dry_run:
        size = sum(value.numel() for value in module.denoiser.parameters())
        print(f"would train {size:,} weights on {config.num_samples:,} samples of {len(train)} clips")
        return module
    fit(module, validate=bool(val) and config.validate_every_samples > 0)
    return module


def _clips(
    config: StyleETraining, split: str, rows: Callable[[StyleETraining, str], list[dict]], face: FaceModel
) -> list[MotionClip]:
    clips, num_short = motion_clips(rows(config, split), face_model_sha256=face.sha256)
    if num_short:
        print(f"{num_short} clips of the {split} split are shorter than {WINDOW} frames and were left out.")
    return clips
