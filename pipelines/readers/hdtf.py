"""HDTF: whole videos with the annotated spans, or what was cut from them, as its download scripts leave it.

Its lists (`RD_annotion_time.txt`, so spelt) say `Radio11.mp4 00:30-01:00 01:30-02:30`: one video a line, and
each interval is a clip, `RD_Radio11_000`, `RD_Radio11_001`, or five-second pieces of one, `RD_Radio11_000#7`.
"""

import re
from collections import defaultdict
from collections.abc import Mapping

from pipelines.readers.item import Inventory, Item, Tree, make_item, reject
from pipelines.readers.labels import read_labels
from pipelines.readers.pattern import (
    find_files,
    groups_of,
    leave_out,
    matching,
    read_pattern,
    sound_of,
    unpaired_sounds,
)
from pipelines.readers.spans import Spans, merged
from pipelines.stage import Row
from style2talker.corpus.card import Card
from style2talker.errors import Reject

CLIP, WHOLE, PIECE = range(3)
"""Forms of a video's footage, best first: a clip is cropped to its speaker, a piece may end in a word."""
_FORMS = {CLIP: "clips", WHOLE: "whole video", PIECE: "five-second pieces"}


def read_hdtf(card: Card, tree: Tree) -> Inventory:
    """The annotated footage. Of a video that is there in several forms one is used.

    Without the lists in the tree, it is read as its file names alone say.
    """
    lists = matching(card.annotations, tree.names) if card.annotations else []
    if not lists:
        return read_pattern(card, tree)
    annotated: dict[str, tuple[str, Spans]] = {}
    rejects: list[Row] = []
    for name in lists:
        subset = name.rpartition("/")[2].partition("_")[0]
        for video, spans in _read_list(name, tree, rejects).items():
            annotated[video] = (subset, spans)
    labels = read_labels(card, tree)
    kept, excluded = leave_out(card, find_files(card, tree))
    rejects += excluded
    files: dict[str, list[tuple[str, Mapping[str, str]]]] = defaultdict(list)
    for uri in kept:
        try:
            groups = groups_of(card, uri)
            if groups.get("video") not in annotated:
                raise Reject("unknown_name", "No annotation names its video.")
        except Reject as error:
            rejects.append(reject(uri, error.kind, error.message))
        else:
            files[groups["video"]].append((uri, groups))
    items: list[Item] = []
    num_found = 0
    for video, (subset, spans) in annotated.items():
        form = min((_form(groups) for _, groups in files[video]), default=None)
        there: set[int] = set()
        for uri, groups in files[video]:
            if _form(groups) != form:
                message = f"It repeats the {_FORMS[form or 0]} of its video, which are used."
                rejects.append(reject(uri, "excluded", message))
                continue
            there |= set(range(len(spans))) if form == WHOLE else {int(groups["clip"])}
            try:
                audio_uri = sound_of(card, tree, uri, groups)
            except Reject as error:
                rejects.append(reject(uri, error.kind, error.message))
                continue
            whole = merged(spans) if form == WHOLE else ()
            row = labels.get(uri)
            items.append(make_item(card, uri, groups, row=row, audio_uri=audio_uri, spans_s=whole))
        for number, span_s in enumerate(spans):
            if number in there:
                num_found += 1
            else:
                uri = f"{subset}_{video}_{number:03d}.mp4"
                rejects.append(reject(uri, "missing", "An annotated interval without a file.", span_s=span_s))
    num_expected = sum(len(spans) for _, spans in annotated.values())
    return Inventory(
        items=tuple(sorted(items, key=lambda item: item.uri)),
        rejects=(*rejects, *unpaired_sounds(card, tree)),
        expected=num_expected,
        found=num_found,
        missing=num_expected - num_found,
    )


def _form(groups: Mapping[str, str]) -> int:
    if "piece" in groups:
        return PIECE
    return CLIP if "clip" in groups else WHOLE


def _read_list(name: str, tree: Tree, rejects: list[Row]) -> dict[str, Spans]:
    """The spans of each video, in seconds. A byte order mark may stand in front of any line."""
    videos: dict[str, Spans] = {}
    for line in tree.read(name).decode("utf-8", errors="replace").replace("\ufeff", "").splitlines():
        if not line.strip():
            continue
        video, *intervals = line.split()
        video = video.removesuffix(".mp4")
        spans = []
        for interval in intervals:
            if (span := _span(interval)) is None:
                message = f"{name} gives {interval!r}, expected a span such as 00:30-01:00."
                rejects.append(reject(f"{video}.mp4", "bad_annotation", message))
            else:
                spans.append(span)
        videos[video] = tuple(spans)
    return videos


def _span(text: str) -> tuple[float, float] | None:
    if not re.fullmatch(r"(\d+:)?\d+:\d\d-(\d+:)?\d+:\d\d", text):
        return None
    start_s, end_s = (_seconds(time) for time in text.split("-"))
    return (start_s, end_s) if start_s < end_s else None


def _seconds(time: str) -> float:
    total = 0
    for part in time.split(":"):
        total = total * 60 + int(part)
    return float(total)
