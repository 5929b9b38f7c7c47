"""Style-A's view of a corpus: pairs of frames of one clip, the motion between them, and an art picture.

Axes: T frames, K coefficients, H W P pixels.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from torch.utils.data import Dataset

from style2talker.errors import UserError
from style2talker.style_a.art import STYLES, draw
from style2talker.style_a.config import StyleAConfig
from style2talker.style_a.geometry_flow import FlowPrior
from style2talker.style_a.motion import motion_coefficients, motion_window
from training.data import SampleStream

COLUMNS = (
    *("clip_id", "speaker", "num_frames", "face_found", "face_model_sha256"),
    *("identity", "expression", "rotation", "translation", "crop"),
)
DEGREES = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Degrees of style in training (Style2Talker)."""
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


class Frames(Protocol):
    """Gives the JPEG bytes of a clip's frames."""

    def __getitem__(self, clip_id: str, /) -> Sequence[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceClip:
    """The motion of one clip. `seen_n` are the frames in which the face was found."""

    clip_id: str
    seen_n: np.ndarray
    identity_k: np.ndarray
    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    translation_t3: np.ndarray
    motion_tk: np.ndarray


def face_clips(rows: Iterable[Mapping[str, Any]], *, face_model_sha256: str) -> list[FaceClip]:
    """Clips of corpus rows with `COLUMNS`; those with fewer than two frames of a face are left out.

    Raises:
        UserError: a row fitted with another face model, or with coefficients that are not finite.
    """
    clips: list[FaceClip] = []
    for row in rows:
        if row["face_model_sha256"] != face_model_sha256:
            raise UserError(
                f"clip {row['clip_id']} was fitted with face model {row['face_model_sha256'][:12]}, expected "
                f"{face_model_sha256[:12]}; build the corpus again with this version"
            )
        seen_n = np.flatnonzero(row["face_found"])
        if len(seen_n) < 2:
            continue
        motion_tk = motion_coefficients(row["expression"], row["rotation"], row["translation"], row["crop"])
        if not (np.isfinite(motion_tk).all() and np.isfinite(row["identity"]).all()):
            raise UserError(f"clip {row['clip_id']} holds NaN coefficients; run `style2talker verify`")
        clips.append(
            FaceClip(
                clip_id=row["clip_id"],
                seen_n=seen_n,
                identity_k=row["identity"],
                expression_tk=row["expression"],
                rotation_t3=row["rotation"],
                translation_t3=row["translation"],
                motion_tk=motion_tk,
            )
        )
    return clips


def art_pictures(directory: str) -> list[Path]:
    """Pictures in a directory, sorted; none for "".

    Raises:
        UserError: the directory holds no picture.
    """
    if not directory:
        return []
    found = sorted(path for path in Path(directory).glob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not found:
        raise UserError(f"art_dir {directory} holds no picture; expected {', '.join(PICTURE_SUFFIXES)} files")
    return found


def art_styles(names: str) -> list[str]:
    """Built-in styles by name, separated by commas; all for "".

    Raises:
        UserError: an unknown style.
    """
    chosen = [name.strip() for name in names.split(",")] if names else list(STYLES)
    for name in chosen:
        if name not in STYLES:
            raise UserError(f"art_styles got {name!r}, expected some of {', '.join(STYLES)}")
    return chosen


class FacePairs(Dataset[dict[str, Any]]):
    """Training samples by sample number. Everything random comes from the sample's own generator.

    A sample holds, as uint8 RGB [R, R, 3], `source` and `target` (two frames of one clip), `drawn` (the
    target in the art's style, or the target itself where the art is a picture from `art`, which nobody can
    imitate) and `art`; float32 `degree`, `window` [K, 27] and `prior` [5, P, P].

    Args:
        clips, frames: of one split.
        config: sizes.
        seed: of the stream.
        plain_share: share of samples with degree 0.
        styles: built-in styles that are drawn.
        art: pictures of the user's; they are half of the art where there are any.
        augment: change the tone of source and target together, as other cameras would.
    """

    def __init__(
        self,
        clips: list[FaceClip],
        frames: Frames,
        *,
        config: StyleAConfig,
        seed: int,
        plain_share: float = 0.0,
        art: Sequence[Path] = (),
        styles: Sequence[str] = tuple(STYLES),
        augment: bool = False,
    ) -> None:
        self.clips, self.frames = clips, frames
        self.size_px = config.resolution
        self.prior = FlowPrior(size_px=config.prior_px)
        self.stream = SampleStream(num_items=len(clips), seed=seed)
        self.plain_share, self.augment = plain_share, augment
        self.styles = list(styles)
        self.art = [_read(path, self.size_px) for path in art]

    def __getitem__(self, sample: int) -> dict[str, Any]:
        rng = self.stream.rng(sample)
        clip = self.clips[self.stream.item(sample)]
        source_frame, target_frame = (int(frame) for frame in rng.choice(clip.seen_n, 2, replace=False))
        source, target = self._frame(clip, source_frame), self._frame(clip, target_frame)
        if self.augment:
            tone = _tone(rng)
            source, target = cv2.LUT(source, tone), cv2.LUT(target, tone)
        degree = 0.0 if rng.random() < self.plain_share else float(rng.choice(DEGREES))
        drawn, art = self._style(target, rng)
        frames = [source_frame, target_frame]
        faces = self.prior.pose(
            clip.identity_k, clip.expression_tk[frames], clip.rotation_t3[frames], clip.translation_t3[frames]
        )
        return {
            "sample": np.int64(sample),
            "source": source,
            "target": target,
            "drawn": drawn,
            "art": art,
            "degree": np.float32(degree),
            "window": motion_window(clip.motion_tk, target_frame),
            "prior": self.prior(faces[0], faces[1]),
        }

    def _style(self, target: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        if self.art and rng.random() < 0.5:
            return target, self.art[int(rng.integers(len(self.art)))]
        style = self.styles[int(rng.integers(len(self.styles)))]
        other = self.clips[int(rng.integers(len(self.clips)))]
        picture = self._frame(other, int(rng.choice(other.seen_n)))
        return draw(style, target), draw(style, cv2.LUT(picture, _tone(rng)))

    def _frame(self, clip: FaceClip, frame: int) -> np.ndarray:
        jpeg = np.frombuffer(self.frames[clip.clip_id][frame], np.uint8)
        return _fit(cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB), self.size_px)


def _read(path: Path, size_px: int) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise UserError(f"{path} is not a picture that can be read; remove it from art_dir")
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    return _fit(picture[top : top + side, left : left + side], size_px)


def _fit(picture: np.ndarray, size_px: int) -> np.ndarray:
    method = cv2.INTER_AREA if picture.shape[0] > size_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (size_px, size_px), interpolation=method))


def _tone(rng: np.random.Generator) -> np.ndarray:
    """A random camera: gamma, and a gain per colour; a look-up table [256, 1, 3]."""
    level = np.linspace(0, 1, 256)[:, None, None] ** float(rng.uniform(0.8, 1.25))
    return np.clip(level * rng.uniform(0.85, 1.15, size=3) * 255, 0, 255).astype(np.uint8)
