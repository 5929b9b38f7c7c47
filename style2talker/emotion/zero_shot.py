"""CLIP's answer to which emotion a face shows: pictures compared with sentences about each emotion.

An emotion is the mean of its sentences' vectors, every word of it in every prompt (prompt ensemble, Radford
et al. 2021, arXiv 2103.00020, section 3.1.4), because one sentence says as much about its own wording as
about the face. A picture's answer is a softmax over the emotions at the scale that the model was trained
with; a clip's is the geometric mean of its pictures', as for the other nets (docs/face_emotion.md).

Shapes: N pictures, E = 8 emotions in the order of `EMOTIONS`, D channels.
"""

from collections.abc import Sequence

import numpy as np

from style2talker.nets.clip import Clip

PROMPTS = (
    "a photo of a person with {} expression",
    "a close-up of a face with {} expression",
    "a video frame of someone talking with {} expression",
    "the face of a speaker with {} expression",
)
WORDS = (
    ("an angry", "a furious", "an annoyed"),
    ("a contemptuous", "a scornful", "a disdainful"),
    ("a disgusted", "a revolted", "a repelled"),
    ("a fearful", "a frightened", "an anxious"),
    ("a happy", "a joyful", "a smiling"),
    ("a neutral", "a calm", "a blank"),
    ("a sad", "a sorrowful", "a tearful"),
    ("a surprised", "an astonished", "a startled"),
)
"""In the order of `EMOTIONS`."""


class ZeroShot:
    """The emotions' vectors by one CLIP, computed once."""

    def __init__(self, clip: Clip, *, prompts: Sequence[str], words: Sequence[Sequence[str]]) -> None:
        self._clip = clip
        texts = [[prompt.format(word) for prompt in prompts for word in said] for said in words]
        vectors_ed = np.stack([clip.embed_texts(sentences).mean(axis=0) for sentences in texts])
        self._vectors_ed = vectors_ed / np.linalg.norm(vectors_ed, axis=1, keepdims=True)

    def log_probability(self, frames_nhw3: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        """[N, E], of each uint8 RGB picture by itself."""
        logit_ne = self._clip.scale * self._clip.embed_frames(frames_nhw3) @ self._vectors_ed.T
        return logit_ne - np.logaddexp.reduce(logit_ne, axis=1, keepdims=True)


def pooled(log_p_ne: np.ndarray) -> np.ndarray:
    """[E], the normalised geometric mean of the pictures' answers."""
    mean_e = log_p_ne.mean(axis=0)
    weight_e = np.exp(mean_e - mean_e.max())
    return weight_e / weight_e.sum()
