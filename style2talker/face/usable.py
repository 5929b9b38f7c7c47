"""Which frames' landmarks are those of the clip's face; the others are treated as frames without one.

Shapes: T frames, L landmarks. Px.
"""

import numpy as np
from scipy.ndimage import median_filter

from style2talker.errors import UserError

CHIN = 152
EYE_CORNERS = ((33, 133), (362, 263))
MOST_MIRRORED = 0.1  # share of frames; more is a mistake in the coordinates, not in the tracker
FAR_CM, FAR_TIMES = 0.4, 4.0  # residual of a start that no face leaves, and over the clip's median
LEAP = 0.25  # of log scale from the frames around: another face, or none
AROUND = 9  # frames


def interocular_px(landmarks_tl3: np.ndarray) -> np.ndarray:
    """Distance [T] in the picture between the midpoints of the two eyes' corners."""
    right_t2, left_t2 = (landmarks_tl3[:, list(pair), :2].mean(axis=1) for pair in EYE_CORNERS)
    return np.linalg.norm(left_t2 - right_t2, axis=1)


def upright(landmarks_tl3: np.ndarray) -> np.ndarray:
    """Which frames have the chin below the eyes, the subject's right eye to the left of the left one [T].

    Raises `UserError` when more than a tenth have not: then the coordinates are mirrored or upside down.
    """
    right_t2, left_t2 = (landmarks_tl3[:, list(pair), :2].mean(axis=1) for pair in EYE_CORNERS)
    across_t2, down_t2 = left_t2 - right_t2, landmarks_tl3[:, CHIN, :2] - right_t2
    turn_t = across_t2[:, 0] * down_t2[:, 1] - across_t2[:, 1] * down_t2[:, 0]
    wrong_t = turn_t < 0
    if wrong_t.mean() > MOST_MIRRORED:
        raise UserError(
            f"the landmarks are mirrored in {wrong_t.sum()} of {len(wrong_t)} frames: the chin is not below "
            "the eyes in image coordinates; expected x to the right and y down, with the subject's right eye "
            "first."
        )
    return turn_t > 0


def near_the_clip(residual_t: np.ndarray, scale_t: np.ndarray) -> np.ndarray:
    """Which frames' start looks like their clip [T]: by its residual in cm, and by its scale.

    Tracking glitches put all points somewhere else for a frame or two; a robust loss would still be pulled.
    """
    log_scale_t = np.log(np.maximum(scale_t, 1e-9))
    leap_t = np.abs(log_scale_t - median_filter(log_scale_t, AROUND, mode="nearest"))
    far_t = residual_t > max(FAR_CM, FAR_TIMES * float(np.median(residual_t)))
    return ~far_t & (leap_t < LEAP)
