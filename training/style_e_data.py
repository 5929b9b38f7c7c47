"""Style-E's view of a corpus: motion, sound and sentences of every clip; `frames/` is never opened.

Axes: N clips or frames, T frames of a clip, W frames of a window, K expression, I identity, D text,
S and M mel steps and bands.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from torch.utils.data import Dataset

from style2talker.corpus.reader import matrix
from style2talker.errors import UserError
from style2talker.media.mel import mel_windows
from style2talker.style_e.config import WINDOW
from training.data import SampleStream

COLUMNS = (
    *("clip_id", "speaker", "num_frames", "face_found", "face_model_sha256"),
    *("identity", "expression", "mel", "sentences"),
)
WARP, SHIFT_BANDS, GAIN, NOISE, MASKED_BANDS = 0.1, 3.0, 0.3, 0.3, 12
"""How far `augment` goes: share of the band axis, bands, and log-mel steps of 12.5 dB."""
TEXT_NOISE, IDENTITY_NOISE = 0.5, 0.3
"""Length of the noise on a unit text embedding; deviation of the noise on unit-variance identity modes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionClip:
    """One clip as Style-E sees it: at least 32 frames of one person speaking."""

    clip_id: str
    speaker: str
    valid_t: np.ndarray
    identity_i: np.ndarray
    expression_tk: np.ndarray
    mel_nm: np.ndarray
    sentences: tuple[str, ...]


def motion_clips(
    rows: Iterable[Mapping[str, Any]], *, face_model_sha256: str
) -> tuple[list[MotionClip], int]:
    """Clips of corpus rows with `COLUMNS`, and how many rows were too short for a window.

    Raises:
        UserError: a row fitted with another face model, or with coefficients that are not finite.
    """
    clips: list[MotionClip] = []
    num_short = 0
    for row in rows:
        if row["face_model_sha256"] != face_model_sha256:
            raise UserError(
                f"clip {row['clip_id']} was fitted with face model {row['face_model_sha256'][:12]}, expected "
                f"{face_model_sha256[:12]}; build the corpus again with this version"
            )
        if row["num_frames"] < WINDOW:
            num_short += 1
            continue
        clip = MotionClip(
            clip_id=row["clip_id"],
            speaker=row["speaker"],
            valid_t=np.asarray(row["face_found"], dtype=np.float32),
            identity_i=matrix(row["identity"]).copy(),
            # Copied, for a view would keep its whole row group in memory.
            expression_tk=matrix(row["expression"]).copy(),
            # Half precision: log-mel lies in -4 to 4, and sound is five sixths of what is held in memory.
            mel_nm=matrix(row["mel"]).astype(np.float16),
            sentences=tuple(sentence["text"] for sentence in row["sentences"]),
        )
        if not (np.isfinite(clip.expression_tk).all() and np.isfinite(clip.identity_i).all()):
            raise UserError(f"clip {clip.clip_id} holds NaN coefficients; run `style2talker verify`")
        clips.append(clip)
    return clips, num_short


def embed_sentences(
    clips: Iterable[MotionClip], encode: Callable[[list[str]], np.ndarray], *, cache: Path
) -> dict[str, np.ndarray]:
    """Embedding [D] of every sentence, and of "" as zeros; encoded once and kept in `cache`."""
    sentences = sorted({text for clip in clips for text in clip.sentences})
    key = hashlib.sha256("\n".join(sentences).encode()).hexdigest()[:16]
    path = cache / f"sentences-{key}.safetensors"
    if path.is_file():
        vector_nd = load_file(path)["vector_nd"]
    else:
        vector_nd = encode(sentences)
        cache.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{hashlib.sha256(vector_nd.tobytes()).hexdigest()[:8]}")
        save_file({"vector_nd": np.ascontiguousarray(vector_nd)}, draft)
        draft.replace(path)
    return dict(zip(sentences, vector_nd, strict=True))


