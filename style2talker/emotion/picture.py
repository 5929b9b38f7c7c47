"""How well a face can be seen: measures of the picture and where it becomes too dark or too blurred.

- brightness: the luma that nineteen in twenty pixels of the face stay under. Not the mean, which would call
  dark skin a dark picture: highlights, eyes and teeth are bright in good light on everybody.
- contrast: that, less the luma that one in twenty stays under.
- sharpness: 1 minus the re-blur measure of Crete et al. (2007, "The blur effect"): how much of the difference
  between neighbours a further blur removes. Of the face scaled to one size, so that it says how fine the
  face's finest details are, whatever the number of pixels; and unlike the variance of the Laplacian it does
  not depend on contrast.

The limits are where the expression nets' first answer changes in three frames of ten. 99 frames of 33 real
clips were darkened and blurred: at 0.35 of their light the median brightness is 0.24 (0.68 before, lowest
0.42), with a Gaussian blur of 2 % of the face's width the median sharpness is 0.25 (0.48 before, lowest
0.36).

Shapes: N frames, L landmarks, H = W pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from style2talker.emotion.face_nets import face_patch

DARK = 0.24
BLURRED = 0.25
_SIZE_PX = 128
_INNER = (slice(16, 112), slice(24, 104))  # of the patch: without background and most of the hair
_REBLUR_PX = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The clip's median of each measure, in [0, 1]."""

    brightness: float
    contrast: float
    sharpness: float

    @property
    def is_dark(self) -> bool:
        """Too dark for the expression nets."""
        return self.brightness < DARK

    @property
    def is_blurred(self) -> bool:
        """Too blurred for the expression nets, or too few pixels."""
        return self.sharpness < BLURRED


def picture(frames_nhw3: np.ndarray, landmarks_nl3: np.ndarray) -> Picture:
    """The measures of some frames of a clip.

    Args:
        frames_nhw3: uint8 RGB.
        landmarks_nl3: in pixels of the frame.
    """
    from skimage.measure import blur_effect

    measures = []
    for frame, landmarks_l3 in zip(frames_nhw3, landmarks_nl3, strict=True):
        grey_hw = cv2.cvtColor(face_patch(frame, landmarks_l3, _SIZE_PX), cv2.COLOR_RGB2GRAY)
        low, high = np.percentile(grey_hw[_INNER] / 255, (5, 95))
        flat = high == low  # a picture of nothing is not sharp
        measures.append((high, high - low, 0.0 if flat else 1 - blur_effect(grey_hw, h_size=_REBLUR_PX)))
    brightness, contrast, sharpness = np.median(measures, axis=0)
    return Picture(brightness=float(brightness), contrast=float(contrast), sharpness=float(sharpness))
