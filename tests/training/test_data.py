"""The sample stream: one integer says what was seen, whatever the world size."""

from itertools import chain, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from style2talker.errors import UserError
from training.data import RankBatches, SampleStream


@given(num_items=st.integers(1, 40), seed=st.integers(0, 2**40), epoch=st.integers(0, 1000))
def test_every_epoch_shows_every_item_once(num_items: int, seed: int, epoch: int) -> None:
    stream = SampleStream(num_items=num_items, seed=seed)
    shown = [stream.item(sample) for sample in range(epoch * num_items, (epoch + 1) * num_items)]
    assert sorted(shown) == list(range(num_items))


def test_epochs_and_seeds_differ_in_order() -> None:
    orders = {
        (seed, epoch): tuple(SampleStream(num_items=50, seed=seed).item(epoch * 50 + i) for i in range(50))
        for seed in range(2)
        for epoch in range(2)
    }
    assert len(set(orders.values())) == 4


@given(
    world_size=st.sampled_from([1, 2, 3, 4, 6]),
    batches_before=st.integers(0, 5),
    resumed_world_size=st.sampled_from([1, 2, 3, 4, 6]),
)
def test_ranks_share_the_stream_exactly_and_a_resume_at_any_world_size_goes_on(
    world_size: int, batches_before: int, resumed_world_size: int
) -> None:
    def seen(world: int, first: int, num_batches: int) -> list[list[int]]:
        ranks = [
            list(
                islice(
                    RankBatches(batch_size=12, first_sample=first, rank=rank, world_size=world), num_batches
                )
            )
            for rank in range(world)
        ]
        return [sorted(chain.from_iterable(parts)) for parts in zip(*ranks, strict=True)]

    whole = seen(1, 0, 8)
    resumed = seen(world_size, 0, batches_before)
    resumed += seen(resumed_world_size, 12 * batches_before, 8 - batches_before)
    assert resumed == whole


def test_a_stream_with_an_end_stops_there() -> None:
    assert list(RankBatches(batch_size=4, last_sample=8)) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_randomness_belongs_to_the_sample_not_to_the_history() -> None:
    stream = SampleStream(num_items=5, seed=3)
    first = stream.rng(17).standard_normal(4)
    stream.rng(16).standard_normal(100)
    np.testing.assert_array_equal(first, stream.rng(17).standard_normal(4))
    assert not np.array_equal(first, stream.rng(18).standard_normal(4))


def test_a_batch_that_ranks_cannot_share_is_refused() -> None:
    with pytest.raises(UserError, match="multiple of 3"):
        RankBatches(batch_size=16, world_size=3)


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(UserError, match="at least 1"):
        SampleStream(num_items=0, seed=0)