class MotionSamples(Dataset[dict[str, np.ndarray]]):
    """Training samples by sample number: a window of a clip, its sound, text, speaker, noise and timestep.

    Everything random, noise included, comes from the sample's own generator, so a sample is the same on any
    rank, worker or resumed run.

    Args:
        clips: of one split.
        embeddings: of `embed_sentences`.
        seed: of the stream.
        diffusion_steps: timesteps are drawn from 0 to diffusion_steps - 1.
        text_dropout: share of samples whose text becomes zeros, for classifier-free guidance.
        augment: vary voice and microphone, and blur text and identity: in a small corpus either names the
            clip, and a network that knows the clip need not listen.
    """

    def __init__(
        self,
        clips: list[MotionClip],
        embeddings: Mapping[str, np.ndarray],
        *,
        seed: int,
        diffusion_steps: int,
        text_dropout: float = 0.0,
        augment: bool = False,
    ) -> None:
        self.clips = clips
        self.embeddings = embeddings
        self.stream = SampleStream(num_items=len(clips), seed=seed)
        self.diffusion_steps = diffusion_steps
        self.text_dropout = text_dropout
        self.augment = augment
        self.by_speaker: dict[str, list[int]] = defaultdict(list)
        for index, clip in enumerate(clips):
            self.by_speaker[clip.speaker].append(index)

    def __getitem__(self, sample: int) -> dict[str, np.ndarray]:
        index = self.stream.item(sample)
        rng = self.stream.rng(sample)
        clip = self.clips[index]
        num_frames, num_coefficients = clip.expression_tk.shape
        first = int(rng.integers(num_frames - WINDOW + 1))
        window = slice(first, first + WINDOW)
        text_d = self.embeddings[clip.sentences[int(rng.integers(len(clip.sentences)))]]
        keep_text = rng.random() >= self.text_dropout
        mel_wsm = mel_windows(clip.mel_nm.astype(np.float32), num_frames)[window]
        identity_i = clip.identity_i
        if self.augment:
            mel_wsm = _other_voice(mel_wsm, rng)
            text_d = text_d + TEXT_NOISE * rng.standard_normal(len(text_d)) / len(text_d) ** 0.5
            identity_i = identity_i + IDENTITY_NOISE * rng.standard_normal(len(identity_i), dtype=np.float32)
        return {
            "sample": np.array(sample),
            "expression": clip.expression_tk[window],
            "valid": clip.valid_t[window],
            "identity": identity_i.astype(np.float32),
            "reference": self.reference(index, rng),
            "mel": np.ascontiguousarray(mel_wsm),
            "text": np.asarray(text_d * keep_text, dtype=np.float32),
            "timestep": np.array(self._timestep(rng)),
            "noise": rng.standard_normal((WINDOW, num_coefficients), dtype=np.float32),
        }

    def _timestep(self, rng: np.random.Generator) -> int:
        # Little can be learned about sound where the noise is weak and the answer shines through, so high
        # timesteps come more often: probability proportional to the timestep (Style2Talker draws uniformly).
        return int(self.diffusion_steps * rng.random() ** 0.5)

    def reference(self, index: int, rng: np.random.Generator) -> np.ndarray:
        """An expression [K] of the clip's speaker, from another of their clips where there is one."""
        others = [other for other in self.by_speaker[self.clips[index].speaker] if other != index] or [index]
        expression_tk = self.clips[others[int(rng.integers(len(others)))]].expression_tk
        return expression_tk[int(rng.integers(len(expression_tk)))]


def _other_voice(mel_wsm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same words from a longer or shorter throat, through another microphone, with some noise."""
    num_bands = mel_wsm.shape[2]
    band_m = np.arange(num_bands)
    heard_m = (band_m * rng.uniform(1 - WARP, 1 + WARP) + rng.uniform(-SHIFT_BANDS, SHIFT_BANDS)).round()
    mel_wsm = mel_wsm[:, :, np.clip(heard_m, 0, num_bands - 1).astype(int)]
    response_m = GAIN * (rng.standard_normal() + rng.standard_normal() * np.linspace(-1, 1, num_bands))
    noise_wsm = rng.standard_normal(mel_wsm.shape, dtype=np.float32) * np.float32(rng.uniform(0, NOISE))
    heard_wsm = mel_wsm + response_m.astype(np.float32) + noise_wsm
    first = int(rng.integers(num_bands))
    heard_wsm[:, :, first : first + int(rng.integers(MASKED_BANDS))] = heard_wsm.mean()
    return heard_wsm
