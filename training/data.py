"""Which sample comes when: one endless stream of samples, counted from 0, the same at any world size.

Sample s shows item `stream.item(s)`; everything random about it comes from `stream.rng(s)`. So one integer,
the samples seen, resumes data, noise and schedules, on any number of devices and workers.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from torch.utils.data import DataLoader, Dataset, Sampler

from style2talker.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStream:
    """Epoch after epoch of the items, each epoch a fresh permutation, no item skipped or repeated in one.

    Args:
        num_items: items in an epoch.
        seed: of the order and of the per-sample generators, 0 <= seed < 2**62.
    """

    num_items: int
    seed: int

    def __post_init__(self) -> None:
        if self.num_items < 1:
            raise UserError(
                f"a sample stream got {self.num_items} items, expected at least 1; is the split empty?"
            )

    def item(self, sample: int) -> int:
        """The item that sample number `sample` shows."""
        epoch, position = divmod(sample, self.num_items)
        return int(_permutation(self.seed, epoch, self.num_items)[position])

    def rng(self, sample: int) -> np.random.Generator:
        """The sample's own counter-based generator: independent of rank, worker and history."""
        return _generator(2 * self.seed, sample)


class RankBatches(Sampler[list[int]]):
    """This rank's sample numbers, batch by batch. Global batch b is samples [b*batch_size, (b+1)*batch_size).

    Args:
        batch_size: samples in a batch over all ranks.
        first_sample: where the stream starts; the samples seen so far when a run is resumed.
        last_sample: the stream ends before the batch that would start here; None for no end.
        rank, world_size: this process among all.
    """

    def __init__(
        self,
        *,
        batch_size: int,
        first_sample: int = 0,
        last_sample: int | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if batch_size % world_size:
            raise UserError(
                f"batch_size is {batch_size}, which {world_size} devices cannot share equally; "
                f"give a multiple of {world_size}"
            )
        self.starts = (first_sample, last_sample, batch_size)
        share = batch_size // world_size
        self.own = range(rank * share, (rank + 1) * share)

    def __iter__(self) -> Iterator[list[int]]:
        first, last, step = self.starts
        starts = itertools.count(first, step) if last is None else range(first, last, step)
        for start in starts:
            yield [start + offset for offset in self.own]


def sample_loader(
    dataset: Dataset, batches: RankBatches, *, num_workers: int = 0, pin_memory: bool = False
) -> DataLoader:
    """A loader whose dataset is asked for sample numbers (not item numbers): `dataset[sample]`.

    It has no length, so Lightning neither pads, nor shards, nor restarts it.
    """
    return DataLoader(
        dataset,
        batch_sampler=batches,
        num_workers=num_workers,
        persistent_workers=False,
        pin_memory=pin_memory,
    )


@lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, num_items: int) -> np.ndarray:
    return _generator(2 * seed + 1, epoch).permutation(num_items)


def _generator(key: int, counter: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([key, counter], dtype=np.uint64)))
