"""The 27-frame windows that PIRender-like renderers take, and the way back to one row a frame.

Shapes: T frames, K values of a frame, N = 27 frames of a window, channels before time: [T, K, 27]. A window
reaches 13 frames to each side; beyond the clip's ends the first and the last frame repeat (PIRender's
`semantic_radius` 13, the same in StyleHEAT, SadTalker and Style2Talker).
"""

import numpy as np

from style2talker.errors import UserError

WINDOW_RADIUS = 13
WINDOW_FRAMES = 2 * WINDOW_RADIUS + 1


def windows(rows_tk: np.ndarray) -> np.ndarray:
    """One window [K, 27] around each of T rows, [T, K, 27]. Raises `UserError` unless it gets [T, K]."""
    rows_tk = np.asarray(rows_tk)
    if rows_tk.ndim != 2 or not len(rows_tk):
        raise UserError(f"windows need rows of shape [T, K], got {rows_tk.shape}; give one row a frame.")
    return np.ascontiguousarray(np.moveaxis(rows_tk[_frames(len(rows_tk))], 1, 2))


def window_centres(windows_tkn: np.ndarray) -> np.ndarray:
    """The rows [T, K] that `windows` was made of.

    Raises:
        UserError: the shape is not [T, K, 27], or neighbouring windows contradict each other: then these are
            not the windows of successive frames of one clip (a shuffled batch, say) and no clip comes back.
    """
    windows_tkn = np.asarray(windows_tkn)
    if windows_tkn.ndim != 3 or windows_tkn.shape[2] != WINDOW_FRAMES or not len(windows_tkn):
        raise UserError(
            f"windows have shape {windows_tkn.shape}, expected [T, K, {WINDOW_FRAMES}]: frames, values, "
            "window."
        )
    rows_tk = np.ascontiguousarray(windows_tkn[:, :, WINDOW_RADIUS])
    contradicts_t = (windows(rows_tk) != windows_tkn).any(axis=(1, 2))
    if contradicts_t.any():
        raise UserError(
            f"window {contradicts_t.argmax()} contradicts its neighbours ({contradicts_t.sum()} of "
            f"{len(rows_tk)} do); expected the windows of successive frames of one clip, in order."
        )
    return rows_tk


def _frames(num_frames: int) -> np.ndarray:
    around_n = np.arange(-WINDOW_RADIUS, WINDOW_RADIUS + 1)
    return np.clip(np.arange(num_frames)[:, None] + around_n, 0, num_frames - 1)
