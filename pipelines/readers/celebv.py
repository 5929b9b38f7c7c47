"""CelebV-HQ and CelebV-Text: a JSON table of clips, and of each the cut clip or the video it is in."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.readers.item import Inventory, Item, Tree, make_item, reject, stem_of
from pipelines.readers.labels import read_labels
from pipelines.readers.pattern import find_files, leave_out, matching, sound_of
from pipelines.readers.spans import merged
from pipelines.stage import Row
from style2talker.corpus.card import Card
from style2talker.errors import Reject, UserError


def read_celebv(card: Card, tree: Tree) -> Inventory:
    """Each clip of the tables: its own file `NAME.mp4` if there is one, else its span of `YOUTUBE_ID.mp4`.

    Raises:
        UserError: no table below the root, or one that is not understood.
    """
    clips = _read_tables(card, tree)
    labels = read_labels(card, tree)
    kept, rejects = leave_out(card, find_files(card, tree))
    files = {stem_of(uri): uri for uri in kept}
    taken: dict[str, list[str]] = defaultdict(list)
    missing: list[Row] = []
    for name, clip in clips.items():
        try:
            video, span_s = _place(clip)
        except (KeyError, TypeError, ValueError):
            rejects.append(reject(f"{name}.mp4", "bad_annotation", "Its entry lacks ytb_id or duration."))
            continue
        stem = name if name in files else video
        if stem in files:
            taken[files[stem]].append(name)
        else:
            message = f"Neither it nor the video {video} is there."
            missing.append(reject(f"{name}.mp4", "missing", message, span_s=span_s))
    videos = {clip.get("ytb_id") for clip in clips.values() if isinstance(clip, dict)}
    items: list[Item] = []
    for uri in kept:
        if not taken[uri]:
            known = stem_of(uri) in videos
            kind = "excluded" if known else "unknown_name"
            message = "All its clips are there as files of their own." if known else "No table names it."
            rejects.append(reject(uri, kind, message))
            continue
        try:
            item = _item(card, tree, uri, [(name, clips[name]) for name in taken[uri]], labels.get(uri))
        except Reject as error:
            rejects.append(reject(uri, error.kind, error.message))
        else:
            items.append(item)
    return Inventory(
        items=tuple(items),
        rejects=(*rejects, *missing),
        expected=len(clips),
        found=sum(len(names) for names in taken.values()),
        missing=len(missing),
    )


def _item(
    card: Card, tree: Tree, uri: str, clips: Sequence[tuple[str, Any]], row: Mapping[str, Any] | None
) -> Item:
    videos, spans = zip(*(_place(clip) for _, clip in clips), strict=True)
    words = [card.emotion_of(word) or word for _, clip in clips for word in _emotions(clip)]
    groups = {"speaker": videos[0]}
    if words:
        groups["emotion"] = ",".join(dict.fromkeys(words))
    is_cut = clips[0][0] == stem_of(uri)
    audio_uri = sound_of(card, tree, uri, groups)
    return make_item(card, uri, groups, row=row, audio_uri=audio_uri, spans_s=() if is_cut else merged(spans))


def _place(clip: Any) -> tuple[str, tuple[float, float]]:
    """The YouTube id and the seconds. Some entries of CelebV-Text call them `start_frame`, `end_frame`."""
    duration = clip["duration"]
    start_s, end_s = (
        float(duration[f"{edge}_sec"] if f"{edge}_sec" in duration else duration[f"{edge}_frame"])
        for edge in ("start", "end")
    )
    return str(clip["ytb_id"]), (start_s, end_s)


def _emotions(clip: Mapping[str, Any]) -> list[str]:
    """The words in order: `labels` is a word, or with `sep_flag` a list of words with times."""
    said = clip.get("attributes", {}).get("emotion", {}).get("labels")
    if isinstance(said, str):
        return [said]
    return [part["emotion"] for part in said or [] if isinstance(part, dict) and "emotion" in part]


def _read_tables(card: Card, tree: Tree) -> dict[str, Any]:
    names = matching(card.annotations, tree.names) if card.annotations else []
    if not names:
        raise UserError(
            f"{card.root} has no table of clips ({card.annotations}); put the dataset's JSON there, or say "
            "in the card's `annotations` where it is."
        )
    clips: dict[str, Any] = {}
    for name in names:
        try:
            clips.update(json.loads(tree.read(name).decode("utf-8-sig"))["clips"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{name} is not a table of clips: JSON with `clips` by name ({error})."
            ) from error
    return clips
