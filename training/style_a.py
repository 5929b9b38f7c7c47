"""Trains Style-A: `style2talker train style-a --corpus URI --out DIR`.

Reads    motion and frames of a corpus, art pictures (built-in styles, and a directory of yours)
Writes   OUT/weights.safetensors + config.json (averaged weights), samples.png, resume.ckpt,
resolved_config.json,
         tensorboard/
"""

from collections.abc import Sequence
from dataclasses import replace

from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.face.model import embedded
from style2talker.nets.perceptual import PerceptualNet
from style2talker.weights.numpy_pickle import load_numpy_pickle
from style2talker.weights.resolve import resolve
from training.config import parse_config
from training.frame_store import FrameStore
from training.style_a_config import StyleATraining
from training.style_a_data import COLUMNS, FaceClip, FacePairs, Frames, art_pictures, art_styles, face_clips
from training.style_a_module import StyleAModule
from training.trainer import check_devices, fit

MAX_GRADIENT_NORM = 10.0
"""Run-time weight scaling makes raw gradients large; this catches explosions only."""


def run(argv: Sequence[str]) -> None:
    """The command: read the config from `argv`, the clips from its corpus, and train.

    Raises:
        UserError: a bad option, a corpus that cannot be read or has nothing to train on.
    """
    config = parse_config(StyleATraining, argv, prog="style2talker train style-a")
    check_devices(config)
    corpus = Corpus.open(config.corpus, commercial_only=config.commercial_only)
    splits = {}
    for split in ("train", "val"):
        if split in corpus.splits:
            clips = face_clips(corpus.clips(split, COLUMNS), face_model_sha256=embedded().sha256)
            frames = FrameStore(corpus, split, limit_bytes=int(config.frame_memory_gb * 1e9))
            splits[split] = (clips, frames)
    train_style_a(config, splits=splits, perceptual_net=load_perceptual_net(config.perceptual_net))


def load_perceptual_net(name: str) -> PerceptualNet:
    """The published feature network with its LPIPS heads, from the weights registry."""
    return PerceptualNet.from_arrays(name, load_numpy_pickle(resolve(f"lpips-{name}")))


def train_style_a(
    config: StyleATraining,
    *,
    splits: dict[str, tuple[list[FaceClip], Frames]],
    perceptual_net: PerceptualNet,
) -> StyleAModule:
    """Train on the clips and frames of `splits["train"]`, looking at `splits["val"]` now and then.

    Raises:
        UserError: the train split has no clip with two frames of a face.
    """
    if not splits.get("train", ([], {}))[0]:
        raise UserError(
            f"{config.corpus} has no clip with two frames of a face in its train split; "
            f"`style2talker inspect` shows what it holds"
        )
    config = _for_devices(config)
    model = replace(config.model, resolution=config.resolution)
    art, styles = art_pictures(config.art_dir), art_styles(config.art_styles)

    def samples(split: str, *, train: bool) -> FacePairs | None:
        clips, frames = splits.get(split, ([], {}))
        if not clips:
            return None
        plain_share = config.plain_share if train else 0.0
        return FacePairs(
            clips,
            frames,
            config=model,
            seed=config.seed,
            art=art,
            styles=styles,
            plain_share=plain_share,
            augment=train and config.augment,
        )

    train, val = samples("train", train=True), samples("val", train=False)
    assert train is not None
    if val is None:
        print("The corpus has no validation split, so training goes on without looking at one.")
    module = StyleAModule(config, train=train, val=val, perceptual_net=perceptual_net)
    if config.dry_run:
        size = sum(value.numel() for value in module.generator.parameters())
        print(
            f"would train {size:,} weights at {config.resolution} px on {config.num_samples:,} samples of "
            f"{len(train.clips)} clips; nothing written"
        )
        return module
    fit(
        module,
        validate=val is not None and config.validate_every_samples > 0,
        max_gradient_norm=MAX_GRADIENT_NORM,
    )
    return module


def _for_devices(config: StyleATraining) -> StyleATraining:
    """Lightning's ddp strategies must be told that each of the two optimisers leaves half the weights
    unused."""
    several = config.devices * config.num_nodes > 1
    if several and config.strategy.startswith("ddp") and "unused" not in config.strategy:
        return replace(config, strategy=f"{config.strategy}_find_unused_parameters_true")
    return config
