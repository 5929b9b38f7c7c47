"""Near duplicates: which clips of different splits hold the same sound, or nearly the same picture.

Everything is compared with everything, so all of it is arrays: 100,000 clips take seconds and some 500 MB.
Measured for the limits (38 recordings of English and German speech, among them sentences said by several
people and several times; 33 face clips of 17 people; 12 drawn people):

- sound: two recordings differ in 0.37 of the bits or more (703 pairs at 26,633 offsets, mean 0.50, deviation
  0.02). Copies are found in 38 of 38 cases at half or a tenth of the gain, after MP3 at 32 kbit/s, or shifted
  by a part of a step; in 36 to 38 after AAC at 32 or 48 kbit/s, in 37 with noise 20 dB below, in 35 after
  Opus at 16 kbit/s, in 25 after AAC at 16 kbit/s. No two recordings were taken for one, but one synthetic
  voice that says a sentence twice is: 7 of 77 such pairs.
- pictures: two people differ in 12 bits or more (69,680 pairs, mean 27, deviation 4.4), one person's clips
  before one background in 10 or more (56 pairs), drawn people in 6. JPEG at quality 20, a quarter of the size
  and other brightness change 4 at most, a shift by 2 px of 256 in 19 of 20 cases 6 at most.

Shapes: C clips, N hash steps of all clips together, P pairs.
"""

from collections.abc import Iterator

import numpy as np

from style2talker.media.fingerprint import SILENT

MOST_SOUND_ERRORS = 0.25
"""Share of differing bits up to which two sounds are the same recording; strangers differ in half of them."""
LEAST_SOUND_STEPS = 20
"""At least one second of the two must not be silent, so that a shared word or click is no copy."""
MOST_PICTURE_BITS = 6
"""Of 64; the pictures of two strangers differ in 27."""

MOST_PAIRS = 1000
"""The search ends there: one is enough to stop a build, and a corpus of one picture would have billions."""

_WIDTH = 40
_GLANCE_STEPS, _GLANCE_BITS = 6, 11
"""So far from a common step, where energies hardly overlap, few steps of a stranger are this near."""
_FARTHEST = 32
_BLOCK = 1 << 15


def same_sounds(
    hash_n: np.ndarray, start_c: np.ndarray, split_c: np.ndarray, source_c: np.ndarray
) -> np.ndarray:
    """Clips of two splits and two sources that share two seconds of sound, at any offset.

    The search of Haitsma and Kalker (2002), section 5: two copies share at least one whole sub-fingerprint,
    so those are looked up, and what lies around each common one is compared bit by bit.

    Args:
        hash_n: int32 sub-fingerprints of all clips, one after the other.
        start_c: [C + 1] where each clip's begin; the last is N.
        split_c, source_c: [C] numbers of split and source.

    Returns:
        int [P, 2], the clips of each pair in ascending order.
    """
    clip_n = np.repeat(np.arange(len(start_c) - 1, dtype=np.int32), np.diff(start_c))
    order_n = np.argsort(hash_n, kind="stable").astype(np.int32)
    order_n = order_n[hash_n[order_n] != SILENT]
    value_n = hash_n[order_n]
    found = [np.empty((0, 2), np.int32)]
    # copies are neighbours here; what thousands share is hum, and a few of its neighbours are enough
    for lag in range(1, _FARTHEST + 1):
        equal = np.flatnonzero(value_n[lag:] == value_n[:-lag])
        if not len(equal):
            break
        for part in _blocks(equal):
            here_p, there_p = order_n[part], order_n[part + lag]
            a_p, b_p = clip_n[here_p], clip_n[there_p]
            left_p = np.flatnonzero((split_c[a_p] != split_c[b_p]) & (source_c[a_p] != source_c[b_p]))
            for look in (_glance, _alike):
                left_p = left_p[look(hash_n, start_c, clip_n, here_p[left_p], there_p[left_p])]
            found.append(np.stack([a_p[left_p], b_p[left_p]], axis=1))
            if sum(map(len, found)) >= MOST_PAIRS:
                return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _glance(
    hash_n: np.ndarray, start_c: np.ndarray, clip_n: np.ndarray, here_p: np.ndarray, there_p: np.ndarray
) -> np.ndarray:
    """bool [P]: whether the steps a little before and after are near too; nearly all chance hits fail."""
    step_w = np.array([-_GLANCE_STEPS, _GLANCE_STEPS], np.int32)
    inside_pw, wrong_pw = _compared(hash_n, start_c, clip_n, here_p[:, None], there_p[:, None], step_w)
    num_p = inside_pw.sum(axis=1)
    return (num_p > 0) & (wrong_pw.sum(axis=1) <= _GLANCE_BITS * num_p)


