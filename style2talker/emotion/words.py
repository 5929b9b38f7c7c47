"""What is said, as a witness: transcript in, posterior over eight emotions out. Most speech says no feeling.

Each sentence is compared with anchor sentences (anchors.py) by MiniLM embeddings; an emotion's evidence is
its mean cosine with the nearest anchors. One sentence in which a feeling is said is enough for a clip.

Axes: N sentences, A anchors, D channels, E emotions.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from style2talker.emotion.anchors import ANCHORS
from style2talker.emotion.taxonomy import EMOTIONS

LANGUAGE = "en"  # of the anchors, and of the embedding
# Chosen on the anchors, each left out in turn, and on the sentences of benchmarks/said.tsv: 86 and 97 %
# are right. The test has others.
NEAREST = 4
SHARPNESS = 30.0
NEUTRAL_BIAS = 1.5
_LONGEST_WORDS = 25
_NEUTRAL = EMOTIONS.index("neutral")

Encode = Callable[[list[str]], np.ndarray]
"""Sentences to float [N, D] of unit length, such as `nets.text.TextEncoder`."""


class SaidEmotion:
    """Args:
    encode: sentences to unit vectors.
    anchors: sentences of each emotion.
    """

    def __init__(self, encode: Encode, *, anchors: Mapping[str, Sequence[str]] = ANCHORS) -> None:
        self._encode = encode
        self._anchors = [encode(list(anchors[emotion])) for emotion in EMOTIONS]

    def __call__(self, transcript: str) -> np.ndarray | None:
        """float32 [E], adds up to one; None where no word is said.

        Neutral is as probable as in the sentence with most feeling, so that a long talk is not taken for a
        moved one; the rest is shared as the sentences do.
        """
        said = sentences_of(transcript)
        if not said:
            return None
        probability_ne = self._of_sentences(said)
        neutral = float(probability_ne[:, _NEUTRAL].min())
        feeling_e = probability_ne.sum(axis=0)
        feeling_e[_NEUTRAL] = 0
        probability_e = feeling_e * (1 - neutral) / max(feeling_e.sum(), 1e-12)
        probability_e[_NEUTRAL] = neutral
        return (probability_e / probability_e.sum()).astype(np.float32)

    def _of_sentences(self, said: list[str]) -> np.ndarray:
        vector_nd = self._encode(said)
        near_ne = np.stack(
            [np.sort(vector_nd @ of_ad.T, axis=1)[:, -NEAREST:].mean(axis=1) for of_ad in self._anchors],
            axis=1,
        )
        logit_ne = SHARPNESS * near_ne
        logit_ne[:, _NEUTRAL] += NEUTRAL_BIAS
        weight_ne = np.exp(logit_ne - logit_ne.max(axis=1, keepdims=True))
        return weight_ne / weight_ne.sum(axis=1, keepdims=True)


def sentences_of(transcript: str) -> list[str]:
    """Sentences of a transcript, cut after 25 words; what has no letter is none."""
    found = []
    for sentence in re.split(r"(?<=[.!?])\s+", transcript.strip()):
        words = sentence.split()
        for first in range(0, len(words), _LONGEST_WORDS):
            part = " ".join(words[first : first + _LONGEST_WORDS])
            if any(letter.isalpha() for letter in part):
                found.append(part)
    return found


def anchors_sha256() -> str:
    """Hash of the anchor sentences, for fingerprints."""
    return hashlib.sha256(json.dumps(dict(ANCHORS)).encode()).hexdigest()
