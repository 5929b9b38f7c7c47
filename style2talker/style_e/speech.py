"""What the audio encoder hears: mel windows of any stretch of a recording, from that stretch alone.

Axes: N mel steps, W frames, S mel steps around a frame (16), M mel bands (80).
"""

from typing import Protocol

import numpy as np

from style2talker.corpus.schema import AUDIO_RATE_HZ, FRAME_RATE_HZ
from style2talker.errors import UserError
from style2talker.media.mel import log_mel, mel_windows

_SAMPLES_PER_FRAME = AUDIO_RATE_HZ // FRAME_RATE_HZ
# Five frames are exactly 16 mel steps, so a stretch that starts at a multiple of 5 keeps the mel grid. Five
# are also more than a window (-2 to +3 frames) and half an analysis frame reach beyond the frames asked for.
_MARGIN = 5


class Speech(Protocol):
    """A recording of `num_frames` video frames that gives the mel windows of any of them."""

    num_frames: int

    def __call__(self, first: int, count: int) -> np.ndarray:
        """Windows [count, 16, 80] float32 of frames first to first + count - 1; they may lie past the end."""
        ...


class SpeechWindows:
    """Mel windows of audio samples. Beyond their end there is silence.

    Args:
        audio: [n] float32, 16 kHz mono.

    Raises:
        UserError: not a non-empty vector of finite numbers.
    """

    def __init__(self, audio: np.ndarray) -> None:
        if audio.ndim != 1 or len(audio) == 0:
            raise UserError(f"audio has shape {audio.shape}, expected [n] with n >= 1: 16 kHz mono samples")
        if not np.isfinite(audio).all():
            raise UserError(
                "audio holds NaN or infinity, expected samples from -1 to 1; decode the file again"
            )
        self.audio = audio.astype(np.float32, copy=False)
        self.num_frames = max(1, round(len(audio) / _SAMPLES_PER_FRAME))

    def __call__(self, first: int, count: int) -> np.ndarray:
        start = max(0, first - _MARGIN) // _MARGIN * _MARGIN
        stop = first + count + _MARGIN
        piece = self.audio[start * _SAMPLES_PER_FRAME : stop * _SAMPLES_PER_FRAME]
        piece = np.pad(piece, (0, (stop - start) * _SAMPLES_PER_FRAME - len(piece)))
        windows_wsm = mel_windows(log_mel(piece), stop - start)
        return windows_wsm[first - start : first - start + count]


class MelWindows:
    """Mel windows of a mel that is there already, as a corpus has it. Beyond its end the last step goes on.

    Args:
        mel_nm: [N, 80] of `media.mel.log_mel`.
        num_frames: video frames it belongs to.
    """

    def __init__(self, mel_nm: np.ndarray, num_frames: int) -> None:
        self.mel_nm = mel_nm.astype(np.float32)
        self.num_frames = num_frames

    def __call__(self, first: int, count: int) -> np.ndarray:
        return mel_windows(self.mel_nm, first + count)[first:]