def _alike(
    hash_n: np.ndarray, start_c: np.ndarray, clip_n: np.ndarray, here_p: np.ndarray, there_p: np.ndarray
) -> np.ndarray:
    """bool [P]: whether some two seconds that hold both places are the same, but for `MOST_SOUND_ERRORS`."""
    step_w = np.arange(1 - _WIDTH, _WIDTH, dtype=np.int32)
    inside_pw, wrong_pw = _compared(hash_n, start_c, clip_n, here_p[:, None], there_p[:, None], step_w)
    num_p, wrong_p = _sums(inside_pw), _sums(wrong_pw)
    return np.any((num_p >= LEAST_SOUND_STEPS) & (wrong_p <= MOST_SOUND_ERRORS * 32 * num_p), axis=1)


def _compared(
    hash_n: np.ndarray,
    start_c: np.ndarray,
    clip_n: np.ndarray,
    here: np.ndarray,
    there: np.ndarray,
    step: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Whether `step` from both places is inside both clips and has sound, and how many bits differ there."""
    inside, hashes = np.ones(np.broadcast_shapes(here.shape, step.shape), bool), []
    for place in (here, there):
        clip, moved = clip_n[place], place + step
        inside &= (moved >= start_c[clip]) & (moved < start_c[clip + 1])
        hashes.append(hash_n[np.clip(moved, 0, len(hash_n) - 1)])
    inside &= (hashes[0] != SILENT) & (hashes[1] != SILENT)
    return inside, np.bitwise_count((hashes[0] ^ hashes[1]).view(np.uint32)) * inside


def _sums(value_pw: np.ndarray) -> np.ndarray:
    """Sums over every `_WIDTH` neighbours along the second axis."""
    total_pw = np.pad(np.cumsum(value_pw, axis=1, dtype=np.int32), ((0, 0), (1, 0)))
    return total_pw[:, _WIDTH:] - total_pw[:, :-_WIDTH]


def near_pictures(hash_c: np.ndarray, split_c: np.ndarray, speaker_c: np.ndarray) -> np.ndarray:
    """Clips of two splits and two speakers whose picture hashes differ in few bits: they are to be looked at.

    Args:
        hash_c: int64 [C] of `picture_hash`.
        split_c, speaker_c: [C] numbers of split and speaker.

    Returns:
        int [P, 2], the clips of each pair in ascending order; at most `MOST_PAIRS`.
    """
    found = [np.empty((0, 2), np.int64)]
    for clip, near in _near(hash_c.view(np.uint64), split_c):
        near = near[speaker_c[near] != speaker_c[clip]]
        if len(near):
            found.append(np.stack([np.full_like(near, clip), near], axis=1)[:MOST_PAIRS])
        if sum(map(len, found)) >= MOST_PAIRS:
            break
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _near(hash_c: np.ndarray, split_c: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each clip with those of another split that are near, a block of them at a time."""
    members = [np.flatnonzero(split_c == split) for split in np.unique(split_c)]
    for index, here in enumerate(members):
        for there in members[index + 1 :]:
            short, long = sorted((here, there), key=len)
            for block in _blocks(long):
                hash_b = hash_c[block]
                for clip in short:
                    yield int(clip), block[np.bitwise_count(hash_b ^ hash_c[clip]) <= MOST_PICTURE_BITS]


def _blocks(index: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(index), _BLOCK):
        yield index[first : first + _BLOCK]
