"""Make twin clips, and whole corpora of them.

Shape suffixes: t frames, n audio samples, h, w picture, 3 colour.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import yaml

from style2talker.emotion.action_units import AU_PROFILES
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS
from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.media.encode import write_video
from style2talker.progress import progress_bar
from style2talker.twin.acting import Performance, perform
from style2talker.twin.scene import Scene
from style2talker.twin.sentences import SENTENCES
from style2talker.twin.truth import SUFFIX, Truth

NOISE = 1.6  # standard deviation of the sensor noise, in steps of 8 bit
METADATA = {"comment": "Synthetic: a computer-drawn face and voice, not a recording of a person."}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSpec:
    """One clip to make: who (0, 1, ...) says what (index into SENTENCES), how, and from which seed."""

    identity: int
    emotion: str = "neutral"
    level: int = 1
    sentence: int = 0
    seed: int = 0
    number: int = 0

    @property
    def speaker(self) -> str:
        return f"twin{self.identity:02d}"

    @property
    def name(self) -> str:
        """Such as `twin03_angry_2_007`."""
        return f"{self.speaker}_{self.emotion}_{self.level}_{self.number:03d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinClip:
    """A clip in memory: frames_thw3 uint8 RGB at 25 fps, audio_n float32 16 kHz (640 samples per frame)."""

    frames_thw3: np.ndarray
    audio_n: np.ndarray
    truth: Truth


def make_clip(spec: ClipSpec) -> TwinClip:
    """Draw one clip. The same spec gives the same bytes.

    Raises:
        UserError: an emotion or level that does not exist.
    """
    if (spec.emotion, spec.level) not in AU_PROFILES:
        raise UserError(
            f"twin clip: got emotion {spec.emotion!r} at level {spec.level!r}, expected one of "
            f"{', '.join(EMOTIONS)} at level 1, 2 or 3"
        )
    scene = _scene(spec.identity)
    rng = np.random.default_rng((spec.seed, spec.identity, spec.number))
    sentence = SENTENCES[spec.sentence % len(SENTENCES)]
    act = perform(
        sentence,
        emotion=spec.emotion,
        level=spec.level,
        voice=scene.look.voice,
        jaw_reach_cm=scene.jaw_reach_cm,
        rng=rng,
    )
    rotation_t3 = (scene.rest_rotation_3 + act.rotation_t3).astype(np.float32)
    translation_t3 = _placed(scene, act)
    frames = list(_frames(scene, act, rotation_t3, translation_t3, rng))
    truth = Truth(
        name=spec.name,
        speaker=spec.speaker,
        seed=spec.seed,
        emotion=spec.emotion,
        level=spec.level,
        action_units=dict(AU_PROFILES[(spec.emotion, spec.level)]),
        transcript=sentence,
        phonemes=act.speech.phonemes,
        words=act.speech.words,
        face_model=scene.model.name,
        face_model_sha256=scene.model.sha256,
        expression_names=EXPRESSION_NAMES,
        identity_k=scene.identity_k,
        expression_tk=act.expression_tk,
        rotation_t3=rotation_t3,
        translation_t3=translation_t3,
    )
    return TwinClip(frames_thw3=np.stack(frames), audio_n=act.audio_n, truth=truth)


def _placed(scene: Scene, act: Performance) -> np.ndarray:
    translation_t3 = scene.rest_translation_3 + act.sway_t3 * [1, 1, 0]
    translation_t3[:, 2] *= 1 + act.sway_t3[:, 2]
    return translation_t3.astype(np.float32)


def _frames(
    scene: Scene,
    act: Performance,
    rotation_t3: np.ndarray,
    translation_t3: np.ndarray,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    for expression_k, rotation_3, translation_3 in zip(
        act.expression_tk, rotation_t3, translation_t3, strict=True
    ):
        image_hw3 = scene.render(expression_k, rotation_3, translation_3)
        noise_hw3 = rng.standard_normal(image_hw3.shape, np.float32) * np.float32(NOISE)
        yield np.clip(np.rint(image_hw3 + noise_hw3), 0, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def _scene(identity: int) -> Scene:
    return Scene(identity)


def corpus_specs(*, num_identities: int, clips_per_identity: int, seed: int) -> list[ClipSpec]:
    """Every person goes through all emotions in turn, at levels that shift from round to round."""
    specs = []
    for identity in range(num_identities):
        sentences = np.random.default_rng((seed, identity)).permutation(len(SENTENCES))
        for number in range(clips_per_identity):
            around, place = divmod(number, len(EMOTIONS))
            emotion = EMOTIONS[place]
            level = 1 if emotion == "neutral" else LEVELS[(around + place + identity) % len(LEVELS)]
            specs.append(
                ClipSpec(
                    identity=identity,
                    emotion=emotion,
                    level=level,
                    sentence=int(sentences[number % len(sentences)]),
                    seed=seed,
                    number=number,
                )
            )
    return specs


def write_corpus(
    out_dir: str | Path,
    *,
    num_identities: int = 6,
    clips_per_identity: int = 8,
    seed: int = 0,
    workers: int = 2,
) -> list[Path]:
    """Write mp4 clips, a truth sidecar beside each, and `card.yaml`; the last sixth of the people are `val`.

    The same arguments give the same bytes on any number of workers. Returns the clips' paths in order.

    Raises:
        UserError: fewer than one identity or clip, or a directory that cannot be written.
    """
    if num_identities < 1 or clips_per_identity < 1:
        raise UserError(
            f"twin corpus: got {num_identities} identities with {clips_per_identity} clips each, "
            "expected at least 1 of both"
        )
    out = Path(out_dir)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out} cannot be made ({error.strerror}); give a directory you may write") from error
    specs = corpus_specs(num_identities=num_identities, clips_per_identity=clips_per_identity, seed=seed)
    with progress_bar() as bar:
        task = bar.add_task("drawing twins", total=len(specs), unit="clips")
        for _ in _all_written(out, specs, workers):
            bar.advance(task)
    card = corpus_card(num_identities)
    (out / "card.yaml").write_text(yaml.safe_dump(card, sort_keys=False), encoding="utf-8")
    return [out / f"{spec.name}.mp4" for spec in specs]


def _all_written(out: Path, specs: list[ClipSpec], workers: int) -> Iterator[None]:
    if workers <= 1 or len(specs) == 1:
        yield from (_write_clip(out, spec) for spec in specs)
        return
    # spawned, not forked: the caller may hold threads of torch or Ray
    with ProcessPoolExecutor(min(workers, os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_write_clip, [out] * len(specs), specs)


def _write_clip(out: Path, spec: ClipSpec) -> None:
    clip = make_clip(spec)
    write_video(out / f"{spec.name}.mp4", clip.frames_thw3, clip.audio_n, METADATA)
    clip.truth.write(out / f"{spec.name}{SUFFIX}")


def corpus_card(num_identities: int) -> dict[str, object]:
    """The data card of a twin corpus, as `style2talker.corpus.card` reads it."""
    num_val = max(num_identities // 6, 1) if num_identities > 1 else 0
    held_out = [f"twin{identity:02d}" for identity in range(num_identities - num_val, num_identities)]
    return {
        "name": "twins",
        "root": ".",
        "glob": "*.mp4",
        "licence": "CC0-1.0",
        "commercial_use": True,
        "redistribution": True,
        "consent": "not needed: drawn by computer from a public-domain portrait, voices are synthetic",
        "layout": rf"(?P<speaker>twin\d+)_(?P<emotion>{'|'.join(EMOTIONS)})_(?P<level>[123])_",
        "splits": {"val": held_out},
        # many people share a few voices, forty sentences and one portrait
        "allow_leaks": ["audio", "face"],
        "citation": "Portrait: NASA, public domain, from scikit-image. Voices: eSpeak NG.",
    }
