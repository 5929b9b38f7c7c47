"""How close generated lips are to the true ones, against two guesses that hear nothing.

Lip error: mean absolute difference of the inner lips' opening and width over the frames with a face,
in % of the interocular distance (between the iris centres of the speaker's neutral face). Lower is better.

Axes: N clips, T frames, K expression coefficients; the 2 of _t2 is opening, width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from style2talker.errors import UserError
from style2talker.face.model import FaceModel

_OPENING = (13, 14)
_WIDTH = (78, 308)
_IRISES = (468, 473)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueMotion:
    """What is known of a held-out clip: who speaks and how the face really moved."""

    clip_id: str
    identity_k: np.ndarray
    expression_tk: np.ndarray
    valid_t: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionScores:
    """Lip errors in % interocular, each the mean over the clips, and per clip [N]."""

    clip_ids: tuple[str, ...]
    generated_n: np.ndarray
    mean_motion_n: np.ndarray
    random_clip_n: np.ndarray

    @property
    def beats_both(self) -> bool:
        """The generated motion is closer to the truth than either guess, on average over the clips."""
        generated = self.generated_n.mean()
        return bool(generated < self.mean_motion_n.mean() and generated < self.random_clip_n.mean())


def lip_measures(model: FaceModel, identity_k: np.ndarray, expression_tk: np.ndarray) -> np.ndarray:
    """Opening and width of the inner lips [T, 2] in % of the interocular distance."""
    points = [*_OPENING, *_WIDTH]
    neutral_v3 = model.mean_v3 + np.tensordot(identity_k, model.identity_kv3, axes=1)
    lips_tp3 = neutral_v3[points] + np.tensordot(expression_tk, model.expression_kv3[:, points], axes=1)
    opening_t = np.linalg.norm(lips_tp3[:, 0] - lips_tp3[:, 1], axis=1)
    width_t = np.linalg.norm(lips_tp3[:, 2] - lips_tp3[:, 3], axis=1)
    interocular = np.linalg.norm(neutral_v3[_IRISES[0]] - neutral_v3[_IRISES[1]])
    return 100 * np.stack([opening_t, width_t], axis=1) / interocular


def lip_error_percent(
    measured_t2: np.ndarray, truth_t2: np.ndarray, *, valid_t: np.ndarray | None = None
) -> float:
    """Mean absolute difference of two `lip_measures` of equal length, over the valid frames.

    Raises:
        UserError: lengths differ, or no frame is valid.
    """
    if measured_t2.shape != truth_t2.shape:
        raise UserError(
            f"lips of {len(measured_t2)} frames cannot be compared with {len(truth_t2)}; cut to one length"
        )
    valid_t = np.ones(len(truth_t2), dtype=bool) if valid_t is None else valid_t.astype(bool)
    if not valid_t.any():
        raise UserError("no frame of the clip has a face, so there is no lip error; leave the clip out")
    return float(np.abs(measured_t2 - truth_t2)[valid_t].mean())


def score_motion(
    model: FaceModel,
    clips: Sequence[TrueMotion],
    generate: Callable[[TrueMotion], np.ndarray],
    *,
    mean_expression_k: np.ndarray,
) -> MotionScores:
    """Compare generated motion, the mean motion and other clips' motion with the truth of held-out clips.

    Args:
        clips: at least two.
        generate: motion [T, K] for a clip, of the clip's length.
        mean_expression_k: the training split's mean; held still it is the best guess that hears nothing.

    A clip's error against a random clip is the mean over all other clips, repeated or cut to its length: what
    drawing one at random gives on average, without the luck of the draw.

    Raises:
        UserError: fewer than two clips.
    """
    if len(clips) < 2:
        raise UserError(
            f"got {len(clips)} held-out clips, expected at least 2 so that one can stand in for another"
        )
    rows = []
    for clip in clips:
        num_frames = len(clip.expression_tk)
        truth_t2 = lip_measures(model, clip.identity_k, clip.expression_tk)

        def error(
            expression_tk: np.ndarray, *, clip: TrueMotion = clip, truth_t2: np.ndarray = truth_t2
        ) -> float:
            measured_t2 = lip_measures(model, clip.identity_k, expression_tk)
            return lip_error_percent(measured_t2, truth_t2, valid_t=clip.valid_t)

        others = [error(_to_length(other.expression_tk, num_frames)) for other in clips if other is not clip]
        still_tk = np.tile(mean_expression_k, (num_frames, 1))
        rows.append((error(generate(clip)), error(still_tk), float(np.mean(others))))
    generated_n, mean_motion_n, random_clip_n = np.array(rows).T
    return MotionScores(
        clip_ids=tuple(clip.clip_id for clip in clips),
        generated_n=generated_n,
        mean_motion_n=mean_motion_n,
        random_clip_n=random_clip_n,
    )


def motion_table(scores: MotionScores) -> str:
    """The scores as a table of text: one row per kind of motion, lower is better."""
    lines = [f"lip error in % interocular, {len(scores.clip_ids)} held-out clips (mean, worst clip)"]
    for name, error_n in (
        ("generated from speech", scores.generated_n),
        ("mean motion, held still", scores.mean_motion_n),
        ("another clip's motion", scores.random_clip_n),
    ):
        ratio = error_n.mean() / scores.generated_n.mean()
        lines.append(f"  {name:<24} {error_n.mean():6.2f} {error_n.max():6.2f}   x{ratio:.2f}")
    return "\n".join(lines)


def draw_opening(truth_t: np.ndarray, generated_t: np.ndarray) -> np.ndarray:
    """Both curves over time as a picture [160, 640, 3] uint8: truth black, generated red, one scale."""
    height, width, margin = 160, 640, 10
    picture_hw3 = np.full((height, width, 3), 255, dtype=np.uint8)
    top = max(float(truth_t.max()), float(generated_t.max()), 1e-6)
    for curve_t, colour in ((truth_t, (0, 0, 0)), (generated_t, (220, 30, 30))):
        x_t = np.linspace(margin, width - margin, len(curve_t))
        y_t = height - margin - curve_t / top * (height - 2 * margin)
        points_t12 = np.stack([x_t, y_t], axis=1).round().astype(np.int32)[:, None]
        cv2.polylines(
            picture_hw3, [points_t12], isClosed=False, color=colour, thickness=1, lineType=cv2.LINE_AA
        )
    return picture_hw3


def _to_length(expression_tk: np.ndarray, num_frames: int) -> np.ndarray:
    return np.resize(expression_tk, (num_frames, expression_tk.shape[1]))
