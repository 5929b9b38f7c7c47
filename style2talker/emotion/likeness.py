"""Likeness: how well sentences fit a clip's pictures, by CLIP's cosine, mean over eight frames.

Style2Talker's filter looks at one frame; an expression comes and goes, so ours looks at eight.

Axes: M texts, D channels.
"""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from style2talker.answers import Answers, prompt_sha256
from style2talker.nets.clip import Clip, assets_of, spread, weights_of
from style2talker.weights.resolve import sha256_of


class Likeness:
    """A CLIP and what it saw, which is kept: the same pictures are looked at once.

    Args:
        model: as in `nets.clip.Clip`.
        answers: where the pictures' vectors are kept.
        device: of torch.

    Raises:
        UserError: no such model.
    """

    def __init__(self, model: str, answers: Answers, *, device: str = "cpu") -> None:
        names = [*((name, sha256_of(name)) for name in weights_of(model)), *sorted(assets_of(model).items())]
        self._weights = prompt_sha256(*(part for pair in names for part in pair))
        self._clip, self._answers = Clip(model, device=device), answers

    def __call__(
        self,
        clip_id: str,
        jpegs: Sequence[bytes],
        texts: Sequence[str],
        *,
        decode: Callable[[bytes], np.ndarray],
    ) -> np.ndarray:
        """float32 [M]: each text's mean cosine with eight of the pictures.

        Args:
            jpegs: the clip's pictures, in their order; at least one.
            decode: from a picture's bytes to uint8 RGB [H, W, 3].
        """
        looks = [jpegs[index] for index in spread(len(jpegs))]
        digests = [hashlib.sha256(look).hexdigest() for look in looks]

        def look() -> list[float]:
            # the mean of cosines is the cosine with the mean, as the texts' vectors have unit length
            vector_nd = self._clip.embed_frames([decode(look) for look in looks])
            return [float(value) for value in vector_nd.mean(axis=0)]

        seen = self._answers.answer(self._weights, prompt_sha256("mean picture", *digests), clip_id, look)
        return np.asarray(seen, np.float32) @ self._clip.embed_texts(list(texts)).T
