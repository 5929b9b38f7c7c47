"""What differs between two corpora, clip by clip, and which stage, model or word of the card caused it.

Streams both. Of a clip only a short record stays in memory, and shards that both have are not read at all.
Sound and mel are not compared: they follow from the recording's bytes and its stage.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from style2talker.corpus.absent import Place, Sources, why_added, why_removed
from style2talker.corpus.drift import Drift, drifts
from style2talker.corpus.manifest import canonical_json
from style2talker.corpus.reader import Corpus, Row, rows_of
from style2talker.corpus.recipe import CARD, Change, recipe_changes
from style2talker.corpus.schema import FIT_FIELDS

GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "track": ("track", ("num_frames", "face_found", "blendshapes", "crop")),
    "coefficients": ("fit", tuple(field.name for field in FIT_FIELDS)),
    "transcript": ("transcribe", ("transcript", "language", "words", "words_per_s")),
    "prosody": ("hear", ("voiced", "pitch_hz", "energy_db")),
    "emotion": ("judge", ("emotion",)),
    "level": ("judge", ("emotion_level",)),
    "action units": ("judge", ("action_units",)),
    "sentences": ("write", ("sentences",)),
    "card's labels": (
        CARD,
        (
            *("speaker", "licence", "commercial_use", "redistribution", "consent"),
            *("given_emotion", "given_level"),
        ),
    ),
    "place": (CARD, ("source_uri", "audio_uri")),
}
"""Name of a group of columns -> the stage that makes them, and the columns."""
UNEXPLAINED = "unexplained"
"""The cause where nothing that made the clip changed: a stage that does not repeat itself, or other bytes."""
REVIEW = "review"
"""The cause where a person corrected the clip, or took a correction back."""
CONTEXT = "speaker's other clips"
"""The cause where a judgement changed, but nothing that made the clip: a speaker's neutral, or a label."""
_TOLD = ("judge", "write")
_PLACE = ("clip_id", "source_id", "source_uri", "start_s", "end_s")
_COLUMNS = tuple(
    dict.fromkeys(
        [*_PLACE, "split", "provenance", "corrected", *(n for _, columns in GROUPS.values() for n in columns)]
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A clip that is in one of the two only, and why."""

    place: Place
    split: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabelled:
    """A clip with other values. `changed`: group of columns -> stages that caused it, or `unexplained`."""

    clip_id: str
    changed: dict[str, tuple[str, ...]]
    emotion: tuple[str, str]
    level: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitMove:
    clip_id: str
    speaker: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that differs; clips in the order of their ids."""

    num_clips: tuple[int, int]
    changes: tuple[Change, ...]
    added: tuple[Moved, ...]
    removed: tuple[Moved, ...]
    relabelled: tuple[Relabelled, ...]
    split_moves: tuple[SplitMove, ...]
    drift: tuple[Drift, ...]


@dataclass(frozen=True, slots=True)
class _Clip:
    place: Place
    speaker: str
    split: str
    emotion: str
    level: int
    digests: bytes
    made_by: tuple[tuple[str, str], ...]  # stage and the rest of its provenance; shared by equal clips
    corrected: str


def diff(old: Corpus, new: Corpus) -> Difference:
    """Compare two corpora, usually two builds of one card.

    Raises:
        UserError: a shard of either is missing or damaged.
    """
    same = {shard.sha256 for shard in old.manifest.of_kind("clips")}
    same &= {shard.sha256 for shard in new.manifest.of_kind("clips")}
    changes = recipe_changes(old.manifest, new.manifest)
    libraries = frozenset(change.stage for change in changes if change.part == "library")
    order = [entry.name for entry in new.manifest.stages]
    before = {clip.place.clip_id: clip for clip in _clips(old, same)}
    old_sources, new_sources = Sources.of(old), Sources.of(new)
    added, relabelled, moves = [], [], []
    for clip in _clips(new, same):
        clip_id = clip.place.clip_id
        earlier = before.pop(clip_id, None)
        if earlier is None:
            why = why_added(clip.place, old_sources)
            added.append(Moved(place=clip.place, split=clip.split, why=why))
            continue
        if clip.digests != earlier.digests:
            changed = _causes(earlier, clip, order, libraries)
            pairs = {"emotion": (earlier.emotion, clip.emotion), "level": (earlier.level, clip.level)}
            relabelled.append(Relabelled(clip_id=clip_id, changed=changed, **pairs))
        if clip.split != earlier.split:
            moves.append(SplitMove(clip_id=clip_id, speaker=clip.speaker, old=earlier.split, new=clip.split))
    removed = [
        Moved(place=clip.place, split=clip.split, why=why_removed(clip.place, new_sources))
        for clip_id, clip in before.items()
    ]
    return Difference(
        num_clips=(old.num_clips(), new.num_clips()),
        changes=changes,
        added=tuple(sorted(added, key=lambda moved: moved.place.clip_id)),
        removed=tuple(sorted(removed, key=lambda moved: moved.place.clip_id)),
        relabelled=tuple(sorted(relabelled, key=lambda clip: clip.clip_id)),
        split_moves=tuple(sorted(moves, key=lambda move: move.clip_id)),
        drift=drifts(old, new),
    )


def _clips(corpus: Corpus, same: set[str]) -> Iterator[_Clip]:
    shared: dict[Any, Any] = {}
    for shard in corpus.manifest.of_kind("clips"):
        if shard.sha256 in same:
            continue
        for table in corpus.shard_tables(shard, _COLUMNS):
            for row in rows_of(table):
                made_by = tuple(
                    (entry["stage"], canonical_json({**entry, "stage": ""})) for entry in row["provenance"]
                )
                yield _Clip(
                    Place(**{name: row[name] for name in _PLACE}),
                    row["speaker"],
                    row["split"],
                    row["emotion"],
                    row["emotion_level"],
                    b"".join(_digest(row, columns) for _, columns in GROUPS.values()),
                    shared.setdefault(made_by, made_by),
                    repr(row["corrected"]),
                )


_DIGEST_BYTES = 8


def _digest(row: Row, columns: tuple[str, ...]) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for name in columns:
        value = row[name]
        if isinstance(value, np.ndarray):
            digest.update(repr(value.shape).encode() + value.tobytes())
        else:
            digest.update(repr(value).encode())
    return digest.digest()


def _causes(
    old: _Clip, new: _Clip, order: list[str], libraries: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    """Group -> its own stage if that changed; else the stages before it that changed and whose values did."""
    before, after = dict(old.made_by), dict(new.made_by)
    stages = {stage for stage in order if before.get(stage) != after.get(stage)} | libraries
    parts = range(0, _DIGEST_BYTES * len(GROUPS), _DIGEST_BYTES)
    differs = [old.digests[at : at + _DIGEST_BYTES] != new.digests[at : at + _DIGEST_BYTES] for at in parts]
    groups = [
        (name, stage) for (name, (stage, _)), other in zip(GROUPS.items(), differs, strict=True) if other
    ]
    moved = {stage for _, stage in groups}
    causes = {}
    for name, stage in groups:
        if stage == CARD or stage in stages:
            causes[name] = (stage,)
            continue
        earlier = order[: order.index(stage)] if stage in order else []
        unknown = CONTEXT if stage in _TOLD else UNEXPLAINED
        if old.corrected != new.corrected and stage in ("transcribe", *_TOLD):
            unknown = REVIEW
        causes[name] = tuple(e for e in earlier if e in stages and e in moved) or (unknown,)
    return causes
