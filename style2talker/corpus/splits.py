"""Splits by person: a speaker's clips all land on one side, and adding data never moves them."""

import hashlib
from collections.abc import Mapping

SPLITS = ("train", "val", "test")
DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}


def split_of(speaker: str, fractions: Mapping[str, float] = DEFAULT_FRACTIONS) -> str:
    """The split of a speaker: a uniform number from the hash of the name, cut at the cumulated fractions.

    Args:
        fractions: share of the speakers per split, in sum 1.
    """
    digest = hashlib.sha256(f"split:{speaker}".encode()).digest()
    point = int.from_bytes(digest[:8]) / 2**64
    edge = 0.0
    for name in SPLITS:
        edge += fractions.get(name, 0.0)
        if point < edge:
            return name
    return max(SPLITS, key=lambda name: fractions.get(name, 0.0))
