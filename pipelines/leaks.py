"""Leaks: what lies on both sides of a split, so that a test of a model would ask for what it was taught.

Looked for in the finished shards, before the manifest names them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.near_duplicates import near_pictures, same_sounds
from pipelines.track import decode_jpeg
from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.media.fingerprint import likeness

KINDS = ("speaker", "source", "audio", "face")
LEAST_LIKENESS = 0.97
"""Correlation of a picture and its copy. Measured: 0.84 at most between two people (69,680 pairs), 0.92
between drawn ones, 0.94 between one person's clips; 0.995 or more between copies of other size or quality."""

_COLUMNS = ("clip_id", "source_uri", "source_id", "speaker", "split", "picture_hash", "audio_hash")
_WHAT = {
    "speaker": "{} speakers have clips in several splits",
    "source": "{} sources have clips in several splits",
    "audio": "{} pairs of clips of different splits hold the same sound",
    "face": "{} pairs of clips of different splits and speakers show the same picture",
}
_SHOWN = 3


@dataclass(frozen=True, slots=True, order=True)
class LeakedClip:
    clip_id: str
    source_uri: str
    speaker: str
    split: str


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """Two clips on different sides. A speaker or source that leaks is one leak, shown by its first clips."""

    kind: str
    clips: tuple[LeakedClip, LeakedClip]


def refuse_leaks(corpus: Corpus, *, allowed: Sequence[str]) -> None:
    """Refuse a corpus with leaks of other than the `allowed` kinds.

    Raises:
        UserError: there are some.
    """
    refused = find_leaks(corpus, kinds=[kind for kind in KINDS if kind not in allowed])
    if not refused:
        return
    kinds = sorted({leak.kind for leak in refused}, key=KINDS.index)
    raise UserError(
        " ".join(_sentence(kind, [leak for leak in refused if leak.kind == kind]) for kind in kinds)
        + " Give them one split (a common speaker in the card's layout or labels, or an entry under splits), "
        f"exclude one side, or accept them with `allow_leaks: [{', '.join(kinds)}]` in the card."
    )


def _sentence(kind: str, leaks: Sequence[Leak]) -> str:
    shown = "; ".join(
        ("" if kind != "speaker" else f"{leak.clips[0].speaker}: ")
        + " and ".join(f"{clip.source_uri} ({clip.split}, clip {clip.clip_id[:8]})" for clip in leak.clips)
        for leak in leaks[:_SHOWN]
    )
    more = f"; and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
    return f"{_WHAT[kind].format(len(leaks))}: {shown}{more}."


def find_leaks(corpus: Corpus, *, kinds: Sequence[str] = KINDS) -> list[Leak]:
    """Speakers and sources in two splits, and clips of two splits with one sound or one face picture, sorted.

    Sounds are compared between sources and pictures between speakers: within them it is the speaker or the
    source that leaks, and who allows that knows that its clips are alike.
    """
    if len(corpus.splits) < 2:
        return []
    table = pa.concat_tables(corpus.tables(columns=_COLUMNS)).combine_chunks()
    split_c, source_c, speaker_c = (_numbers(table, name) for name in ("split", "source_id", "speaker"))
    searches: dict[str, Callable[[], np.ndarray]] = {
        "speaker": lambda: _across(speaker_c, split_c),
        "source": lambda: _across(source_c, split_c),
        "audio": lambda: same_sounds(*_sounds(table), split_c, source_c),
        "face": lambda: _looked_at(corpus, table["clip_id"], _pictures(table, split_c, speaker_c)),
    }
    return sorted(
        Leak(kind, (_clip(table, a), _clip(table, b))) for kind in kinds for a, b in searches[kind]()
    )


def _sounds(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """The hash steps of all clips one after the other, and where each clip's begin."""
    start_c = np.concatenate([[0], np.cumsum(pc.list_value_length(table["audio_hash"]).fill_null(0))])
    return pc.list_flatten(table["audio_hash"]).to_numpy(), start_c


def _pictures(table: pa.Table, split_c: np.ndarray, speaker_c: np.ndarray) -> np.ndarray:
    """[P, 2]: pairs of clips with near pictures, of those that have one."""
    pictured = np.flatnonzero(table["picture_hash"].is_valid())
    picture_c = table["picture_hash"].take(pa.array(pictured)).to_numpy()
    return pictured[near_pictures(picture_c, split_c[pictured], speaker_c[pictured])]


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table[name].combine_chunks().dictionary_encode().indices)


def _clip(table: pa.Table, index: int) -> LeakedClip:
    return LeakedClip(*(table[field.name][int(index)].as_py() for field in fields(LeakedClip)))


def _across(group_c: np.ndarray, split_c: np.ndarray) -> np.ndarray:
    """[P, 2]: of every group that is in several splits, the first clips of two of them."""
    both_g2, first_g = np.unique(np.stack([group_c, split_c], axis=1), axis=0, return_index=True)
    again = np.flatnonzero(both_g2[1:, 0] == both_g2[:-1, 0])
    again = again[np.unique(both_g2[again, 0], return_index=True)[1]]
    return np.sort(np.stack([first_g[again], first_g[again + 1]], axis=1), axis=1)


def _looked_at(corpus: Corpus, clip_ids: pa.ChunkedArray, near: np.ndarray) -> np.ndarray:
    """The pairs whose middle pictures are alike: of 64 bits, chance gives a large corpus some near ones."""
    names = {int(clip): clip_ids[int(clip)].as_py() for clip in np.unique(near)}
    pictures = {
        row["clip_id"]: decode_jpeg(row["jpeg"][len(row["jpeg"]) // 2])
        for row in (corpus.frames(sorted(names.values())) if names else ())
    }
    alike = [likeness(pictures[names[a]], pictures[names[b]]) >= LEAST_LIKENESS for a, b in near.tolist()]
    return near[np.array(alike, bool)]
