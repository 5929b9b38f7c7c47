"""Those that are chosen are good, far apart, and share few words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.emotion.selection import MOST_SHARED, content_stems, content_words, select, shared
from style2talker.errors import UserError

FRUIT = ["apples fall", "pears hang", "plums ripen", "apples hang", "figs dry"]


def indices(texts: list[str], **options) -> list[int]:
    return [choice.index for choice in select(texts, **options)]


def test_content_words_are_compared_without_endings_and_quotations() -> None:
    one = 'The person raises the brows slightly. The words are: "happy"'
    other = "A slight raising of a brow by the person, without words."
    assert content_words(one) == {"person", "raises", "brows", "slightly", "words"}
    assert content_stems(one) == {"person", "rais", "brow", "slight" + "ly", "word"}
    assert shared(one, other) == 1
    assert shared("strongly pressed", "a strong press") == 1
    assert shared("the", one) == 0
    assert shared("lip lips brow", "the lips, a lip, and jaws") == pytest.approx(2 / 3)  # by stems one half


@given(
    texts=st.lists(
        st.lists(st.sampled_from("abcdefghij"), min_size=2, max_size=4, unique=True).map(
            lambda letters: " ".join(letter * 3 for letter in letters)
        ),
        max_size=9,
    ),
    quality=st.randoms(use_true_random=False),
)
def test_no_two_share_more_than_half_or_nothing_is_chosen(texts: list[str], quality) -> None:
    scores = [quality.random() for _ in texts]
    pairs = [(a, b) for b in range(len(texts)) for a in range(b) if shared(texts[a], texts[b]) <= MOST_SHARED]
    triples = [(a, b, c) for a, b in pairs for c in range(b) if (c, a) in pairs and (c, b) in pairs]
    triples += [
        (a, b, c) for a, b in pairs for c in range(b + 1, len(texts)) if {(a, c), (b, c)} <= set(pairs)
    ]
    if not triples:
        with pytest.raises(UserError, match="more candidates"):
            select(texts, count=3, quality=scores)
        return
    chosen = indices(texts, count=3, quality=scores)
    assert chosen == sorted(set(chosen))
    assert all(shared(texts[a], texts[b]) <= MOST_SHARED for b in chosen for a in chosen if a != b)


def test_the_worse_half_has_no_chance_unless_it_is_needed() -> None:
    quality = [0.1, 0.9, 0.2, 0.8, 0.3]  # 1 and 3 share a word, but not more than half
    assert indices(FRUIT, count=2, quality=quality) == [1, 3]
    assert [choice.score for choice in select(FRUIT, count=2, quality=quality)] == [0.9, 0.8]
    same = ["apples fall", "apples fall", "figs dry"]
    assert indices(same, count=2, quality=[0.9, 0.8, 0.1]) == [0, 2]


def test_of_the_better_half_those_are_chosen_that_mean_the_most_different() -> None:
    angle_n = np.deg2rad([0, 10, 80, 20, 90])
    vector_nd = np.stack([np.cos(angle_n), np.sin(angle_n)], axis=1)
    asked = []

    def embed(texts: list[str]) -> np.ndarray:
        asked.append(texts)
        return vector_nd[[FRUIT.index(text) for text in texts]]

    chosen = select(FRUIT, count=2, quality=[1, 1, 1, 1, 0], embed=embed)
    assert [choice.index for choice in chosen] == [0, 1]  # the better half has two, so those two it is
    assert asked == [FRUIT[:2]]  # and nothing more is embedded
    far = select(FRUIT[:4], count=2, quality=None, embed=lambda texts: vector_nd[:4][: len(texts)])
    assert len(far) == 2


def test_the_nearest_neighbour_is_the_score_where_there_is_no_quality() -> None:
    (one, other) = select(["apples fall", "apples hang"], count=2)
    assert one.score == other.score == 0.5


def test_what_must_differ_differs() -> None:
    assert indices(FRUIT, count=2, unlike=["a", "a", "a", "b", "b"]) in ([0, 4], [1, 4], [2, 4], [2, 3])
    with pytest.raises(UserError, match="fewer sentences"):
        select(FRUIT, count=2, unlike=["a"] * 5)
