"""What moves besides the mouth: lids, gaze and head, drawn from a seed.

Shape suffixes: t frames, k expression coefficients, 3 rotation (pitch, yaw, roll) or translation.
"""

from collections.abc import Sequence

import numpy as np

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.face.model import EXPRESSION_NAMES

LARGEST_ROTATION_DEG = (6.0, 10.0, 5.0)  # pitch, yaw, roll
BLINK = (0.3, 0.85, 1.0, 0.8, 0.45, 0.15)  # about 0.24 s: shut fast, open slowly
BLINK_GAP_S = (2.0, 5.0)
LONGEST_GAZE_S = 1.5


def blink_times(rng: np.random.Generator, duration_s: float) -> list[float]:
    """Starts of blinks, 2 to 5 s apart; the first comes early enough that most clips have one."""
    times_s, time_s = [], float(rng.uniform(0.4, BLINK_GAP_S[0]))
    while time_s < duration_s - len(BLINK) / FRAME_RATE_HZ:
        times_s.append(time_s)
        time_s += float(rng.uniform(*BLINK_GAP_S))
    return times_s


def lids(times_s: Sequence[float], num_frames: int) -> np.ndarray:
    """How far the lids are shut, [T] in [0, 1]."""
    shut_t = np.zeros(num_frames, np.float32)
    for time_s in times_s:
        first = round(time_s * FRAME_RATE_HZ)
        last = min(first + len(BLINK), num_frames)
        shut_t[first:last] = np.maximum(shut_t[first:last], BLINK[: last - first])
    return shut_t


def gaze(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """Small glances as eyeLook coefficients [T, 52]; the eyes rest between them and move within one frame."""
    horizontal_t, vertical_t = np.zeros(num_frames), np.zeros(num_frames)
    frame = 0
    while frame < num_frames:
        last = frame + max(round(rng.uniform(0.4, LONGEST_GAZE_S) * FRAME_RATE_HZ), 1)
        horizontal_t[frame:last], vertical_t[frame:last] = rng.normal(0, 0.12), rng.normal(0, 0.08)
        frame = last
    gaze_tk = np.zeros((num_frames, len(EXPRESSION_NAMES)), np.float32)
    for name, value_t in (
        ("eyeLookOutLeft", horizontal_t),
        ("eyeLookInRight", horizontal_t),
        ("eyeLookInLeft", -horizontal_t),
        ("eyeLookOutRight", -horizontal_t),
        ("eyeLookUpLeft", vertical_t),
        ("eyeLookUpRight", vertical_t),
        ("eyeLookDownLeft", -vertical_t),
        ("eyeLookDownRight", -vertical_t),
    ):
        gaze_tk[:, EXPRESSION_NAMES.index(name)] = np.maximum(value_t, 0)
    return gaze_tk


def wander(rng: np.random.Generator, num_frames: int, num_axes: int) -> np.ndarray:
    """Smooth motion [T, num_axes] within [-1, 1]: five sines of 0.08 to 0.7 Hz, slow ones the strongest."""
    time_t = np.arange(num_frames) / FRAME_RATE_HZ
    frequency = rng.uniform(0.08, 0.7, (num_axes, 5))
    phase = rng.uniform(0, 2 * np.pi, (num_axes, 5))
    weight = 1 / (0.2 + frequency)
    weight /= weight.sum(axis=1, keepdims=True)
    waves = weight * np.sin(2 * np.pi * frequency * time_t[:, None, None] + phase)
    return np.clip(1.4 * waves.sum(-1), -1, 1)


def head_rotation(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """(pitch, yaw, roll) [T, 3] in rad, within +-6, +-10 and +-5 degrees."""
    return (wander(rng, num_frames, 3) * np.radians(LARGEST_ROTATION_DEG)).astype(np.float32)
