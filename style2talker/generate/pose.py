"""Head pose for a generated clip: borrowed from a corpus clip, or drawn as calm seeded motion.

Style2Talker reads its pose from a file and cuts the output to that file's length
(its released inference code). Here a borrowed pose plays forwards and backwards until the speech ends.

Axes: T frames at 25 Hz.
"""

from dataclasses import dataclass

import numpy as np

from style2talker.corpus.reader import Corpus, matrix
from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.errors import UserError

AUTO_AMPLITUDE_RAD = (0.04, 0.08, 0.03)
"""Pitch, yaw and roll: a calm speaker; about half of what GRID's seated speakers do at most."""
AUTO_RATES_HZ = (0.13, 0.29, 0.47, 0.71)
AUTO_DRIFT_CROP = 0.008
"""Sideways sway of the head, as a part of the crop's side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Rotation (radians) and translation (x px, y px, px per unit), both (T, 3), in the 256 px crop."""

    rotation_t3: np.ndarray
    translation_t3: np.ndarray


def auto_pose(num_frames: int, *, seed: int, rotation_3: np.ndarray, translation_3: np.ndarray) -> Pose:
    """Smooth motion about the portrait's own pose: four sines per axis, seeded phases, starting at rest."""
    generator = np.random.default_rng([seed, 7])
    time_t = np.arange(num_frames) / FRAME_RATE_HZ
    rates = np.asarray(AUTO_RATES_HZ)
    weights = 1 / (1 + np.arange(len(rates)))
    phase_ar = generator.uniform(0, 2 * np.pi, size=(5, len(rates)))
    wave_at = np.sin(2 * np.pi * rates[None, :, None] * time_t + phase_ar[..., None])
    wave_ta = np.einsum("r,art->ta", weights / weights.sum(), wave_at)
    wave_ta *= np.minimum(time_t, 1.0)[:, None]
    sway_px = AUTO_DRIFT_CROP * 256 * wave_ta[:, 3:]
    return Pose(
        rotation_t3=(rotation_3 + wave_ta[:, :3] * np.asarray(AUTO_AMPLITUDE_RAD)).astype(np.float32),
        translation_t3=(translation_3 + np.pad(sway_px, ((0, 0), (0, 1)))).astype(np.float32),
    )


def borrowed_pose(clip: str, num_frames: int, *, rotation_3: np.ndarray, translation_3: np.ndarray) -> Pose:
    """Pose of a corpus clip, named `CORPUS_URI#CLIP_ID`, moved so that it starts at the portrait's own pose.

    Raises:
        UserError: no `#`, or no such clip in the corpus.
    """
    uri, _, clip_id = clip.rpartition("#")
    if not uri:
        raise UserError(
            f"--pose got {clip!r}; expected auto, or CORPUS_URI#CLIP_ID "
            "(see `style2talker inspect URI --clips`)."
        )
    corpus = Corpus.open(uri)
    for row in corpus.clips(columns=["clip_id", "rotation", "translation"]):
        if row["clip_id"] == clip_id:
            rotation_t3 = matrix(row["rotation"])
            translation_t3 = matrix(row["translation"])
            break
    else:
        raise UserError(
            f"the corpus {uri} has no clip {clip_id!r}; `style2talker inspect {uri} --clips` lists its clips."
        )
    order_t = there_and_back(len(rotation_t3), num_frames)
    scale = translation_3[2] / translation_t3[0, 2]
    return Pose(
        rotation_t3=(rotation_3 + rotation_t3[order_t] - rotation_t3[0]).astype(np.float32),
        translation_t3=(translation_3 + (translation_t3[order_t] - translation_t3[0]) * scale).astype(
            np.float32
        ),
    )


def there_and_back(length: int, num_frames: int) -> np.ndarray:
    """Frame numbers 0, 1, ..., length-1, length-2, ..., 0, 1, ... up to `num_frames` of them."""
    period = max(2 * length - 2, 1)
    position = np.arange(num_frames) % period
    return np.where(position < length, position, period - position)
