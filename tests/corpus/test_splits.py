"""Splits: by speaker alone, near the asked shares, and stable."""

from hypothesis import given
from hypothesis import strategies as st

from style2talker.corpus.splits import DEFAULT_FRACTIONS, SPLITS, split_of


@given(st.text())
def test_a_speaker_is_in_one_split_for_ever(speaker: str) -> None:
    assert split_of(speaker) == split_of(speaker)
    assert split_of(speaker) in SPLITS


def test_shares_are_respected() -> None:
    splits = [split_of(f"speaker {n}") for n in range(4000)]
    for name, share in DEFAULT_FRACTIONS.items():
        assert abs(splits.count(name) / 4000 - share) < 0.02


def test_growing_test_only_takes_from_the_neighbour() -> None:
    """Cutting one line of hashes: val shrinking by what test gains leaves train alone."""
    before = {f"s{n}": split_of(f"s{n}", {"train": 0.8, "val": 0.1, "test": 0.1}) for n in range(500)}
    after = {f"s{n}": split_of(f"s{n}", {"train": 0.8, "val": 0.05, "test": 0.15}) for n in range(500)}
    assert all(after[s] == "train" for s, split in before.items() if split == "train")
