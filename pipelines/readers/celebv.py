"""CelebV-HQ and CelebV-Text: a JSON table of clips, and of each the cut clip or the video it is in."""

import json
import math
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from pipelines.readers.item import Inventory, Item, Tree, make_item, paths_of, reject, stem_of
from pipelines.readers.labels import read_labels, unused
from pipelines.readers.pattern import find_files, leave_out, matching, sound_of
from pipelines.readers.spans import merged
from pipelines.stage import Row
from style2talker.corpus.card import Card
from style2talker.errors import Reject, UserError


def read_celebv(card: Card, tree: Tree) -> Inventory:
    """Each clip of the tables: its own file `NAME.mp4` if there is one, else its span of `YOUTUBE_ID.mp4`.

    Of a file that is there in several forms one is used.

    Raises:
        UserError: no table below the root, or one that is not understood.
    """
    clips = _read_tables(card, tree)
    labels = read_labels(card, tree)
    kept, rejects = leave_out(card, find_files(card, tree))
    files = _best_forms(kept, clips)
    taken: dict[str, list[str]] = defaultdict(list)
    faults: dict[str, str] = {}
    missing: list[Row] = []
    for name, clip in clips.items():
        try:
            video, span_s = _place(clip)
        except Reject as error:
            faults[name] = error.message
            if name not in files:
                rejects.append(reject(f"{name}.mp4", error.kind, error.message))
            continue
        stem = name if name in files else video
        if stem in files:
            taken[files[stem]].append(name)
        else:
            message = f"Neither it nor the video {video} is there."
            missing.append(reject(f"{name}.mp4", "missing", message, span_s=span_s))
    videos = _videos(clips.values())
    cut = _videos(clips[name] for uri in taken for name in taken[uri] if name == stem_of(uri))
    items: list[Item] = []
    for uri in kept:
        stem = stem_of(uri)
        try:
            if uri in taken:
                named = [(name, clips[name]) for name in taken[uri]]
                items.append(_item(card, tree, uri, named, labels.get(uri)))
            elif files[stem] in taken:
                raise Reject("excluded", f"Of the same footage, {files[stem]} is preferred.")
            elif stem in faults:
                raise Reject("bad_annotation", faults[stem])
            elif stem in cut:
                raise Reject("excluded", "All its clips are there as files of their own.")
            elif stem in videos:
                raise Reject("bad_annotation", "Its table gives no span to use.")
            else:
                raise Reject("unknown_name", "No table names it.")
        except Reject as error:
            rejects.append(reject(uri, error.kind, error.message))
    rejects += missing
    rejects += unused(card, tree, labels, paths_of(items, rejects))
    return Inventory(
        items=tuple(items),
        rejects=tuple(rejects),
        expected=len(clips),
        found=sum(len(names) for names in taken.values()),
        missing=len(missing),
    )


def _best_forms(uris: Iterable[str], clips: Container[str]) -> dict[str, str]:
    """Of each stem the file to use: of a clip one below `processed`, which is cropped; of a video one that is
    not, for the spans count from the start of the whole; then `.mp4` before other suffixes, then by path."""

    def rank(uri: str) -> tuple[bool, bool, str]:
        return ("processed" in uri.split("/")) != (stem_of(uri) in clips), not uri.endswith(".mp4"), uri

    return {stem_of(uri): uri for uri in sorted(uris, key=rank, reverse=True)}


def _videos(clips: Iterable[Any]) -> set[str]:
    return {str(clip["ytb_id"]) for clip in clips if isinstance(clip, dict) and "ytb_id" in clip}


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
    """The YouTube id and the seconds. Some entries of CelebV-Text call them `start_frame`, `end_frame`.

    Raises:
        Reject: `bad_annotation`, something is missing or no second lies between start and end.
    """
    try:
        video, duration = str(clip["ytb_id"]), clip["duration"]
        start_s, end_s = (
            float(duration[f"{edge}_sec"] if f"{edge}_sec" in duration else duration[f"{edge}_frame"])
            for edge in ("start", "end")
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Reject("bad_annotation", "Its entry lacks ytb_id or duration.") from error
    if not 0 <= start_s < end_s < math.inf:
        message = f"Its entry gives {start_s:g} s to {end_s:g} s, expected an end after the start."
        raise Reject("bad_annotation", message)
    return video, (start_s, end_s)


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
